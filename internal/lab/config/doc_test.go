package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/test/golden"
)

const page = "../../../docs/configuration.md"

// The page's tables are made from the tags that the services use.
func TestConfigurationPageIsCurrent(t *testing.T) {
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(old)
	for _, s := range both {
		begin, end := "<!-- the keys of the "+s.Name+" -->\n", "<!-- end of the keys -->\n"
		before, rest, ok := strings.Cut(text, begin)
		_, after, ended := strings.Cut(rest, end)
		if !ok || !ended {
			t.Fatalf("%s has no %s", page, begin)
		}
		text = before + begin + keyTable(s) + end + after
	}
	golden.Check(t, page, text)
}

func keyTable(s config.Service) string {
	var b strings.Builder
	if s.File == server.ConfigFile {
		b.WriteString("| variable and key | default | |\n|---|---|---|\n")
	} else {
		b.WriteString("| variable | key | default | |\n|---|---|---|---|\n")
	}
	for _, k := range s.Keys {
		text := ""
		if k.Default != nil {
			text = *k.Default
		}
		fmt.Fprintf(&b, "| `%s` |", k.Variable)
		if k.Path != k.Variable {
			fmt.Fprintf(&b, " %s |", code(k.Path))
		}
		fmt.Fprintf(&b, " %s | %s |\n", code(text), k.Doc)
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// Each key has a text, and its path is the way to its variable.
func TestKeysAreWhole(t *testing.T) {
	for _, s := range both {
		for _, k := range s.Keys {
			if k.Variable == "" || k.Doc == "" || strings.Contains(k.Doc, "\n") {
				t.Errorf("%s has no variable or no text: %+v", s.Name, k)
			}
		}
	}
	for _, k := range client.Configuration().Keys {
		if k.Path != "" && k.Variable != "CLI_"+strings.ToUpper(strings.ReplaceAll(k.Path, ".", "_")) {
			t.Errorf("%s: the key %s is another variable", k.Variable, k.Path)
		}
	}
}
