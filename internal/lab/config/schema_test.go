package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/services"
)

// compile compiles a service's schema, which checks it against draft 2020-12.
func compile(t *testing.T, s config.Service) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(s.Schema())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if compiled.DraftVersion != 2020 {
		t.Errorf("it is of draft %d", compiled.DraftVersion)
	}
	return compiled
}

// instance is a YAML file as an editor has it.
func instance(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

// iniInstance is an INI file as an object of texts.
func iniInstance(t *testing.T, text string) any {
	t.Helper()
	layer, err := server.Configuration().Parse("config.ini", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	object := map[string]any{}
	for _, v := range layer {
		object[v.Key] = v.Text
	}
	return object
}

func TestSchemaOfFiles(t *testing.T) {
	yamlSchema, iniSchema := compile(t, client.Configuration()), compile(t, server.Configuration())
	for _, good := range []string{
		"{}", "id: 3", "loop: {amount: 0, period: 0}", "loop: {amount: \"7\"}", "log: {level: wArNiNg}", "mode: lottery",
		"batch: {period: 0s}", "timeout: 1m30.5s", string(services.ClientConfig), string(client.Configuration().Sample()),
	} {
		if err := yamlSchema.Validate(instance(t, good)); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"[]", "id: 0", "id: 4294967296", "id: 1.5", "loop: {amount: -1}", "loop: {amount: many}", "loop: {amout: 1}", "lop: {}", "loop: 5", "loop:",
		"loop: {period: 5}", "loop: {period: -1s}", "loop: {period: 5 s}", "timeout: 0s", "timeout: 0", "log: {level: warn}", "mode: Lottery", "batch: {maxAmount: 0}", "agency: {file: 5}", "nombre: Ana",
	} {
		if err := yamlSchema.Validate(instance(t, bad)); err == nil {
			t.Errorf("%q is right", bad)
		}
	}
	for _, good := range []any{
		iniInstance(t, string(services.ServerConfig)), iniInstance(t, string(server.Configuration().Sample())),
		map[string]any{"SERVER_PORT": 0, "SERVER_STORAGE_SYNC": true, "SERVER_KEEPALIVE": "5s"},
	} {
		if err := iniSchema.Validate(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, bad := range []map[string]any{
		{"SERVER_PORT": 65536}, {"SERVER_PORT": "http"}, {"SERVER_LISTEN_BACKLOG": 0}, {"SERVER_PROT": 1}, {"SERVER_STORAGE_SYNC": "yes"}, {"SERVER_MODE": "bet"}, {"SERVER_KEEPALIVE": "0s"},
	} {
		if err := iniSchema.Validate(bad); err == nil {
			t.Errorf("%v is right", bad)
		}
	}
}

// The schema and the service agree on every key and many values, but where the
// schema says that it does not know, or that it is stricter.
func TestSchemaAgreesWithTheService(t *testing.T) {
	values := []string{
		"0", "1", "5", "-1", "007", "65535", "65536", "4294967295", "4294967296", "1.5", `"5"`, `"-1"`, `"+5"`, `"0"`, `"5.0"`,
		"0s", "1ns", "5s", "-1s", "+5s", "1m30s", "1.5h", ".5s", "5.s", "1µs", "5 s", "s", "1d", `"0.0s"`, "1e3s",
		"true", "false", "TRUE", `"T"`, `"tRue"`, "yes", "no", "echo", "Echo", "bet", "batch", "lottery", "info", "INFO", "Warning", "warn", "a text",
	}
	for _, s := range both {
		compiled := compile(t, s)
		for _, k := range s.Keys {
			if k.Path == "" {
				continue
			}
			for _, value := range values {
				text, v := "", any(nil)
				if s.Name == "client" {
					text = strings.ReplaceAll(k.Path, ".", ": {") + ": " + value + strings.Repeat("}", strings.Count(k.Path, "."))
					v = instance(t, text)
				} else {
					text = fmt.Sprintf("[DEFAULT]\n%s = %s", k.Path, strings.Trim(value, `"`))
					v = iniInstance(t, text)
				}
				findings, err := s.Check(s.Parse(s.File, []byte(text)))
				if err != nil {
					t.Fatal(err)
				}
				schemaErr := compiled.Validate(v)
				switch quoted := s.Name == "server" || value[0] == '"'; {
				case (schemaErr == nil) == (len(findings) == 0):
				case schemaErr == nil && (k.Variable == "CLI_SERVER_ADDRESS" || k.Kind == config.Number && quoted):
					// It knows no addresses, and no limits of a number in quotes.
				case schemaErr != nil && value == `"+5"`:
					// It takes numbers without a sign.
				case schemaErr != nil && k.Kind == config.Text && !quoted:
					// YAML makes something else of it.
				default:
					t.Errorf("%q: the service says %v, and the schema %v", text, findings, schemaErr)
				}
			}
		}
	}
}
