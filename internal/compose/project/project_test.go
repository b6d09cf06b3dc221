package project

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/compose/load"
)

// write writes the files of an archive into a new folder, and returns it and the names of the first ones, up to one that
// is in a folder or begins with "_".
func write(tb testing.TB, archive string) (dir string, names []string) {
	tb.Helper()
	dir = tb.TempDir()
	first := true
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o600); err != nil {
			tb.Fatal(err)
		}
		if first = first && !strings.ContainsAny(f.Name, "/_") && strings.HasSuffix(f.Name, ".yaml"); first {
			names = append(names, path)
		}
	}
	return dir, names
}

func readAll(tb testing.TB, dir string, names []string, environment map[string]string) (*Project, error) {
	tb.Helper()
	var all []*File
	for _, name := range names {
		all = append(all, &File{Name: name})
	}
	return Read(all, Options{Dir: dir, Environment: environment})
}

// compare loads files with compose-go, and the tree that Read makes of them, and compares both projects.
func compare(tb testing.TB, dir string, names []string, fatalf func(format string, args ...any)) {
	tb.Helper()
	environment := map[string]string{"A": "a", "P": "8080"}
	compose := func(all ...types.ConfigFile) (*types.Project, error) {
		details := types.ConfigDetails{WorkingDir: dir, Environment: map[string]string{"A": "a", "P": "8080"}, ConfigFiles: all}
		return loader.LoadWithContext(context.Background(), details, func(o *loader.Options) {
			o.SetProjectName("p", false)
			o.Profiles, o.ResolvePaths, o.SkipResolveEnvironment, o.SkipResolveLabels = []string{"*"}, true, true, true
		})
	}
	var all []types.ConfigFile
	for _, name := range names {
		all = append(all, types.ConfigFile{Filename: name})
	}
	want, theirs := compose(all...)
	project, ours := readAll(tb, dir, names, environment)
	var got *types.Project
	if ours == nil {
		content, err := project.Text()
		if err != nil {
			fatalf("%v", err)
		}
		if got, ours = compose(types.ConfigFile{Filename: names[0], Content: content}); ours == nil && len(project.Faults) > 0 {
			ours = &project.Faults[0]
		}
	}
	if theirs != nil && strings.HasPrefix(theirs.Error(), "validating ") {
		return // compose-go also checks the first files without the last ones
	}
	if (theirs == nil) != (ours == nil) {
		fatalf("compose-go says %v, and we %v", theirs, ours)
		return
	}
	if theirs != nil {
		return
	}
	for _, p := range []*types.Project{want, got} {
		p.Environment, p.ComposeFiles = nil, nil
	}
	// compose-go makes the keys of a map, which have no order.
	keys := cmpopts.SortSlices(func(a, b types.SSHKey) bool { return a.ID < b.ID })
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), keys, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		fatalf("(-want +got):\n%s", diff)
	}
}

func TestLikeCompose(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) < 10 {
		t.Fatal(err, len(archives))
	}
	for _, name := range archives {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir, names := write(t, string(archive))
			compare(t, dir, names, t.Errorf)
		})
	}
}

