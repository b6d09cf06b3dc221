package lint

import (
	"bytes"
	"encoding/json"
	"testing"
)

// What code scanning demands of a log: version, a driver with a name, and for
// each result a message, a rule of the list, a level it knows and a place that counts from 1.
func TestSARIF(t *testing.T) {
	found := checkSource(t, Source{Name: "dir/é b.yaml", Dir: ".", Text: []byte("services:\n  a: {imag: x, environment: {A: 007}}\nversion: '3'\n")})
	var out bytes.Buffer
	if err := WriteSARIF(&out, found, "v1.2.3"); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, Version string
					Rules         []struct {
						ID                   string
						ShortDescription     struct{ Text string }
						DefaultConfiguration struct{ Level string }
					}
				}
			}
			ColumnKind string
			Results    []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run := log.Runs[0]
	if log.Version != "2.1.0" || log.Schema == "" || run.Tool.Driver.Name != "composer lint" || run.Tool.Driver.Version != "v1.2.3" || run.ColumnKind != "unicodeCodePoints" {
		t.Errorf("%+v", log)
	}
	if len(run.Results) != len(found) || len(found) < 3 {
		t.Fatalf("%d results of %d", len(run.Results), len(found))
	}
	levels := map[string]bool{}
	for i, r := range run.Results {
		place := r.Locations[0].PhysicalLocation
		rule := run.Tool.Driver.Rules[r.RuleIndex]
		if r.RuleID != found[i].Rule || rule.ID != r.RuleID || rule.DefaultConfiguration.Level != r.Level || r.Message.Text != found[i].Message ||
			place.ArtifactLocation.URI != "dir/%C3%A9%20b.yaml" || place.Region.StartLine != found[i].Line || place.Region.StartColumn != found[i].Column {
			t.Errorf("%+v is %+v", found[i], r)
		}
		levels[r.Level] = true
	}
	if !levels["error"] || !levels["warning"] || !levels["note"] {
		t.Errorf("levels %v", levels)
	}
	for name, want := range map[string]string{"/a b": "file:///a%20b", "./c:d.yaml": "./c:d.yaml", "../x": "../x"} {
		if got := uri(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
