//go:build unix

package verify

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/files"
)

// A script may make a pipe or a device where a file belongs. It is neither waited for nor read without end.
func TestHostileFiles(t *testing.T) {
	s := &site{stage: "ej3", dir: t.TempDir()}
	if err := s.locate(); err != nil {
		t.Fatal(err)
	}
	defer s.root.Close()
	for name, make := range map[string]func(path string) error{
		"pipe":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"link":      func(path string) error { return os.Symlink("pipe.target", path) },
		"device":    func(path string) error { return os.Symlink("/dev/zero", path) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
	} {
		path := filepath.Join(s.dir, composeFile)
		if err := errors.Join(os.RemoveAll(path), make(path)); err != nil {
			t.Fatal(err)
		}
		if name == "link" {
			if err := syscall.Mkfifo(filepath.Join(s.dir, "pipe.target"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := loadCompose(t.Context(), s); err == nil {
			t.Errorf("%s: it is read as a Compose file", name)
		}
		if err := s.write(composeFile, []byte("services: {}\n")); err == nil {
			t.Errorf("%s: it is written to", name)
		} else if name == "pipe" && !errors.Is(err, files.ErrNotRegular) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A lab that is up and has the project or the network that a script looks for is no fault of the solution.
func TestProjectInUse(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	for script, want := range map[string]string{
		"echo tp0/tp0-red-1": "the Compose project tp0",
		"echo otro/server":   "the container server",
		"echo otro/otro-a-1": "the network tp0_red",
		":":                  "the network tp0_red",
		`[ "$1" = ps ]`:      "",
		"exit 1":             "exit status 1",
	} {
		if err := os.WriteFile(filepath.Join(bin, "docker"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		services := types.Services{"server": {ContainerName: "server"}, "client1": {}}
		err := unused(t.Context(), "tp0", &types.Project{Services: services}, map[string]string{"red": "tp0_red"})
		if want == "" && err != nil || want != "" && (!isTrouble(err) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", script, err, want)
		}
	}
}
