package config_test

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/client"
	"github.com/tp0-lab/composer/internal/server"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

const page = "../../docs/configuration.md"

// The page of keys is made from the tags that the services use.
func TestConfigurationPageIsCurrent(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# Configuration of the services

Environment first, then the file, then the default. Made by ` + "`go test ./internal/config -update`" + ` from the structs that the services parse.

## Server: ` + "`config.ini`, section DEFAULT" + `

| variable and key | default | |
|---|---|---|
`)
	for f := range fields[server.Config](t) {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", f.Tag.Get("env"), f.Tag.Get("envDefault"), f.Tag.Get("doc"))
	}
	b.WriteString("\n## Client: `config.yaml`\n\n| variable | key | default | |\n|---|---|---|---|\n")
	for f := range fields[client.Config](t) {
		variable, key := f.Tag.Get("env"), f.Tag.Get("key")
		if key != "" && variable != "CLI_"+strings.ToUpper(strings.ReplaceAll(key, ".", "_")) {
			t.Errorf("%s: the key %s is another variable", variable, key)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", variable, code(key), code(f.Tag.Get("envDefault")), f.Tag.Get("doc"))
	}
	if *update {
		if err := os.WriteFile(page, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil || string(got) != b.String() {
		t.Errorf("%s is not current (%v): go test ./internal/config -update", page, err)
	}
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

// fields yields the fields of a configuration; each has a variable and a text.
func fields[T any](t *testing.T) func(func(reflect.StructField) bool) {
	t.Helper()
	return func(yield func(reflect.StructField) bool) {
		for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
			if f.Tag.Get("env") == "" || f.Tag.Get("doc") == "" {
				t.Errorf("%s has no variable or no text", f.Name)
			}
			if !yield(f) {
				return
			}
		}
	}
}