// Of files with any of these keys, Read makes what compose-go makes.
func TestLikeComposeProperty(t *testing.T) {
	choices := map[string][]string{
		"image": {"x", "y:${A}", "!reset null"}, "command": {"a b", "[c]", "null", "!reset []"}, "entrypoint": {"[e]", "f"},
		"environment":    {"{A: 1, B: x, C: }", "[A=2, D, 'E=a=b']", "{A: 1.10, F: true}", "!override {Z: z}", "!reset {}"},
		"labels":         {"{a: b}", "[a=c, d]", "{x.y: 1}"},
		"depends_on":     {"[b]", "{b: {condition: service_healthy}}", "{c: {condition: service_started, required: false}}", "!override [c]"},
		"networks":       {"[n]", "{n: {aliases: [z]}, m: }", "{n: {aliases: [y, z]}}"},
		"ports":          {"['80:80']", "['80:80', 8081]", "[{target: 80, published: '80'}]", "['${P}:80', '1000-1002:1000-1002']", "!override ['1:1']", "['127.0.0.1:80:80/udp']"},
		"volumes":        {"['./a:/a']", "['v:/a:ro', /anon]", "[{type: bind, source: ./b, target: /a}]", "[{type: volume, source: v, target: /c, volume: {nocopy: true}}]"},
		"dns":            {"1.1.1.1", "[1.1.1.1, 2.2.2.2]"},
		"env_file":       {"e.env", "[e.env, f.env]", "[{path: e.env, required: false}]"},
		"tmpfs":          {"/t", "[/t, /u]"},
		"extra_hosts":    {"{h: 1.2.3.4}", "['h=1.2.3.4', 'i=1.2.3.5']", "{h: [1.2.3.4, 1.2.3.6]}"},
		"build":          {".", "{context: ./c, args: {A: 1}}", "{dockerfile: D, args: [A=2, B], tags: [t]}", "{additional_contexts: [r=./r], ssh: [default]}"},
		"healthcheck":    {"{test: [CMD, a]}", "{test: b, interval: 5s}", "{retries: 3}", "{disable: true}"},
		"logging":        {"{driver: json-file, options: {a: b}}", "{driver: syslog}", "{options: {c: d}}"},
		"deploy":         {"{replicas: 1, labels: {a: b}}", "{labels: [c=d], resources: {limits: {cpus: '1'}}}", "{placement: {constraints: [a, b]}}", "{placement: {constraints: [b, c]}}"},
		"ulimits":        {"{nofile: {soft: 1, hard: 2}}", "{nofile: {soft: 3}, nproc: {soft: 1, hard: 1}}"},
		"secrets":        {"[s]", "[{source: s, target: t}]", "[s, {source: s, target: u}]"},
		"configs":        {"[c]", "[{source: c, target: /c}]"},
		"cap_add":        {"[X]", "[X, Y]"},
		"profiles":       {"[p]", "[q, p]"},
		"sysctls":        {"{a.b: 1}", "[a.b=2]"},
		"devices":        {"['/dev/a:/dev/b']", "['/dev/c:/dev/b', /dev/d]"},
		"expose":         {"[80]", "['80', '81']"},
		"restart":        {"always", "'no'"},
		"security_opt":   {"[a]", "[b, a]"},
		"scale":          {"1", "0"},
		"mem_limit":      {"1g", "${M:-2g}"},
		"container_name": {"n"},
	}
	var keys []string
	for key := range choices {
		keys = append(keys, key)
	}
	service := rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 1, 6, rapid.ID[string]).Draw(t, "keys") {
			fmt.Fprintf(&b, "    %s: %s\n", key, rapid.SampledFrom(choices[key]).Draw(t, key))
		}
		return b.String()
	})
	networks := rapid.SampledFrom([]string{
		"{n: {}, m: }", "{n: {labels: {a: b}}, m: {driver: bridge}}", "{n: {labels: [c=d], ipam: {config: [{subnet: 10.1.0.0/24}]}}}",
		"{n: {ipam: {config: [{subnet: 10.1.0.0/24, gateway: 10.1.0.1}, {subnet: 10.2.0.0/24}]}}}", "{n: !override {internal: true}}", "{n: !reset null}",
	})
	file := func(t *rapid.T, first bool, names ...string) string {
		var b strings.Builder
		if rapid.IntRange(0, 3).Draw(t, "included") == 0 && first {
			b.WriteString("include: [sub/inc.yaml]\n")
		}
		b.WriteString("services:\n")
		for _, name := range names {
			body := service.Draw(t, name)
			if extends := rapid.SampledFrom([]string{"", "", "", "    extends: c\n", "    extends: {service: d, file: sub/other.yaml}\n"}).Draw(t, "extends"); first && name != "c" {
				body += extends
			}
			if first && !strings.Contains(body, "image") {
				body += "    image: i\n"
			}
			fmt.Fprintf(&b, "  %s:\n%s", name, body)
		}
		fmt.Fprintf(&b, "networks: %s\n", networks.Draw(t, "networks"))
		if first {
			b.WriteString("volumes: {v: {}}\nsecrets: {s: {file: s.txt}}\nconfigs: {c: {content: x}}\n")
		}
		return b.String()
	}
	top := t
	rapid.Check(t, func(t *rapid.T) {
		archive := "-- one.yaml --\n" + file(t, true, "a", "b", "c") + "-- two.yaml --\n" + file(t, false, "a", "b") +
			"-- sub/inc.yaml --\nservices:\n  inc:\n" + service.Draw(t, "inc") + "networks: {n: {}, m: }\nvolumes: {v: {}}\nsecrets: {s: {file: s.txt}}\nconfigs: {c: {content: x}}\n" +
			"-- sub/other.yaml --\nservices:\n  d:\n" + service.Draw(t, "d") + "  b:\n    image: o\n  c:\n    image: q\n"
		dir, names := write(top, archive)
		compare(top, dir, names, func(format string, args ...any) {
			t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), archive)
		})
	})
}

