//go:build unix

package cli

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hostile are what can stand in a file's place, by name.
var hostile = map[string]func(path string) error{
	"pipe":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
	"device":    func(path string) error { return os.Symlink("/dev/zero", path) },
	"directory": func(path string) error { return os.Mkdir(path, 0o700) },
	"loop":      func(path string) error { return os.Symlink(path, path) },
	"huge": func(path string) error {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Truncate(1<<40), f.Close())
	},
	"socket": func(path string) error {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			return err
		}
		l.SetUnlinkOnClose(false)
		return l.Close()
	},
}

// A command answers at once if a file that it reads, or that another file names, is a pipe, a device or the like.
func TestHostileFiles(t *testing.T) {
	const compose = "services: {a: {image: x}}\n"
	for _, tt := range []struct {
		args  string
		at    string            // the hostile file
		files map[string]string // the others
	}{
		{args: "lint compose.yaml", at: "compose.yaml"},
		{args: "lint -f x.yaml -f compose.yaml", at: "compose.yaml", files: map[string]string{"x.yaml": compose}},
		{args: "lint compose.yaml", at: ".composer-lint.yaml", files: map[string]string{"compose.yaml": compose}},
		{args: "lint --fix compose.yaml", at: "compose.yaml"},
		{args: "graph -f compose.yaml", at: "compose.yaml"},
		{args: "graph -f compose.yaml", at: "inc.yaml", files: map[string]string{"compose.yaml": "include: [inc.yaml]\n" + compose}},
		{args: "graph -f compose.yaml", at: "env", files: map[string]string{"compose.yaml": "include: [{path: inc.yaml, env_file: env}]\n" + compose, "inc.yaml": "services: {b: {image: x}}\n"}},
		{args: "graph -f compose.yaml", at: "base.yaml", files: map[string]string{"compose.yaml": "services: {a: {extends: {file: base.yaml, service: a}}}\n"}},
		{args: "graph -f compose.yaml", at: ".env", files: map[string]string{"compose.yaml": compose}},
		{args: "diff compose.yaml x.yaml", at: "x.yaml", files: map[string]string{"compose.yaml": compose}},
		{args: "run -f compose.yaml", at: "compose.yaml"},
		{args: "run -f compose.yaml", at: "e.env", files: map[string]string{"compose.yaml": "services: {server: {image: server, env_file: e.env}}\n"}},
		{args: "run -f compose.yaml", at: "labels", files: map[string]string{"compose.yaml": "services: {server: {image: server, label_file: labels}}\n"}},
		{args: "run -f compose.yaml", at: ".env", files: map[string]string{"compose.yaml": "services: {server: {image: server}}\n"}},
		{args: "render --bundle b", at: "b"},
		{args: "render --bundle b", at: "b/stages.yaml"},
		{args: "render --bundle b", at: "b/values.yaml", files: map[string]string{"b/stages.yaml": "default: a\nstages: [{name: a}]\n"}},
		{args: "render --values v.yaml", at: "v.yaml"},
		{args: "render --set-file project=v", at: "v"},
		{args: "render --template client=c.tmpl", at: "c.tmpl"},
		{args: "render", at: ".stage"},
		{args: "values --values v.yaml", at: "v.yaml"},
		{args: "stages --bundle b", at: "b/stages.yaml"},
		{args: "data check agency-1.csv", at: "agency-1.csv"},
		{args: "data check d", at: "d/agency-1.csv"},
		{args: "data extract a.zip", at: "a.zip"},
		{args: "data extract", at: ".data/dataset.zip"},
		{args: "config check config.ini", at: "config.ini"},
		{args: "config show config.yaml", at: "config.yaml"},
		{args: "verify --repo r", at: "r"},
		{args: "deliver --repo r", at: "r"},
	} {
		for kind, make := range hostile {
			t.Run(tt.args+" "+tt.at+" "+kind, func(t *testing.T) {
				t.Parallel()
				if kind == "directory" && (tt.at == "b" || tt.at == "r" || tt.at == ".env" || tt.args == "data check agency-1.csv" || tt.args == "lint compose.yaml") {
					t.Skip("a directory is right there, is ignored, or says that it has none of the files")
				}
				//nolint:usetesting // A test of a long name has a long directory, in which no socket fits.
				dir, err := os.MkdirTemp("", "hostile")
				if err != nil {
					t.Fatal(err)
				}
				defer os.RemoveAll(dir)
				for name, text := range tt.files {
					write(t, filepath.Join(dir, name), text)
				}
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, tt.at)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := make(filepath.Join(dir, tt.at)); err != nil {
					t.Fatal(err)
				}
				c := exec.CommandContext(t.Context(), "composer", strings.Fields(tt.args)...)
				c.Dir, c.WaitDelay = dir, time.Second
				var stdout, stderr bytes.Buffer
				c.Stdout, c.Stderr = &stdout, &stderr
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				hangs := time.AfterFunc(20*time.Second, func() { _ = c.Process.Kill() })
				err = c.Wait()
				if !hangs.Stop() {
					t.Fatal("it hangs")
				}
				said := stdout.String() + stderr.String() // findings are data
				if err == nil || !strings.Contains(said, filepath.Base(tt.at)) || strings.Contains(said, "goroutine") {
					t.Errorf("%v\n%s", err, said)
				}
				if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok && usage.Maxrss > 200<<10 {
					t.Errorf("it took %d MiB", usage.Maxrss>>10)
				}
			})
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
