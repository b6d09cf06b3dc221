package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/client"
	"github.com/tp0-lab/composer/internal/config"
	"github.com/tp0-lab/composer/internal/server"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestYAMLFile(t *testing.T) {
	path := write(t, "config.yaml", "\ufeffserver:\r\n  address: \"a:1\"\r\nloop: {amount: 7, period: null}\r\nbatch:\r\n  maxAmount: 10")
	layer, err := config.YAMLFile(path, "CLI_")
	if err != nil {
		t.Fatal(err)
	}
	if v := layer["CLI_BATCH_MAXAMOUNT"]; v.Text != "10" || v.Key != "batch.maxAmount" || v.Line != 5 {
		t.Errorf("got %+v", v)
	}
	if layer["CLI_SERVER_ADDRESS"].Text != "a:1" || layer["CLI_LOOP_AMOUNT"].Text != "7" || len(layer) != 3 {
		t.Errorf("got %v", layer)
	}
}

func TestINIFile(t *testing.T) {
	path := write(t, "config.ini", "# c\n[OTHER]\nSERVER_PORT = 1\n[DEFAULT]\n; c\nserver_port = 12346\r\nLOGGING_LEVEL: debug\nSERVER_IP =\nSERVER_LISTEN_BACKLOG = 8")
	layer, err := config.INIFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if v := layer["SERVER_PORT"]; v.Text != "12346" || v.Line != 6 {
		t.Errorf("got %+v", v)
	}
	if layer["LOGGING_LEVEL"].Text != "debug" || layer["SERVER_LISTEN_BACKLOG"].Text != "8" || len(layer) != 3 {
		t.Errorf("got %v", layer)
	}
}

func TestFileErrorsHaveAPlace(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"config.yaml", "a:\n  - 1", "config.yaml:2: a: want a single value"},
		{"config.yaml", "a: 1\nb: 2\na: 3", "config.yaml:3: a is there already, in line 1"},
		{"config.yaml", "a: [", "config.yaml: line 1"},
		{"config.yaml", "just text", "config.yaml:1: want keys"},
		{"config.ini", "SERVER_PORT = 1", "config.ini:1: a key before"},
		{"config.ini", "[DEFAULT]\nnonsense", "config.ini:2: want `KEY = value`"},
		{"config.ini", "[DEFAULT]\nA = 1\na = 2", "config.ini:3: a is there already, in line 2"},
	} {
		path := write(t, tt.name, tt.text)
		_, err := config.INIFile(path)
		if strings.HasSuffix(tt.name, "yaml") {
			_, err = config.YAMLFile(path, "CLI_")
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %q", tt.text, err, tt.want)
		}
	}
}

func TestMissingFileIsAnEmptyLayerAndADirectoryAnError(t *testing.T) {
	dir := t.TempDir()
	if layer, err := config.YAMLFile(filepath.Join(dir, "none"), "CLI_"); err != nil || len(layer) != 0 {
		t.Errorf("got %v, %v", layer, err)
	}
	if _, err := config.INIFile(dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("got %v", err)
	}
	if _, err := config.INIFile(write(t, "big.ini", strings.Repeat("#\n", 1<<20))); err == nil {
		t.Error("a file of 2 MiB was read")
	}
}

func TestEnvironmentBeforeFileBeforeDefault(t *testing.T) {
	file, err := config.YAMLFile(write(t, "config.yaml", "loop: {amount: 7, period: 100ms}\nlog: {level: debug}"), "CLI_")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse[client.Config](config.Environ([]string{"CLI_ID=3", "CLI_LOOP_AMOUNT=9", "CLI_LOOP_PERIOD="}), file)
	if err != nil {
		t.Fatal(err)
	}
	if c.LoopAmount != 9 || c.LoopPeriod != 100*time.Millisecond || c.LogLevel.String() != "DEBUG" || c.ServerAddress != "server:12345" || c.BatchPeriod != nil {
		t.Errorf("got %+v", c)
	}
}

func TestEveryWrongValueAtOnce(t *testing.T) {
	path := write(t, "config.yaml", "loop:\n  amount: many\n  period: \"5\"\nbatch:\n  maxAmount: 0")
	file, err := config.YAMLFile(path, "CLI_")
	if err != nil {
		t.Fatal(err)
	}
	_, err = config.Parse[client.Config](config.Environ([]string{"CLI_MODE=bet", "CLI_LOG_LEVEL=loud", "NUMERO=x"}), file)
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{
		`CLI_LOOP_AMOUNT="many" from ` + path + `:2: want a whole number`,
		`CLI_LOOP_PERIOD="5" from ` + path + `:3: want a duration`,
		`CLI_BATCH_MAXAMOUNT="0" from ` + path + `:5: want 1 or more`,
		`CLI_LOG_LEVEL="loud" from environment: unknown level`,
		`CLI_ID is not set`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in %q", want, err)
		}
	}
	if len(problems) != 5 || len(problems.Unwrap()) != 5 {
		t.Errorf("%d problems: %v", len(problems), problems)
	}
}

func TestBetVariables(t *testing.T) {
	_, err := config.Parse[client.Config](config.Environ([]string{"CLI_ID=1", "CLI_MODE=bet", "NOMBRE=Ana", "APELLIDO=Paz", "DOCUMENTO=01", "NACIMIENTO=1999-02-30"}))
	if err == nil || !strings.Contains(err.Error(), `NACIMIENTO="1999-02-30" from environment`) || !strings.Contains(err.Error(), "NUMERO is not set") {
		t.Errorf("got %v", err)
	}
}

func TestServerLimits(t *testing.T) {
	_, err := config.Parse[server.Config](config.Environ([]string{"SERVER_PORT=65536", "SERVER_LISTEN_BACKLOG=0", "SERVER_CONCURRENCY=-1", "SERVER_MODE=dance", "SERVER_KEEPALIVE=0s", "SERVER_STORAGE_SYNC=maybe"}))
	var problems config.Problems
	if !errors.As(err, &problems) || len(problems) != 6 {
		t.Errorf("got %v", err)
	}
}

func TestUnknownKeysNameTheNearest(t *testing.T) {
	file, err := config.YAMLFile(write(t, "config.yaml", "batch:\n  maxAmout: 1\nzzzzzzzzzzzzzz: 1"), "CLI_")
	if err != nil {
		t.Fatal(err)
	}
	got := config.Unknown[client.Config]("CLI_", config.Environ([]string{"CLI_LOOP_AMUONT=1", "PATH=x", "HOSTNAME=y"}), file)
	if len(got) != 3 || !strings.Contains(got[0], "CLI_LOOP_AMUONT in environment, did you mean CLI_LOOP_AMOUNT?") ||
		!strings.Contains(got[1], "config.yaml:2, did you mean batch.maxAmount?") || strings.Contains(got[2], "did you mean") {
		t.Errorf("got %q", got)
	}
}

func TestAnyFileIsReadOrRefused(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		path := filepath.Join(dir, "f")
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{"a", ":", " ", "\n", "=", "[", "]", "DEFAULT", "-", "&x", "*x", "\"", "{", "}", "\t", "\x00", "é"})).Draw(rt, "text"), "")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			rt.Fatal(err)
		}
		_, _ = config.INIFile(path)
		_, _ = config.YAMLFile(path, "CLI_")
	})
}
