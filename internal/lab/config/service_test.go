package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/services"
)

var both = []config.Service{server.Configuration(), client.Configuration()}

// What init writes, and what comes with the lab, is as good as its defaults say.
func TestSampleIsRightAndHasTheDefaults(t *testing.T) {
	id := config.Environ([]string{"CLI_ID=1"})
	for _, s := range both {
		path := write(t, s.File, string(s.Sample()))
		if findings, err := s.Check(s.Read(path)); err != nil || len(findings) > 0 {
			t.Errorf("%s: %v, %v", s.File, findings, err)
		}
		layer, err := s.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range s.Keys {
			v, ok := layer[k.Variable]
			if want := k.Path != "" && k.Default != nil; ok != want || ok && v.Text != *k.Default {
				t.Errorf("%s is %q, %v", k.Variable, v.Text, ok)
			}
			// Those without a default are there to be filled in.
			if k.Path != "" && !strings.Contains(string(s.Sample()), "# "+k.Doc+"\n") {
				t.Errorf("%s is not in\n%s", k.Variable, s.Sample())
			}
		}
		if s.Name == "server" {
			sameConfiguration[server.Config](t, layer)
		} else {
			sameConfiguration[client.Config](t, layer, id)
		}
	}
}

func sameConfiguration[T config.Checker](t *testing.T, file config.Layer, others ...config.Layer) {
	t.Helper()
	want, err := config.Parse[T](others...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Parse[T](append([]config.Layer{file}, others...)...)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

// Commented keys of a sample are keys, once they are filled in.
func TestSampleFilledIn(t *testing.T) {
	s := client.Configuration()
	text := strings.NewReplacer("# id:", "id: 3", "# period:", "period: 1s").Replace(string(s.Sample()))
	layer, err := s.Read(write(t, s.File, text))
	c, parseErr := config.Parse[client.Config](layer)
	if err != nil || parseErr != nil || c.ID != 3 || c.BatchPeriod == nil {
		t.Errorf("got %+v, %v, %v", c, err, parseErr)
	}
}

func TestFilesOfTheLabAreRight(t *testing.T) {
	for i, text := range [][]byte{services.ServerConfig, services.ClientConfig} {
		if findings, err := both[i].Check(both[i].Read(write(t, both[i].File, string(text)))); err != nil || len(findings) > 0 {
			t.Errorf("%s: %v, %v", both[i].File, findings, err)
		}
	}
}

func TestSettingsExplainThemselves(t *testing.T) {
	s := client.Configuration()
	path := write(t, "config.yaml", "loop:\n  amount: 7\n  period: \"\"\nmode: lotery\nlog: {level: info}")
	file, err := s.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	settings := s.Settings(config.Environ([]string{"CLI_ID=3", "NOMBRE=Ana", "CLI_LOG_LEVEL=debug", "PATH=x"}), file)
	got := map[string]string{}
	for _, setting := range settings {
		value := ""
		if setting.Value != nil {
			value = *setting.Value
		}
		got[setting.Variable] = value + " from " + setting.Origin
	}
	for variable, want := range map[string]string{
		"CLI_ID":             "3 from environment",
		"NOMBRE":             "Ana from environment",
		"CLI_LOG_LEVEL":      "debug from environment",
		"CLI_LOOP_AMOUNT":    "7 from " + path + ":2",
		"CLI_LOOP_PERIOD":    "5s from default",
		"CLI_MODE":           "lotery from " + path + ":4", // wrong, and that is what there is
		"CLI_BATCH_PERIOD":   " from not set",
		"CLI_SERVER_ADDRESS": "server:12345 from default",
		"PATH":               "",
	} {
		if got[variable] != want {
			t.Errorf("%s is %s, want %s", variable, got[variable], want)
		}
	}
	for i, want := range map[int]string{
		0: `{"variable":"CLI_ID","key":"id","value":"3","origin":"environment"}`,
		1: `{"variable":"CLI_SERVER_ADDRESS","key":"server.address","value":"server:12345","origin":"default"}`,
		2: `{"variable":"CLI_LOOP_AMOUNT","key":"loop.amount","value":"7","origin":"` + path + `:2","file":"` + path + `","line":2,"column":11}`,
		8: `{"variable":"CLI_BATCH_PERIOD","key":"batch.period","value":null,"origin":"not set"}`,
	} {
		if text, err := json.Marshal(settings[i]); err != nil || string(text) != want {
			t.Errorf("got %s, %v\nwant %s", text, err, want)
		}
	}
}

func TestDefaultFile(t *testing.T) {
	t.Chdir(t.TempDir())
	s := server.Configuration()
	if got := s.DefaultFile(); got != "" {
		t.Errorf("got %s where there is none", got)
	}
	for _, path := range []string{"config.ini", "services/server/config.ini"} { // the second goes first
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := s.DefaultFile(); got != path {
			t.Errorf("got %q, want %s", got, path)
		}
	}
}

func TestReads(t *testing.T) {
	for path, want := range map[string][2]bool{
		"config.ini": {true, false}, "a/b.INI": {true, false}, "x.yaml": {false, true}, "x.yml": {false, true}, "x": {false, false}, "": {false, false}, "x.json": {false, false},
	} {
		if got := [2]bool{both[0].Reads(path), both[1].Reads(path)}; got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// limited has limits of all sorts.
type limited struct {
	Share uint8 `env:"SHARE" envDefault:"10" min:"10" max:"90"`
	Count int   `env:"COUNT" envDefault:"7" min:"7"`
}

func (limited) Check(func(variable, reason string)) {}

func TestLimits(t *testing.T) {
	if _, err := config.Parse[limited](); err != nil {
		t.Error(err)
	}
	want := `SHARE="91" from environment: want a number from 10 to 90; COUNT="6" from environment: want 7 or more`
	if _, err := config.Parse[limited](config.Environ([]string{"SHARE=91", "COUNT=6"})); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// What a type says that it takes, it takes.
func TestChoicesAreTaken(t *testing.T) {
	for _, s := range both {
		for _, k := range s.Keys {
			if (k.Kind == config.Choice) != (len(k.Choices) > 0) {
				t.Errorf("%s: %+v", k.Variable, k)
			}
			for _, choice := range k.Choices {
				findings, err := s.Findings(config.Environ([]string{k.Variable + "=" + choice}))
				for _, f := range findings {
					if err != nil || !f.NotSet {
						t.Errorf("%s=%s: %v, %v", k.Variable, choice, f, err)
					}
				}
			}
		}
	}
}
