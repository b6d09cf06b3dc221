package lint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeConfig(t *testing.T, dir, text string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, ConfigName)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// What is wrong in a configuration is refused with its place and the nearest name.
func TestConfigErrors(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"":                         "",
		"# nothing\n":              "",
		"rules:\nsets:\nignore:\n": "",
		"rules: {security: off, privileged: on, style: note}": "",
		"rules: {securty: off}":                               `1:9: unknown rule "securty", did you mean security?; see ` + "`composer lint --list-rules`",
		"rules: {privileged: on, unquoted-value: off, host-mount: error}\nsets: [security]\nignore: ['a/**']": "",
		"rles: {}":                       `1:1: unknown key "rles", did you mean rules?: have sets, rules, ignore`,
		"ñ: 1":                           `1:1: unknown key "ñ": have sets, rules, ignore`,
		"[]":                             `1:1: want a mapping with sets, rules or ignore, not a list`,
		"sets: [securty]":                `1:8: unknown set "securty", did you mean security?: have security, style`,
		"sets: security":                 `1:7: sets: want a list, not a single value`,
		"sets: [[]]":                     `1:8: sets: want names, not a list`,
		"rules:\n  unquotedvalue: off":   "2:3: unknown rule \"unquotedvalue\", did you mean unquoted-value?; see `composer lint --list-rules`",
		"rules: {unquoted-value: eror}":  `1:25: rules.unquoted-value: "eror" is not one of off, on, note, warning, error, did you mean error?`,
		"rules: {unquoted-value: [off]}": `1:25: rules.unquoted-value: want one of off, on, note, warning, error, not a list`,
		"rules: [unquoted-value]":        `1:8: rules: want a mapping such as {unquoted-value: error}, not a list`,
		"rules: {host-mount: on, host-mount: off}": `1:25: rule "host-mount" is there twice`,
		"---\nsets: []\n---\nsets: []":             "4:1: a second document begins here: write one",
		"sets: []\n---\na: [":                      "3:5: while parsing a flow node, did not find expected node content",
		"sets: []\nsets: []":                       `2:1: key "sets" is there twice`,
		"ignore: ['[']":                            `1:10: ignore: "[" is no pattern such as vendor/** or *.old.yaml: a [ without its ], or a \ at the end`,
		"ignore: ['']":                             `1:10: ignore: "" is no pattern such as vendor/** or *.old.yaml: it is empty`,
		"a: [":                                     `1:5: while parsing a flow node, did not find expected node content`,
		"a: &a [*a]":                               `1:4: anchor "a" contains itself`,
	} {
		name := writeConfig(t, dir, text)
		_, err := ReadConfig(name)
		got := ""
		if err != nil {
			got = strings.TrimPrefix(err.Error(), name+":")
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	if _, err := ReadConfig(filepath.Join(dir, "gone")); err == nil {
		t.Error("a missing file is none")
	}
}

// The nearest configuration counts, and those around it do not.
func TestFindConfig(t *testing.T) {
	root := t.TempDir()
	outer := writeConfig(t, root, "rules: {unquoted-value: off}\n")
	inner := writeConfig(t, filepath.Join(root, "a", "b"), "sets: [security]\n")
	if err := os.MkdirAll(filepath.Join(root, "a", "b", "c"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "a"))
	for dir, want := range map[string]string{".": outer, "b": inner, "b/c": inner, "..": outer, filepath.Join(root, "a", "b"): inner} {
		c, err := FindConfig(dir)
		if err != nil || c == nil {
			t.Fatalf("%s: got %v, %v", dir, c, err)
		}
		if got, _ := filepath.Abs(c.File); got != want {
			t.Errorf("%s: got %s, want %s", dir, got, want)
		}
	}
	o := (&Config{levels: []namedLevel{{"security", On}, {"host-mount", "error"}, {"unquoted-value", Off}}}).Options()
	o.Set("security", On)
	o.Set("privileged", Off)
	for rule, want := range map[string]Severity{"host-mount": Error, "engine-socket": Warning, "privileged": "", "unquoted-value": "", "duplicate-key": Error} {
		got := Severity("")
		if o.applies(rule) {
			got = o.severity(rule, severityOf(rule))
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", rule, got, want)
		}
	}
	var none *Options
	if none.applies("host-mount") || !none.applies("duplicate-key") {
		t.Error("the defaults have rules of sets, or lack others")
	}
}

func TestIgnores(t *testing.T) {
	dir := t.TempDir()
	for pattern, paths := range map[string]map[string]bool{
		"vendor":       {"vendor/a.yaml": true, "x/vendor/y/a.yaml": true, "vendors/a.yaml": false, "vendor": true},
		"*.old.yaml":   {"a.old.yaml": true, "x/a.old.yaml": true, "a.old.yaml.x": false, "a.yaml": false},
		"x/*.yaml":     {"x/a.yaml": true, "x/y/a.yaml": false, "y/x/a.yaml": false},
		"./x/**/a.yml": {"x/a.yml": true, "x/y/z/a.yml": true, "x/b.yml": false},
		"x/**":         {"x/a": true, "x/y/a": true, "xy": false},
		"/a.yaml":      {"a.yaml": true, "x/a.yaml": false},
		"x/":           {"x/a": true, "y/x": true},
		"[a-c]?.yml":   {"a1.yml": true, "d1.yml": false, "a/.yml": false},
		`\*.yml`:       {"*.yml": true, "a.yml": false},
		"a.b":          {"a.b": true, "acb": false},
		"[^a].yml":     {"b.yml": true, "a.yml": false},
	} {
		c, err := ReadConfig(writeConfig(t, dir, "ignore: ['"+pattern+"']\n"))
		if err != nil {
			t.Fatal(pattern, err)
		}
		for path, want := range paths {
			if got := c.Ignores(filepath.Join(dir, path)); got != want {
				t.Errorf("%s, %s: got %t", pattern, path, got)
			}
		}
		if c.Ignores(filepath.Join(dir, "..", "vendor", "a.old.yaml")) != (pattern == "none") && !strings.Contains(pattern, "/") {
			t.Logf("%s is about files outside, too", pattern)
		}
	}
}

// A rule by its own name counts, wherever its set stands.
func TestSetInRules(t *testing.T) {
	c, err := ReadConfig(writeConfig(t, t.TempDir(), "sets: [style]\nrules: {host-mount: error, security: on, style: off}\n"))
	if err != nil {
		t.Fatal(err)
	}
	o := c.Options()
	if o.severity("host-mount", Warning) != Error || !o.applies("privileged") || o.applies("key-order") {
		t.Errorf("got %v", o)
	}
}
