package lint

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/text"
)

// The same of three services or more is one finding, and nothing that differs is lost.
func TestFold(t *testing.T) {
	replicas := func(n int, body string) string {
		var b strings.Builder
		for i := 1; i <= n; i++ {
			fmt.Fprintf(&b, "  client%d: {%s}\n", i, strings.ReplaceAll(body, "#", strconv.Itoa(i)))
		}
		return b.String()
	}
	for _, tt := range []struct{ name, text, want string }{
		{"two", "services:\n" + replicas(2, "image: x, imag: y"), "2:23 unknown key \"services.client1.imag\", did you mean image?\n3:23 unknown key \"services.client2.imag\", did you mean image?\n"},
		{"many", "services:\n" + replicas(12, "image: x, imag: y"), "2:23 unknown key \"services.client1.imag\", did you mean image?: client1 … client12 (12 services)\n"},
		{"numbers", "services:\n" + replicas(12, "image: x, networks: [n#]"), "2:34 client1 … client12 (12 services): there is no network \"n1\"\n"},
		{"two of each", "services:\n" + replicas(4, "image: x, networks: [n1, n2]"), "2:34 client1 … client4 (4 services): there is no network \"n1\"\n2:38 client1 … client4 (4 services): there is no network \"n2\"\n"},
		{"other names", "services:\n  a: {image: x, networks: [n]}\n  b: {image: x, networks: [n]}\n  web: {image: x, networks: [n, m]}\n", "2:28 a, b, web (3 services): there is no network \"n\"\n4:33 service web: there is no network \"m\"\n"},
		{"other numbers of other names", "services:\n  a: {image: x, networks: [n1]}\n  b: {image: x, networks: [n2]}\n  c: {image: x, networks: [n3]}\n", "2:28 service a: there is no network \"n1\"\n3:28 service b: there is no network \"n2\"\n4:28 service c: there is no network \"n3\"\n"},
		{"of an anchor", "x-a: &a {image: x, networks: [n]}\nservices:\n  a1: *a\n  a2: *a\n  a3: *a\n  a4: *a\n", "1:31 a1 … a4 (4 services): there is no network \"n\"\n"},
		{"outside", "services: {a: {image: x}}\nconfigs: {a: {x: 1}, b: {x: 1}, c: {x: 1}}\n", "2:15 unknown key \"configs.a.x\"\n2:26 unknown key \"configs.b.x\"\n2:37 unknown key \"configs.c.x\"\n"},
	} {
		var got strings.Builder
		for _, f := range Fold(checkSource(t, Source{Name: "f", Dir: ".", Text: []byte(tt.text)})) {
			fmt.Fprintf(&got, "%d:%d %s\n", f.Line, f.Column, f.Message)
		}
		if diff := cmp.Diff(tt.want, got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if got := enumerate([]string{"a1", "a2", "a3", "a4", "db", "web", "x1", "x2", "y"}); got != "a1 … a4, db, web, x1, …" {
		t.Errorf("got %s", got)
	}
}

// GitHub's workflow commands: what ends a property or the message is escaped.
func TestGitHub(t *testing.T) {
	for want, f := range map[string]Finding{
		"::error file=a%2Cb%3A%25.yaml,line=1,col=2,title=yaml-syntax::50%25: a, b%0Ac%0D": {
			Place: text.Place{File: "a,b:%.yaml", Line: 1, Column: 2}, Severity: Error, Rule: "yaml-syntax", Message: "50%: a, b\nc\r",
		},
		"::notice file=x,line=3,col=4,title=obsolete-version::é": {Place: text.Place{File: "x", Line: 3, Column: 4}, Severity: Note, Rule: "obsolete-version", Message: "é"},
		"::warning file=x,line=3,col=4,title=y::z":               {Place: text.Place{File: "x", Line: 3, Column: 4}, Severity: Warning, Rule: "y", Message: "z"},
	} {
		if got := f.GitHub(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// A missing source is a warning if it looks like a file, or if Docker refuses it.
func TestLooksLikeFile(t *testing.T) {
	for path, want := range map[string]bool{
		"./data": false, "./nginx.conf": true, "./conf.d": false, ".env": true, ".env.local": true, "./.cache": false, "./v1.2": false, "./x.conf/": false,
		"./a.b/c": false, "Dockerfile": true, "./.eslintrc.json": true, "..": false, "./ñ.csv": true,
	} {
		if got := looksLikeFile(path); got != want {
			t.Errorf("%s: got %t", path, got)
		}
	}
	text := "services:\n  a:\n    image: x\n    volumes: [./gone:/a, ./gone.ini:/b, {type: bind, source: ./gone2, target: /c, bind: {create_host_path: false}}]\n"
	s := Source{Name: "f", Dir: t.TempDir(), Text: []byte(text)}
	for level, want := range map[string]string{On: "[note warning warning]", "error": "[error error error]"} {
		var got []Severity
		for _, f := range checkWith(t, s, levels(level, "missing-mount-source")) {
			got = append(got, f.Severity)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: got %v, want %s", level, got, want)
		}
	}
}
