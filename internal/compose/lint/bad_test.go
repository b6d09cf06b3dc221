package lint

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/test/fifo"
)

// One finding that says what is wrong, in bounded time.
func TestUnreadable(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("binary", "\x7fELF\x02\x01\x01\x00\x00")
	write("utf16", "\xff\xfes\x00e\x00")
	write("file", "")
	large, err := os.Create("large")
	if err != nil {
		t.Fatal(err)
	}
	if err := large.Truncate(1 << 30); err != nil {
		t.Fatal(err)
	}
	large.Close()
	fifo.Make(t, "pipe")
	for _, err := range []error{os.Mkdir("folder", 0o755), os.Symlink("loop", "loop")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ name, want string }{
		{"gone", "gone:1:1: error: no such file or directory [unreadable]"},
		{"file/below", "file/below:1:1: error: not a directory [unreadable]"},
		{"folder", "folder:1:1: error: it is a directory without Compose files [unreadable]"},
		{"loop", "loop:1:1: error: it is a symbolic link that leads to itself [unreadable]"},
		{"pipe", "pipe:1:1: error: it is a pipe that nobody writes to [unreadable]"},
		{"/dev/zero", "/dev/zero:1:1: error: it is larger than 4 MiB [unreadable]"},
		{"large", "large:1:1: error: it is larger than 4 MiB [unreadable]"},
		{"binary", "binary:1:8: error: is not text in UTF-8 from here on [unreadable]"},
		{"utf16", "utf16:1:1: error: is not text in UTF-8 from here on [unreadable]"},
		{"file", "file:1:1: error: there is nothing in it: want a mapping with services [yaml-syntax]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			found, err := CheckFile(t.Context(), tt.name, nil)
			if err != nil || len(found) != 1 || found[0].String() != tt.want {
				t.Errorf("got %v, %v, want %s", found, err, tt.want)
			}
		})
	}
}

// What is piped in is a file like any other.
func TestReader(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("#", project.MaxFile+1): "stdin:1:1: error: it is larger than 4 MiB [unreadable]",
		"[]":                                   "stdin:1:1: error: want a mapping with services, not a list [yaml-syntax]",
	} {
		found, err := CheckReader(t.Context(), strings.NewReader(text), "stdin", nil)
		if err != nil || len(found) != 1 || found[0].String() != want {
			t.Errorf("got %v, %v, want %s", found, err, want)
		}
	}
}

// Half of what is wrong would look like all of it.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("that is enough"))
	found, err := Check(ctx, Source{Name: "f", Text: []byte("services: {a: {imag: x}}")}, nil)
	if found != nil || err == nil || err.Error() != "f: not all was checked: that is enough" {
		t.Errorf("got %v, %v", found, err)
	}
}

// A pipe that somebody writes to is read to its end, as in lint <(make-it).
func TestPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pipe")
	fifo.Make(t, name)
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer f.Close()
		fmt.Fprint(f, "services: {a: {imag: x}}")
		time.Sleep(50 * time.Millisecond) // the reader waits
	}()
	if found, err := CheckFile(t.Context(), name, nil); err != nil || len(found) == 0 || found[0].Rule != "specification" {
		t.Errorf("got %v, %v", found, err)
	}
}

