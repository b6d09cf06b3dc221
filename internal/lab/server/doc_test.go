package server_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/server"
)

// docs/protocol.md has the defaults of the time limits, and is a page that is read in ten minutes.
func TestProtocolHasTheDefaults(t *testing.T) {
	text, err := os.ReadFile("../../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]string{}
	for _, service := range []config.Service{server.Configuration(), client.Configuration()} {
		for _, k := range service.Keys {
			if k.Default != nil {
				defaults[k.Variable] = *k.Default
			}
		}
	}
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile("`((?:SERVER|CLI)_[A-Z_]+)`[ (]+([0-9]+) (s|min)\\b").FindAllStringSubmatch(string(text), -1) {
		got, err := time.ParseDuration(m[2] + m[3][:1])
		want, wantErr := time.ParseDuration(defaults[m[1]])
		if err != nil || wantErr != nil || got != want {
			t.Errorf("the page says %s %s %s, and the default is %s", m[1], m[2], m[3], defaults[m[1]])
		}
		seen[m[1]] = true
	}
	if len(seen) < 8 {
		t.Errorf("the page has %v only", slices.Sorted(maps.Keys(seen)))
	}
	if words := len(strings.Fields(strings.ReplaceAll(string(text), "|", " "))); words > 2400 {
		t.Errorf("%d words", words)
	}
}
