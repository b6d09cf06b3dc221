package lint

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/text"
)

// A clash has both places, whatever file they are in.
func TestClashHasBothPlaces(t *testing.T) {
	for text, want := range map[string]string{
		"services:\n  a: {labels: [ñ], image: x, ports: ['1:1', '80:80']}\n  b: {image: x, ports: ['80:81']}\n":                                                                                     "3:25: 2:45",
		"services:\n  a: {image: x, ports: ['80:80',   '80:81']}\n":                                                                                                                                 "2:36: 2:25",
		"services:\n  a: {image: x, ports: [{target: 1, published: 80}]}\n  b: {image: x, ports: ['80:81']}\n":                                                                                      "3:25: 2:25",
		"services:\n  a: {image: x, container_name: cc}\n  b: {image: x, container_name: cc}\n":                                                                                                     "3:33: 2:33",
		"services:\n  a: {image: x, hostname: h}\n  b: {hostname: h, image: x}\n":                                                                                                                   "3:17: 2:27",
		"x-a: &a {image: x, ports: ['80:80']}\nservices:\n  a: *a\n  b: *a\n":                                                                                                                       "1:28: both",
		"services: {a: {image: x}}\nnetworks:\n  n: {ipam: {config: [{subnet: 10.5.0.0/16}]}}\n  m: {ipam: {config: [{subnet: 10.5.1.0/24}]}}\n":                                                    "4:32: 3:32",
		"services:\n  a: {image: x, networks: {n: {ipv4_address: 10.5.0.9}}}\n  b: {image: x, networks: {n: {ipv4_address: 10.5.0.9}}}\nnetworks: {n: {ipam: {config: [{subnet: 10.5.0.0/16}]}}}\n": "3:46: 2:46",
	} {
		found := checkSource(t, Source{Name: "f", Text: []byte(text)})
		if len(found) == 0 {
			t.Errorf("%snothing is found", text)
			continue
		}
		line := found[0].String()
		place, other, _ := strings.Cut(want, " ")
		said := "; the other is at f:" + other + " ["
		if other == "both" {
			said = "; both have it from here ["
		}
		if !strings.HasPrefix(line, "f:"+place) || !strings.Contains(line, said) {
			t.Errorf("%sgot %s, want %s", text, line, want)
		}
	}
}

func TestClashOfFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"compose.yaml":          "services:\n  a: {image: x, ports: ['80:80']}\n  b: {image: x}\n",
		"compose.override.yaml": "services: {b: {ports: ['80:81']}}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := CheckFile(t.Context(), "compose.override.yaml", nil)
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	want := text.Place{File: "compose.yaml", Line: 2, Column: 25}
	if found[0].Related != want || !strings.Contains(found[0].GitHub(), "the other is at compose.yaml:2:25") {
		t.Errorf("got %v", found[0])
	}
	var log bytes.Buffer
	if err := WriteSARIF(&log, found, "v1"); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Runs []struct {
			Results []struct {
				RelatedLocations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(log.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	at := read.Runs[0].Results[0].RelatedLocations[0].PhysicalLocation
	if at.ArtifactLocation.URI != "compose.yaml" || at.Region.StartLine != 2 || at.Region.StartColumn != 25 {
		t.Errorf("got %s", log.String())
	}
	content, err := json.Marshal(found[0])
	if err != nil || !strings.Contains(string(content), `"related":{"file":"compose.yaml","line":2,"column":25}`) {
		t.Errorf("got %s, %v", content, err)
	}
}

// The clash is told although its place is in the file that is not checked.
func TestClashInTheBase(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"compose.yaml":          "services:\n  a: {image: x}\n  b: {image: x, ports: ['80:80']}\n  c: {image: x, restart: never}\n",
		"compose.override.yaml": "services: {a: {ports: ['80:81']}}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found, err := CheckFile(t.Context(), "compose.override.yaml", nil)
	if err != nil || len(found) != 1 || found[0].Related.File != "compose.override.yaml" {
		t.Errorf("got %v, %v", found, err)
	}
}
