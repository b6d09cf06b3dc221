package config_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/server"
)

func yamlLayer(t *testing.T, text string) config.Layer {
	t.Helper()
	layer, err := read(write(t, "config.yaml", text))
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

func TestDefaults(t *testing.T) {
	// What this process has in its environment does not count.
	t.Setenv("CLI_ID", "9")
	t.Setenv("SERVER_PORT", "9")
	c, err := config.Parse[client.Config](config.Environ([]string{"CLI_ID=1"}))
	want := client.Config{
		ID: 1, ServerAddress: "server:12345", LoopAmount: 5, LoopPeriod: 5 * time.Second, LogLevel: c.LogLevel, Mode: client.ModeEcho,
		BatchMaxAmount: 100, AgencyFile: "agency.csv", Timeout: 15 * time.Second, RetryLimit: 2 * time.Minute, KeepAlive: 5 * time.Second,
	}
	if err != nil || c != want || c.LogLevel.String() != "INFO" {
		t.Errorf("got %+v, %v\nwant %+v", c, err, want)
	}
	s, err := config.Parse[server.Config]()
	wantServer := server.Config{
		Port: 12345, IP: "server", ListenBacklog: 5, LogLevel: s.LogLevel, Mode: server.ModeEcho, Concurrency: 1,
		MaxConnections: 10_000, MaxBets: 5_000_000, Storage: "bets.csv", StorageSync: true,
		HelloTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, TurnTimeout: 2 * time.Minute, WriteTimeout: 10 * time.Second, KeepAlive: 5 * time.Second,
	}
	if err != nil || s != wantServer || s.LogLevel.String() != "INFO" {
		t.Errorf("got %+v, %v\nwant %+v", s, err, wantServer)
	}
}

func TestPrecedence(t *testing.T) {
	for _, tt := range []struct {
		name    string
		environ []string
		file    string
		want    int
	}{
		{"default", nil, "", 5},
		{"file over default", nil, "loop: {amount: 7}", 7},
		{"environment over file", []string{"CLI_LOOP_AMOUNT=9"}, "loop: {amount: 7}", 9},
		{"empty variable", []string{"CLI_LOOP_AMOUNT="}, "loop: {amount: 7}", 7},
		{"variable without a value", []string{"CLI_LOOP_AMOUNT"}, "loop: {amount: 7}", 7},
		{"null in the file", nil, "loop: {amount: null}", 5},
		{"empty in the file", nil, "loop: {amount: \"\"}", 5},
		{"environment over empty", []string{"CLI_LOOP_AMOUNT=9"}, "loop: {amount: \"\"}", 9},
		{"zero is a value", []string{"CLI_LOOP_AMOUNT=0"}, "loop: {amount: 7}", 0},
		{"names have a case", []string{"cli_loop_amount=9"}, "", 5},
		{"wrong, but hidden", []string{"CLI_LOOP_AMOUNT=9"}, "loop: {amount: many}", 9},
	} {
		c, err := config.Parse[client.Config](config.Environ(append(tt.environ, "CLI_ID=1")), yamlLayer(t, tt.file))
		if err != nil || c.LoopAmount != tt.want {
			t.Errorf("%s: got %d, %v, want %d", tt.name, c.LoopAmount, err, tt.want)
		}
	}
	// An empty value of a higher layer hides nothing.
	c, err := config.Parse[client.Config](yamlLayer(t, "id: 1\nloop: {amount: \"\"}"), yamlLayer(t, "loop: {amount: 7}"))
	if err != nil || c.LoopAmount != 7 {
		t.Errorf("got %d, %v", c.LoopAmount, err)
	}
}

func TestAValueMayHoldAnything(t *testing.T) {
	environ := config.Environ([]string{"CLI_ID=1", "CLI_MODE=bet", "NOMBRE= =a,\"b\" ${HOME} $x ", "APELLIDO=Ñ", "DOCUMENTO=007", "NACIMIENTO=2000-02-29", "NUMERO=7574", "=odd", "odder", ""})
	c, err := config.Parse[client.Config](environ)
	if err != nil || c.FirstName != " =a,\"b\" ${HOME} $x " || c.Document != "007" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestPointerTellsAbsentFromSet(t *testing.T) {
	for text, want := range map[string]*time.Duration{
		"":                             nil,
		"batch: {period: null}":        nil,
		"batch: {period: \"\"}":        nil,
		"batch: {period: 0s}":          new(time.Duration(0)),
		"batch: {period: \"1m30.5s\"}": new(90*time.Second + 500*time.Millisecond),
	} {
		c, err := config.Parse[client.Config](config.Environ([]string{"CLI_ID=1"}), yamlLayer(t, text))
		if err != nil || (c.BatchPeriod == nil) != (want == nil) || want != nil && *c.BatchPeriod != *want {
			t.Errorf("%q: got %v, %v", text, c.BatchPeriod, err)
		}
	}
}

func TestNumbers(t *testing.T) {
	const none = math.MinInt
	for _, want := range []struct {
		text   string
		amount int // CLI_LOOP_AMOUNT, an int
		id     int // CLI_ID, which has no sign
	}{
		{"5", 5, 5},
		{"05", 5, 5},
		{"0010", 10, 10}, // not octal
		{"+5", 5, none},
		{"-5", none, none},
		{"\t5", none, none},
		{"5\r", none, none},
		{"1e3", none, none},
		{"0x10", none, none},
		{"1_000", none, none},
		{"5.0", none, none},
		{"٥", none, none},
		{"2147483647", 2147483647, 2147483647},
		{"2147483648", none, 2147483648},
		{"4294967296", none, none},
		{"99999999999", none, none},
	} {
		c, err := config.Parse[client.Config](config.Environ([]string{"CLI_ID=1", "CLI_LOOP_AMOUNT=" + want.text}))
		if (err == nil) != (want.amount != none) || err == nil && c.LoopAmount != want.amount {
			t.Errorf("amount %q: got %d, %v", want.text, c.LoopAmount, err)
		}
		c, err = config.Parse[client.Config](config.Environ([]string{"CLI_ID=" + want.text}))
		if (err == nil) != (want.id != none) || err == nil && int(c.ID) != want.id {
			t.Errorf("id %q: got %d, %v", want.text, c.ID, err)
		}
	}
	for text, want := range map[string]time.Duration{
		"5s": 5 * time.Second, "1m30s": 90 * time.Second, "0": 0, "100ms": 100 * time.Millisecond, "1.5h": 90 * time.Minute,
		"5": -1, "5s ": -1, "5 s": -1, "-1s": -1, "1d": -1, "s": -1, "99999999h": -1,
	} {
		c, err := config.Parse[client.Config](config.Environ([]string{"CLI_ID=1", "CLI_LOOP_PERIOD=" + text}))
		if (err == nil) != (want >= 0) || err == nil && c.LoopPeriod != want {
			t.Errorf("period %q: got %v, %v", text, c.LoopPeriod, err)
		}
	}
}

// Problems come in the order of the fields, whichever way they were found.
func TestEveryWrongValueAtOnce(t *testing.T) {
	file := yamlLayer(t, "loop:\n  amount: many\n  period: \"5\"\nbatch:\n  maxAmount: 0\n  period: -1s\nserver:\n  address: nowhere")
	environ := config.Environ([]string{"CLI_MODE=bet", "CLI_LOG_LEVEL=loud", "CLI_LINGER=-1s", "CLI_TIMEOUT=0s", "CLI_KEEPALIVE=99999999999", "NOMBRE=a|b", "NUMERO=x"})
	origin := file["CLI_LOOP_AMOUNT"].File
	want := []string{
		`CLI_ID is not set: want the client's number, from 1`,
		origin + `:8:12: server.address="nowhere": want host:port, such as server:12345`,
		origin + `:2:11: loop.amount="many": want a whole number`,
		origin + `:3:11: loop.period="5": want a duration, such as 150ms or 5s`,
		`CLI_LOG_LEVEL="loud" from environment: unknown level "loud": have DEBUG, INFO, WARNING, ERROR, CRITICAL`,
		`CLI_LINGER="-1s" from environment: cannot be negative`,
		origin + `:5:14: batch.maxAmount="0": want 1 or more`,
		origin + `:6:11: batch.period="-1s": cannot be negative`,
		`CLI_TIMEOUT="0s" from environment: want a duration above zero`,
		`CLI_KEEPALIVE="99999999999" from environment: want a duration, such as 150ms or 5s`,
		`APELLIDO is not set: mode bet needs it`,
		`DOCUMENTO is not set: mode bet needs it`,
		`NACIMIENTO is not set: mode bet needs it`,
		`NUMERO="x" from environment: is no number from 0 to 4294967295`,
	}
	for range 20 { // maps are in it somewhere
		_, err := config.Parse[client.Config](environ, file)
		var findings config.Findings
		if !errors.As(err, &findings) {
			t.Fatalf("got %v", err)
		}
		if err.Error() != strings.Join(want, "; ") {
			t.Fatalf("got\n%s\nwant\n%s", strings.ReplaceAll(err.Error(), "; ", "\n"), strings.Join(want, "\n"))
		}
		for i, one := range findings.Unwrap() {
			if one.Error() != want[i] {
				t.Errorf("got %v", one)
			}
		}
	}
}

func TestEmptyValueOfAFileHasItsPlace(t *testing.T) {
	_, err := config.Parse[client.Config](yamlLayer(t, "log: {level: info}\nid: \"\""))
	if err == nil || !strings.Contains(err.Error(), "config.yaml:2:5: id is not set: want") {
		t.Errorf("got %v", err)
	}
}

// A value where there should be keys is not passed over.
func TestValueInPlaceOfKeys(t *testing.T) {
	file := yamlLayer(t, "id: 1\nserver: foo:1\nBatch: 10\nlog: {level: info}\nloop:\n  amount: x")
	name := file["CLI_ID"].File
	want := name + `:2:9: server="foo:1": server has no value of its own: want address below it; ` +
		name + `:3:8: Batch="10": Batch has no value of its own: want maxAmount, period below it; ` +
		name + `:6:11: loop.amount="x": want a whole number`
	for range 20 { // maps are in it somewhere
		if _, err := config.Parse[client.Config](file); err == nil || err.Error() != want {
			t.Fatalf("got %v\nwant %s", err, want)
		}
	}
	// The environment has no groups: this is only a variable that nobody reads.
	if _, err := config.Parse[client.Config](config.Environ([]string{"CLI_ID=1", "CLI_SERVER=foo"})); err != nil {
		t.Error(err)
	}
}

func TestKeysWithoutValueAreWarnedAbout(t *testing.T) {
	file := yamlLayer(t, "id: 1\nloop:\nbatch: {}\nlog:\n  level:\nmode: \"\"\nnobody:\ntimeout: 5s")
	name := file["CLI_ID"].File
	wantSentences(t, texts(client.Configuration().Unknown(file)), []string{
		name + ":2:1: loop has no value: it counts as not set",
		name + ":3:1: batch has no value: it counts as not set",
		name + ":5:3: log.level has no value: it counts as not set",
		name + ":6:1: mode has no value: it counts as not set",
		name + ":7:1: unknown key nobody",
	})
	if c, err := config.Parse[client.Config](file); err != nil || c.LoopAmount != 5 || c.LogLevel.String() != "INFO" {
		t.Errorf("got %+v, %v", c, err)
	}
}

// Each line is one wrong variable of the client, and nothing else is wrong.
func TestClientLimits(t *testing.T) {
	for _, variable := range []string{
		"CLI_ID=0", "CLI_ID=-1", "CLI_SERVER_ADDRESS=server", "CLI_SERVER_ADDRESS=:1", "CLI_SERVER_ADDRESS=server:0", "CLI_SERVER_ADDRESS=server:65536",
		"CLI_SERVER_ADDRESS=server:http", "CLI_SERVER_ADDRESS=::1:5", "CLI_LOOP_AMOUNT=-1", "CLI_LOOP_PERIOD=-1ns", "CLI_MODE=ECHO", "CLI_LINGER=-1s",
		"CLI_BATCH_MAXAMOUNT=0", "CLI_BATCH_PERIOD=-1s", "CLI_BATCH_PERIOD=x", "CLI_TIMEOUT=0s", "CLI_RETRY_LIMIT=-1s", "CLI_KEEPALIVE=0",
	} {
		_, err := config.Parse[client.Config](config.Environ([]string{"CLI_ID=1", variable}))
		wantOne(t, variable, err)
	}
	for _, variable := range []string{"CLI_SERVER_ADDRESS=[::1]:5", "CLI_LOG_LEVEL=wArNiNg", "CLI_LOOP_AMOUNT=0", "CLI_LOOP_PERIOD=0s", "NUMERO=nobody asks in mode echo"} {
		if _, err := config.Parse[client.Config](config.Environ([]string{"CLI_ID=1", variable})); err != nil {
			t.Errorf("%s: %v", variable, err)
		}
	}
}

func TestServerLimits(t *testing.T) {
	for _, variable := range []string{
		"SERVER_PORT=65536", "SERVER_PORT=-1", "SERVER_LISTEN_BACKLOG=0", "SERVER_LISTEN_BACKLOG=65536", "LOGGING_LEVEL=WARN", "SERVER_MODE=dance",
		"SERVER_AGENCIES=-1", "SERVER_CONCURRENCY=-1", "SERVER_STORAGE_SYNC=maybe", "SERVER_HELLO_TIMEOUT=0s", "SERVER_READ_TIMEOUT=-1s",
		"SERVER_WRITE_TIMEOUT=0s", "SERVER_KEEPALIVE=0s",
	} {
		_, err := config.Parse[server.Config](config.Environ([]string{variable}))
		wantOne(t, variable, err)
	}
	all := []string{"SERVER_PORT=65536", "SERVER_LISTEN_BACKLOG=0", "SERVER_MODE=dance", "SERVER_CONCURRENCY=-1", "SERVER_STORAGE_SYNC=maybe", "SERVER_KEEPALIVE=0s"}
	_, err := config.Parse[server.Config](config.Environ(all))
	var findings config.Findings
	if !errors.As(err, &findings) || len(findings) != len(all) {
		t.Fatalf("got %v", err)
	}
	for i, p := range findings {
		if name, _, _ := strings.Cut(all[i], "="); p.Key != name {
			t.Errorf("problem %d is %v, want %s", i, p, name)
		}
	}
}

func wantOne(t *testing.T, variable string, err error) {
	t.Helper()
	name, value, _ := strings.Cut(variable, "=")
	var findings config.Findings
	if !errors.As(err, &findings) || len(findings) != 1 || !strings.HasPrefix(err.Error(), fmt.Sprintf("%s=%q from environment: ", name, value)) {
		t.Errorf("%s: got %v", variable, err)
	}
}

// odd has a type that the environment's parser does not know.
type odd struct {
	Channel chan int `env:"ODD"`
}

func (odd) Check(func(variable, reason string)) {}

func TestAProgrammersMistakeIsNoProblemOfTheUsers(t *testing.T) {
	_, err := config.Parse[odd](config.Environ([]string{"ODD=1"}))
	if _, ok := errors.AsType[config.Findings](err); err == nil || ok {
		t.Errorf("got %v", err)
	}
}

func TestUnknownKeysNameTheNearest(t *testing.T) {
	file := yamlLayer(t, strings.Join([]string{
		"zzzzzzzzzzzzzz: 1",
		"batch:", "  maxAmout: 1", "  periods: 1",
		"Loop: {Amount: 1}", // fine
		"level: DEBUG",
		"nombre: Ana", // a variable, but no key
		"<<: {a: 1}",
		"loop_period: 1s", // fine: the variable is the same
		strings.Repeat("x", 1000) + ": 1",
	}, "\n"))
	environ := config.Environ([]string{"CLI_LOOP_AMUONT=1", "CLI_X=1", "PATH=x", "HOSTNAME=y", "SERVER_PORT=1", "cli_id=1"})
	got := texts(client.Configuration().Unknown(environ, file))
	name := file["CLI_LEVEL"].File
	wantSentences(t, got[:len(got)-1], []string{
		"unknown key CLI_LOOP_AMUONT in the environment, did you mean CLI_LOOP_AMOUNT?",
		"unknown key CLI_X in the environment",
		name + ":1:1: unknown key zzzzzzzzzzzzzz",
		name + ":3:3: unknown key batch.maxAmout, did you mean batch.maxAmount?",
		name + ":4:3: unknown key batch.periods, did you mean batch.period?",
		name + ":6:1: unknown key level, did you mean log.level?",
		name + ":7:1: unknown key nombre",
		name + ":8:6: unknown key <<.a",
	})

	path := write(t, "config.ini", "[SERVER]\nSERVER_PORT = 1\nCOLOUR = red\n[DEFAULT]\nserver_prot = 1\nPORT = 2\nLOGING_LEVEL = INFO\nLOGGING_LEVEL = INFO")
	ini, err := read(path)
	if err != nil {
		t.Fatal(err)
	}
	wantSentences(t, texts(server.Configuration().Unknown(ini)), []string{
		path + ":2:1: SERVER_PORT is in section [SERVER], and only [DEFAULT] is read",
		path + ":5:1: unknown key server_prot, did you mean SERVER_PORT?",
		path + ":6:1: unknown key PORT, did you mean SERVER_PORT?",
		path + ":7:1: unknown key LOGING_LEVEL, did you mean LOGGING_LEVEL?",
	})
	if s, err := config.Parse[server.Config](ini); err != nil || s.Port != 12345 || s.LogLevel.String() != "INFO" {
		t.Errorf("got %+v, %v", s, err)
	}
}

func texts(findings []config.Finding) []string {
	all := make([]string, len(findings))
	for i, f := range findings {
		all[i] = f.Error()
	}
	return all
}

func wantSentences(t *testing.T, got, want []string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
