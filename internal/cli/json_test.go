package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/test/golden"
)

// docs/json.md has the shape of all JSON that there is, as it is.
func TestJSON(t *testing.T) {
	const page = "docs/json.md"
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	files := t.TempDir()
	for name, text := range map[string]string{
		"agency-1.csv": "A,B,1,2000-01-01,7574\nA,B,1,2000-01-01,7574\nx\n",
		"config.yaml":  "loop:\n  amuont: 5\n",
		"compose.yaml": "services:\n  a: {imgae: x, hostname: h}\n  b: {image: x, hostname: h}\n",
		"old.yaml":     "name: a\nx: 1\n",
		"new.yaml":     "name: b\ny: 1\n",
	} {
		if err := os.WriteFile(filepath.Join(files, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(files)
	var got strings.Builder
	for _, c := range []string{
		"stages --json", "values --json", "config show --service server --json", "config keys --service server --json",
		"config check --json config.yaml", "data check --json agency-1.csv", "data secrets --json -n 1", "lint --json compose.yaml", "lint --list-rules --json",
		"verify --list --json", "doctor --json", "version --json", "diff --json old.yaml new.yaml",
	} {
		code, stdout, stderr := composer(t, strings.Fields(c)...)
		if code == exitUsage {
			t.Fatalf("%s: %s", c, stderr)
		}
		var value any
		if err := json.Unmarshal([]byte(stdout), &value); err != nil {
			t.Fatalf("%s: %v in %s", c, err, stdout)
		}
		fmt.Fprintf(&got, "\n`composer %s`\n\n```\n%s\n```\n", c, shape(value, ""))
	}
	file := filepath.Join(root, page)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- made by a test: go test ./internal/cli -run JSON -update -->\n"
	before, _, ok := strings.Cut(string(text), mark)
	if !ok {
		t.Fatalf("%s has no %s", page, mark)
	}
	golden.Check(t, file, before+mark+got.String())
}

// shape is a value with its types for values. A list has the shapes of its
// members, each once, and what has keys of the user's is left out.
func shape(value any, key string) string {
	switch v := value.(type) {
	case map[string]any:
		if key == "values" {
			return "{…}"
		}
		lines := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			lines = append(lines, fmt.Sprintf("%q: %s", k, shape(v[k], k)))
		}
		text := "{" + strings.Join(lines, ", ") + "}"
		if len(text) > 100 || strings.Contains(text, "\n") {
			text = "{\n  " + strings.ReplaceAll(strings.Join(lines, ",\n"), "\n", "\n  ") + "\n}"
		}
		return text
	case []any:
		return "[" + members(v) + "]"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "bool"
	default:
		return "null"
	}
}

// members merges what the members of a list have, key by key.
func members(list []any) string {
	merged := map[string]map[string]bool{}
	others := map[string]bool{}
	for _, member := range list {
		object, ok := member.(map[string]any)
		if !ok {
			others[shape(member, "")] = true
			continue
		}
		for k, v := range object {
			if merged[k] == nil {
				merged[k] = map[string]bool{}
			}
			merged[k][shape(v, k)] = true
		}
		others["object"] = true
	}
	if others["object"] {
		delete(others, "object")
		lines := make([]string, 0, len(merged))
		for _, k := range slices.Sorted(maps.Keys(merged)) {
			optional := ""
			for _, member := range list {
				if object, ok := member.(map[string]any); ok {
					if _, has := object[k]; !has {
						optional = "?"
					}
				}
			}
			lines = append(lines, fmt.Sprintf("%q%s: %s", k, optional, strings.Join(slices.Sorted(maps.Keys(merged[k])), "|")))
		}
		text := "{" + strings.Join(lines, ", ") + "}"
		if len(text) > 100 || strings.Contains(text, "\n") {
			text = "{\n  " + strings.ReplaceAll(strings.Join(lines, ",\n"), "\n", "\n  ") + "\n}"
		}
		others[text] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(others)), "|")
}
