package lint

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What --fix mends, and what it leaves: comments, order, anchors, line ends and every other byte.
func TestFix(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "services: {a: {image: x}}\n", "services: {a: {image: x}}\n"},
		{"version", "# a\nversion: \"3.8\"\n\nservices: {a: {image: x}} # b\n", "# a\n\nservices: {a: {image: x}} # b\n"},
		{"version with a comment", "version: '3' # why\nservices: {a: {image: x}}\n", "# why\nservices: {a: {image: x}}\n"},
		{"version at the end", "services: {a: {image: x}}\n\"version\" : 3", "services: {a: {image: x}}\n"},
		{"version after a mark", "\ufeffversion: 3\r\nservices: {a: {image: ñ}}\r\n", "\ufeffservices: {a: {image: ñ}}\r\n"},
		{"version of JSON", "{\n  \"version\": \"3\",\n  \"services\": {\"a\": {\"image\": \"x\"}}\n}\n", "{\n  \"services\": {\"a\": {\"image\": \"x\"}}\n}\n"},
		{"version at the end of JSON", "{\"services\": {\"a\": {\"image\": \"x\"}},\n \"version\": \"3\"}\n", "{\"services\": {\"a\": {\"image\": \"x\"}}}\n"},
		{"version in a line", "{version: 3, services: {a: {image: x}}}\n", "{services: {a: {image: x}}}\n"},
		{"version with an anchor", "version: &v '3'\nservices: {a: {image: x, labels: {v: *v}}}\n", "version: &v '3'\nservices: {a: {image: x, labels: {v: *v}}}\n"},
		{"version in lines", "version:\n  '3'\nservices: {a: {image: x}}\n", "version:\n  '3'\nservices: {a: {image: x}}\n"},
		{"silenced", "version: 3 # composer-lint: disable=obsolete-version\nservices: {a: {image: x}}\n", "version: 3 # composer-lint: disable=obsolete-version\nservices: {a: {image: x}}\n"},
		{"quotes", "services:\n  a: &a\n    image: x\n    environment: {Ñ: on, B: yes, C: 22:22} # on\n    ports:\n    - 22:22 # on\n", "services:\n  a: &a\n    image: x\n    environment: {Ñ: \"on\", B: \"yes\", C: \"22:22\"} # on\n    ports:\n    - \"22:22\" # on\n"},
		{"a number is another one", "services: {a: {image: x, environment: {A: 007, B: 0777}}}\n", "services: {a: {image: x, environment: {A: 007, B: 0777}}}\n"},
		{"a date", "services: {a: {image: x, environment: {A: 1999-03-17}}}\n", "services: {a: {image: x, environment: {A: 1999-03-17}}}\n"},
		{
			"duplicates", "services:\n  a:\n    image: x\n    cap_add:\n      - CHOWN # first\n      # second\n      - CHOWN   # why\n      - KILL\n      - 'CHOWN'\n    security_opt: [a, b, a, a]\n    dns: [1.1.1.1,1.1.1.1 , 8.8.8.8]\n",
			"services:\n  a:\n    image: x\n    cap_add:\n      - CHOWN # first\n      # second\n      # why\n      - KILL\n    security_opt: [a, b]\n    dns: [1.1.1.1 , 8.8.8.8]\n",
		},
		{"twice for a reason", "services: {a: {image: x, command: [echo, a, a]}}\n", "services: {a: {image: x, command: [echo, a, a]}}\n"},
		{"the last one counts", "version: '3'\nservices: {a: {image: x, environment: [A=1, A=2, A=1]}}\n", "services: {a: {image: x, environment: [A=1, A=2, A=1]}}\n"},
		{"refused at first", "version: 3\nservices: {a: {image: x, environment: [A=1, A=2, A=1], security_opt: [a, b, a, a]}}\n", "services: {a: {image: x, environment: [A=1, A=2, A=1], security_opt: [a, b]}}\n"},
		{"variables", "version: 3\nservices: {a: {image: 'x:${T:?}', cpus: $CPUS, ports: ['${P}:80', '${P}:80']}}\n", "services: {a: {image: 'x:${T:?}', cpus: $CPUS, ports: ['${P}:80']}}\n"},
		{"fragment", "version: 3\nservices: {a: {networks: [n], depends_on: [b], extends: {file: gone.yaml, service: b}}}\ninclude: [gone.yaml]\n", "services: {a: {networks: [n], depends_on: [b], extends: {file: gone.yaml, service: b}}}\ninclude: [gone.yaml]\n"},
		{"alias", "x-a: &a [CHOWN, CHOWN]\nservices: {a: {image: x, cap_add: *a}, b: {image: x, cap_add: *a}}\n", "x-a: &a [CHOWN]\nservices: {a: {image: x, cap_add: *a}, b: {image: x, cap_add: *a}}\n"},
		{"odd line ends", "version: 3\rservices: {a: {image: x}}\r", "version: 3\rservices: {a: {image: x}}\r"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Source{Name: "f", Dir: t.TempDir(), Text: []byte(tt.text)}
			fixed, mended, err := Fix(t.Context(), s, nil)
			if err != nil && !errors.Is(err, ErrChanges) {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(fixed)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if changed := tt.want != tt.text; (len(mended) > 0) != changed {
				t.Errorf("mended %v", mended)
			}
		})
	}
}

