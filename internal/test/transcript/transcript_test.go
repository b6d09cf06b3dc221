//go:build unix

package transcript

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBlocks(t *testing.T) {
	const page = "# Page\n\n```console\n$ echo a   # why\na\n…\n$ cd x\n```\n\n```yaml\n$ no\n```\n\n```sh\nmake docker-image\n\nls\n```\n"
	want := []block{
		{{4, "echo a   # why", []string{"a", "…"}}, {7, "cd x", nil}},
		{{15, "make docker-image", nil}, {17, "ls", nil}},
	}
	got := blocks(page)
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(command{})); diff != "" {
		t.Fatal(diff)
	}
	if got[0].needsDocker() || !got[1].needsDocker() {
		t.Errorf("Docker: %v, %v", got[0].needsDocker(), got[1].needsDocker())
	}
}

func TestNeedsDocker(t *testing.T) {
	for text, want := range map[string]bool{
		"bash generar-compose.sh docker-compose-dev.yaml 3":  false,
		"grep NOMBRE docker-compose-dev.yaml":                false,
		"docker compose -f docker-compose-dev.yaml up -d":    true,
		"make docker-compose-up N=5":                         true,
		"sh validar-echo-server.sh":                          true,
		"go run ./composer verify --repo ../tp0 --stage ej4": true,
		"go run ./composer render --stage ej6 -n 5  # a lab": false,
	} {
		if got := (block{{text: text}}).needsDocker(); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestRunPage(t *testing.T) {
	const page = "```sh\necho docker >>ran\n```\n\n```console\n$ echo a >>ran\n$ echo b >>ran\n$ cd /\n```\n\n```console\n$ cat ran\na\nfirst\nb\n```\n"
	dir := t.TempDir()
	sh := shell{env: os.Environ(), limit: time.Minute, before: map[string]string{"echo b": "echo first >>ran"}}
	if err := sh.runPage(t.Context(), dir, page, false); err != nil {
		t.Error(err)
	}
	if err := sh.runPage(t.Context(), dir, "```sh\nls\n```\n", true); err == nil {
		t.Error("a page without a command is no error")
	}
	if err := sh.runPage(t.Context(), dir, "```sh\nls\nfalse\n```\n", false); err == nil || !strings.HasPrefix(err.Error(), "line 3: false: ") {
		t.Errorf("got %v", err)
	}
}

func TestShell(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		output     []string
		fails      string
	}{
		{"nothing shown", "echo a", nil, ""},
		{"shown", "echo a", []string{"a"}, ""},
		{"not on stdout", "echo a >&2", []string{"a"}, `there is no ["a"]`},
		{"another", "echo b", []string{"a"}, `there is no ["a"]`},
		{"no end of line", "printf a", []string{"a"}, ""},
		{"more", "echo a; echo b", []string{"a"}, "the output has 2 lines, and the page 1"},
		{"left out", "echo a; echo b", []string{"b", "…"}, ""},
		{"another time and address", "echo 'server  | 2001-02-03 04:05:06 INFO ip: 172.25.125.9'", []string{"server | 2026-03-10 14:02:11 INFO ip: 172.25.125.3"}, ""},
		{"colours", `printf '\r\033[Kclient1 exited with code 0\n'`, []string{"client1 exited with code 0"}, ""},
		{"it fails", "exit 3", nil, "exit status 3"},
		{"it fails behind its output", "echo a; false", []string{"a"}, "exit status 1"},
		{"too slow", "sleep 60", nil, "deadline exceeded"},
		{"followed", "echo a; sleep 60; : logs -f", []string{"a"}, ""},
		{"followed for some time", "echo a; sleep 60; : logs -f", nil, ""},
		{"followed in vain", "echo a; sleep 60; : logs -f", []string{"b"}, "deadline exceeded\nthere is no [\"b\"]"},
		{"followed to its end", "echo a; : logs -f", []string{"b"}, `there is no ["b"]`},
		{"followed through a pipe", "(echo a; sleep 60) | grep --line-buffered a; : logs -f", []string{"a"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			limit := time.Minute
			if strings.HasPrefix(tt.fails, "deadline") {
				limit = 300 * time.Millisecond
			}
			s := shell{dir: t.TempDir(), env: os.Environ(), limit: limit, watch: 100 * time.Millisecond}
			err := s.run(t.Context(), command{line: 7, text: tt.text, output: tt.output})
			if (err == nil) != (tt.fails == "") || err != nil && (!strings.Contains(err.Error(), tt.fails) || !strings.HasPrefix(err.Error(), "line 7: ")) {
				t.Errorf("error %v, want %q", err, tt.fails)
			}
		})
	}
}

// A command that ends by itself when all has come is not one that fails.
func TestFollowOneThatHasEnded(t *testing.T) {
	gone := exec.Command("true")
	gone.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	var stdout buffer
	stdout.text.WriteString("a\n")
	ended := make(chan error)
	time.AfterFunc(150*time.Millisecond, func() { ended <- nil }) // that is when its end is heard of
	err := new(shell).follow(command{output: []string{"a"}}, &stdout, gone.Process.Pid, ended)
	if err != nil {
		t.Error(err)
	}
}

func TestShellKeepsItsDirectory(t *testing.T) {
	dir := t.TempDir()
	s := shell{dir: dir, env: os.Environ(), limit: time.Minute}
	for _, text := range []string{"mkdir below", "cd below", "touch file"} {
		if err := s.run(t.Context(), command{text: text}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "below", "file")); err != nil {
		t.Error(err)
	}
}

func TestWithoutTests(t *testing.T) {
	for command, want := range map[string]string{
		"make test   # all": "make -n test   # all",
		"make bench-render": "make -n bench-render",
		"make build":        "make build",
	} {
		if got := withoutTests(command); got != want {
			t.Errorf("%q becomes %q, want %q", command, got, want)
		}
	}
}