// Services that extend a large one make more values than Compose copes with.
func TestManyCopies(t *testing.T) {
	for name, archive := range map[string]string{
		"extends": "-- one.yaml --\nservices:\n  a: {image: x, environment: [%s]}\n%s",
		"include": "-- one.yaml --\ninclude: [s/base.yaml]\nservices:\n%[2]s-- s/base.yaml --\nservices:\n  a: {image: x, environment: [%[1]s]}\n",
	} {
		var variables, services strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&variables, "V%d=1, ", i)
			fmt.Fprintf(&services, "  s%d: {extends: {service: a%s}}\n", i, map[string]string{"extends": "", "include": ", file: s/base.yaml"}[name])
		}
		dir, names := write(t, fmt.Sprintf(archive, variables.String(), services.String()))
		p, err := readAll(t, dir, names, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		if len(p.Faults) != 1 || p.Faults[0].Kind != TooLarge || p.Faults[0].Line < 90 {
			t.Errorf("%s: got %v", name, p.Faults)
		}
	}
}

// Nodes keep the places of the files that they are from.
func TestPlaces(t *testing.T) {
	dir, names := write(t, "-- one.yaml --\ninclude: [sub/inc.yaml]\nservices:\n  n: {image: ñ, labels: [ñ=1, a=2]}\n  b: {extends: {service: c, file: sub/inc.yaml}}\n"+
		"-- two.yaml --\nservices:\n  n:\n    labels: {ñ: 3}\n    ports: ['1:1']\n-- sub/inc.yaml --\nservices:\n  c: {image: ñ, mem_limit: 1g}\n")
	p, err := readAll(t, dir, names, nil)
	if err != nil || len(p.Faults) > 0 {
		t.Fatal(err, p.Faults)
	}
	for path, want := range map[string]string{
		"services.n.image": "one.yaml:3:14", "services.n.labels.ñ": "two.yaml:3:17", "services.n.labels.a": "one.yaml:3:31", "services.n.ports.0": "two.yaml:4:13",
		"services.b.mem_limit": "sub/inc.yaml:2:28", "services.c.image": "sub/inc.yaml:2:14", "services.b.extends": "",
	} {
		got := ""
		if n := load.Node(p.Root, strings.Split(path, ".")); n != nil {
			got = strings.TrimPrefix(p.Place(n).String(), dir+"/")
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	_, err = p.Load(t.Context(), load.Options{Project: "p", Profiles: []string{"*"}, Environment: map[string]string{}})
	if err != nil {
		t.Error(err)
	}
}

// Compose merges build.ssh otherwise than lists: a list of one file is a mapping by the time that another file comes.
func TestLikeComposeOverSSH(t *testing.T) {
	list, mapping := "{build: {context: ., ssh: [default]}}", "{build: {context: ., ssh: {default: null}}}"
	more := map[string]string{"list": `{build: {context: ., ssh: ["k=./k"]}}`, "mapping": "{build: {context: ., ssh: {k: ./k}}}"}
	for name, over := range more {
		for base, text := range map[string]string{"list": list, "mapping": mapping} {
			t.Run(name+" over "+base, func(t *testing.T) {
				for _, archive := range []string{
					"-- one.yaml --\nservices: {a: " + text + "}\n-- two.yaml --\nservices: {a: " + over + "}\n",
					"-- one.yaml --\nservices: {b: " + text + ", a: {extends: {service: b}, " + over[1:] + "}\n",
					"-- one.yaml --\nservices: {a: {extends: {service: b, file: s/x.yaml}, " + over[1:] + "}\n-- s/x.yaml --\nservices: {b: " + text + "}\n",
					"-- one.yaml --\nservices: {a: {extends: {service: b, file: s/x.yaml}}}\n-- two.yaml --\nservices: {a: " + over + "}\n-- s/x.yaml --\nservices: {b: " + text + "}\n",
				} {
					dir, names := write(t, archive)
					compare(t, dir, names, t.Errorf)
				}
			})
		}
	}
}

// What cannot be read or merged has the place where it is named.
func TestFaults(t *testing.T) {
	for archive, want := range map[string]string{
		"-- one.yaml --\ninclude: [no.yaml]\n":                                                                                    "one.yaml:1:11: no.yaml: no such file or directory",
		"-- one.yaml --\nservices:\n  a: {extends: {service: b, file: ñ.yaml}}\n":                                                 "one.yaml:2:35: ñ.yaml: no such file or directory",
		"-- one.yaml --\nservices: {a: {extends: b}}\n":                                                                           "one.yaml:1:25: service a: there is no service \"b\"",
		"-- one.yaml --\nservices: {a: {security_opt: [b]}}\n-- two.yaml --\nservices: {a: {security_opt: ñ}}\n":                  "two.yaml:1:30: cannot override services.a.security_opt: it is a list in DIR/one.yaml:1:30 and a single value here",
		"-- one.yaml --\ninclude: [s/x.yaml]\n-- s/x.yaml --\ninclude: [../one.yaml]\n":                                           "s/x.yaml:1:11: include cycle: DIR/one.yaml includes itself",
		"-- one.yaml --\ninclude: [s/x.yaml]\n-- s/x.yaml --\na: [\n":                                                             "one.yaml:1:11: DIR/s/x.yaml:1:5: while",
		"-- one.yaml --\nservices: {a: {extends: {service: wbe, file: s/x.yaml}}}\n-- s/x.yaml --\nservices: {web: {image: x}}\n": "one.yaml:1:35: service a: there is no service \"wbe\" in DIR/s/x.yaml, did you mean web?",
		"-- one.yaml --\ninclude: ['']\n":                                                                                         "one.yaml:1:11: include: there is no path",
		"-- one.yaml --\nservices: {a: {extends: {service: ''}}}\n":                                                               "one.yaml:1:35: service a: there is no name in what it extends",
		"-- one.yaml --\nservices: {a: {extends: b}, b: {extends: a}}\n":                                                          "one.yaml:1:42: services extend each other: a → b → a",
	} {
		dir, names := write(t, archive)
		p, err := readAll(t, dir, names, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Faults) != 1 || !strings.HasPrefix(strings.ReplaceAll(p.Faults[0].Error(), dir, "DIR"), "DIR/"+want) {
			t.Errorf("%s\ngot %v, want %s", archive, p.Faults[0].Error(), want)
		}
	}
}

// Files that make far more than they are, are read in time.
func TestBounded(t *testing.T) {
	var archive strings.Builder
	for i := range 40 {
		fmt.Fprintf(&archive, "-- f%02d.yaml --\ninclude: [f%02d.yaml, {path: f%02d.yaml}]\n", i, i+1, i+1)
		if i == 0 {
			archive.WriteString("-- _stop --\n")
		}
	}
	archive.WriteString("-- f40.yaml --\nservices: {a: {image: x}}\n")
	dir, names := write(t, archive.String())
	p, err := readAll(t, dir, names, nil)
	if err != nil || len(p.Faults) > 0 || len(p.Files) != 41 {
		t.Fatal(err, p.Faults)
	}
}