// Among many changes, only those that alter the project are left out.
func TestFixMany(t *testing.T) {
	text := "services:\n"
	for i := range 60 {
		text += fmt.Sprintf("  s%d:\n    image: x\n    environment: {A: on}\n", i)
	}
	const lastCounts = "environment: [A=1, A=2, A=1]" // Compose takes the last one
	for _, name := range []string{"s7", "s50"} {
		text = strings.Replace(text, "  "+name+":\n    image: x\n    environment: {A: on}\n", "  "+name+":\n    image: x\n    "+lastCounts+"\n", 1)
	}
	fixed, mended, err := Fix(t.Context(), Source{Name: "f", Dir: t.TempDir(), Text: []byte(text)}, nil)
	if want := strings.ReplaceAll(text, "A: on", `A: "on"`); err != nil || string(fixed) != want || len(mended) != 58 || !strings.Contains(want, lastCounts) {
		t.Errorf("%v, mended %d\n%s", err, len(mended), fixed)
	}
}

// With the set style, ports get quotes, whatever Compose takes them for.
func TestFixStyle(t *testing.T) {
	text := "services:\n  a:\n    image: x\n    ports:\n      - 80:80 # c\n      - 8080\n      - {target: 81}\n      - '82'\n      - ${P}:83\n    expose: [3000-3001,84]\n"
	want := "services:\n  a:\n    image: x\n    ports:\n      - \"80:80\" # c\n      - \"8080\"\n      - {target: 81}\n      - '82'\n      - \"${P}:83\"\n    expose: [\"3000-3001\",\"84\"]\n"
	fixed, _, err := Fix(t.Context(), Source{Name: "f", Dir: ".", Text: []byte(text)}, levels(On, "style"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(fixed)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The set style reports the first key of each mapping that is out of order, and ports without quotes once.
func TestStyle(t *testing.T) {
	text := "services:\n  a: {ports: [22:22, 80:80], x-z: 1, image: x, cap_add: [KILL], build: .}\n  b: {<<: {user: u}, image: x}\nx-a: 1\nname: n\n"
	var got strings.Builder
	for _, f := range checkWith(t, Source{Name: "f", Dir: ".", Text: []byte(text)}, levels(On, "style")) {
		fmt.Fprintf(&got, "%d:%d %s\n", f.Line, f.Column, f.Message)
	}
	want := "2:15 without quotes, 22:22 is 1342 to readers of YAML 1.1: write \"22:22\"\n2:22 service a: port 80:80 has no quotes: write \"80:80\"\n" +
		"2:38 service a: image usually stands before ports\n4:1 the file: x-a usually stands before services\n"
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A file that Compose refuses, and goes on to refuse, is left as it is.
func TestFixRefused(t *testing.T) {
	text := "version: 3\nservices: {a: {image: x, stop_grace_period: soon}}\n"
	fixed, mended, err := Fix(t.Context(), Source{Name: "f", Dir: ".", Text: []byte(text)}, nil)
	if string(fixed) != text || mended != nil || !errors.Is(err, ErrRefused) {
		t.Errorf("got %q, %v, %v", fixed, mended, err)
	}
	name := filepath.Join(t.TempDir(), "compose.yaml")
	if mended, err := FixFile(t.Context(), name, nil); mended != nil || err != nil {
		t.Errorf("of a missing file: %v, %v", mended, err)
	}
	if err := os.WriteFile(name, []byte("version: 3\nservices: {a: {image: x}}\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	mended, err = FixFile(t.Context(), name, nil)
	if err != nil || len(mended) != 1 || mended[0].Rule != "obsolete-version" {
		t.Errorf("got %v, %v", mended, err)
	}
	content, err := os.ReadFile(name)
	info, _ := os.Stat(name)
	if err != nil || string(content) != "services: {a: {image: x}}\n" || info.Mode().Perm() != 0o640 {
		t.Errorf("got %q, %v, %v", content, info.Mode(), err)
	}
}

// Of any file, Compose reads the same after it is mended, comments stay, and nothing is left to mend.
func TestFixKeepsMeaning(t *testing.T) {
	scalar := rapid.SampledFrom([]string{
		"on", "no", "Yes", "22:22", "80:80", "8080", "'a'", "\"b\"", "ñandú", "1999-03-17", "007", "1.10", "1e3", "A=1", "A=2", "CHOWN", "'${V}'", "${W:-x}",
		"127.0.0.1:80:80", "3000-3001", "\"a # b\"", "'it''s'", "a#b", "null", "~", "true", "*x", "&y z", "!!str 5", "\"\\\"q\\\"\"",
	})
	key := rapid.SampledFrom([]string{
		"environment", "cap_add", "ports", "expose", "dns", "labels", "security_opt", "command", "volumes", "tmpfs", "profiles", "depends_on", "networks", "sysctls",
	})
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end")
		comment := func() {
			if rapid.IntRange(0, 3).Draw(t, "comment") == 0 {
				fmt.Fprintf(&b, " # c%d, it's", b.Len())
			}
			b.WriteString(end)
		}
		version := func() {
			if rapid.Bool().Draw(t, "version") {
				b.WriteString("version: " + rapid.SampledFrom([]string{"3", "'3.8'", "\"3\"", "&v 3", ""}).Draw(t, "its value"))
				comment()
			}
		}
		if rapid.Bool().Draw(t, "above") {
			b.WriteString("x-y: &x CHOWN")
			comment()
			version()
		}
		b.WriteString("services:" + end + "  ñ" + "a:" + end + "    image: x" + end)
		for _, k := range rapid.SliceOfNDistinct(key, 0, 4, rapid.ID[string]).Draw(t, "keys") {
			values := rapid.SliceOfN(scalar, 1, 5).Draw(t, "items")
			switch rapid.IntRange(0, 2).Draw(t, "style") {
			case 0:
				fmt.Fprintf(&b, "    %s: [%s]", k, strings.Join(values, rapid.SampledFrom([]string{", ", ",", " ,  "}).Draw(t, "comma")))
				comment()
			case 1:
				fmt.Fprintf(&b, "    %s:", k)
				comment()
				for _, v := range values {
					b.WriteString("      - " + v)
					comment()
				}
			default:
				fmt.Fprintf(&b, "    %s:", k)
				comment()
				for i, v := range values {
					fmt.Fprintf(&b, "      K%d: %s", i, v)
					comment()
				}
			}
		}
		version()
		text := strings.ReplaceAll(b.String(), "  ña:", "  a:")
		s := Source{Name: "f", Dir: "/nowhere", Text: []byte(text)}
		o := levels(On, "security", "style")
		fixed, mended, err := Fix(t.Context(), s, o)
		if err != nil && !errors.Is(err, ErrChanges) && !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
		before := readings(t.Context(), s.Text)
		if !before.refused() && !before.same(readings(t.Context(), fixed)) && !bytes.Equal(fixed, s.Text) {
			t.Fatalf("Compose reads something else:\n%s\nand before\n%s", fixed, text)
		}
		if strings.Count(text, "# c") != strings.Count(string(fixed), "# c") {
			t.Fatalf("comments are lost:\n%s\nand before\n%s", fixed, text)
		}
		if strings.Count(string(fixed), "\r") > 0 && strings.Count(string(fixed), "\r\n") != strings.Count(string(fixed), "\n") {
			t.Fatalf("line ends are mixed:\n%q", fixed)
		}
		if (len(mended) > 0) == bytes.Equal(fixed, s.Text) {
			t.Fatalf("mended %v, and the text is\n%s", mended, fixed)
		}
		s.Text = fixed
		if again, mended, _ := Fix(t.Context(), s, o); !bytes.Equal(again, fixed) {
			t.Fatalf("a second time mends %v:\n%s\nand before\n%s", mended, again, fixed)
		}
	})
}