// Texts that are as large as a file may be, and made to take long.
func TestLargeTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	fill := func(head, part, tail string) string {
		return head + strings.Repeat(part, (project.MaxFile-len(head)-len(tail))/len(part)) + tail
	}
	many := func(part string) string {
		var b strings.Builder
		b.WriteString("services:\n")
		for i := 0; b.Len() < project.MaxFile/4; i++ {
			fmt.Fprintf(&b, part, i)
		}
		return b.String()
	}
	tests := []struct{ name, text string }{
		{"alias bomb", "x-a: &a [k, v]\n" + bomb("[%s]") + "services: {a: {image: x, command: *h}}"},
		{"values", fill("a: [", "1,", "1]")},
		{"keys", fill("a: {", "b, ", "c}")},
		{"brackets", fill("", "[", "")},
		{"comments", fill("", "# composer-lint: disable=no\n", "")},
		{"one line", fill("a: '", "x", "'")},
		{"dollars", fill("a: '", "${", "'")},
		{"aliases", fill("x: &a {b: c}\nd: [", "*a,", "*a]")},
		{"services", many("  s%d: {image: x, container_name: cc, hostname: h, ports: ['80:80'], depends_on: [s1]}\n")},
		{"profiles", many("  s%[1]d: {image: x, container_name: cc, profiles: [p%[1]d], ports: ['80:80']}\n")},
		{"ranges", many("  s%d: {image: x, profiles: [p%[1]d], ports: ['1-65535:1-65535']}\n")},
		{"unlike services", many("  s%[1]d: {image: x, labels: {l%[1]d: x}, dns: [z%[1]d], command: [a%[1]x]}\n")},
		{"silenced names", fill("# composer-lint: disable=", "x,", "\nservices: {a: {image: x}}")},
		{"profiles of few", "services:\n" + profiles(20, 10_000)},
		{"long aliases", "x-a: &a " + strings.Repeat("a", 1<<20) + "\nservices: {a: {image: x, command: [" + strings.Repeat("*a, ", 50_000) + "]}}"},
		{"keys beside services", "services: {a: {image: x}}\n" + strings.ReplaceAll(many("x-%d: 1\n"), "services:\n", "")},
		{"unknown keys at the top", "services: {a: {image: x}}\n" + strings.ReplaceAll(many("k%d: 1\n"), "services:\n", "")},
		{"unknown keys of a long name", "services:\n  ? " + strings.Repeat("a", 1<<20) + "\n  : {image: x, " + strings.ReplaceAll(many("k%d: 1, "), "services:\n", "") + "}"},
		{"long chain", many("  s%[1]d: {image: x, depends_on: [s%[1]d0]}\n")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			found := checkSource(t, Source{Name: "f", Text: []byte(tt.text)})
			runtime.ReadMemStats(&after)
			first := "nothing"
			if len(found) > 0 {
				first = found[0].String()
			}
			const most = 4096 // more than all but what grows with the square of the text
			allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%d MiB allocated, %d findings: %s", allocated, len(found), first)
			if allocated > most {
				t.Errorf("%d MiB allocated", allocated)
			}
		})
	}
}

// profiles is n services with the same name for their containers, each with m profiles
// of its own.
func profiles(n, m int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  s%d: {image: x, container_name: cc, profiles: [", i)
		for j := range m {
			fmt.Fprintf(&b, "p%d-%d, ", i, j)
		}
		b.WriteString("]}\n")
	}
	return b.String()
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		"services: {a: {image: x, ports: ['80:80'], networks: {n: {ipv4_address: 10.0.0.1}}}}\nnetworks: {n: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}",
		"x: &a {<<: *a}\nservices: *a", "&a {<<: *a}", "&a\n<<: [*a, *a]\nservices: *:", "services: {a: &a {<<: [*a, {b: c}]}}", "services:\n  a: !reset null\n", "? [a]\n: b\n", "services: {a: {volumes: [a:b:c], depends_on: [a]}}",
		"- a\n---\nb", "services: {? {a: b} : c, ? *x : d}", "a: &x 1\n*x : 2\n", "\r\r0",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines := 1 // YAML has more line breaks than "\n"
		for _, r := range text {
			if strings.ContainsRune("\n\r\u0085\u2028\u2029", r) {
				lines++
			}
		}
		for _, found := range checkSource(t, Source{Name: "f", Dir: t.TempDir(), Text: []byte(text)}) {
			if found.Line < 1 || found.Line > lines+1 || found.Column < 1 || found.Message == "" || strings.ContainsAny(found.Message, "\n\r\x1b") {
				t.Errorf("%+v", found)
			}
		}
	})
}
