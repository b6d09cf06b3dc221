//go:build unix

package verify

import (
	"errors"
	"os"
	"path/filepath"
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

// A lab that is up and has the network that a script looks for is no fault of the solution.
func TestNetworkInUse(t *testing.T) {
	bin, dir := t.TempDir(), t.TempDir()
	if err := errors.Join(
		os.WriteFile(filepath.Join(bin, "docker"), []byte("#!/bin/sh\n"), 0o755),
		os.WriteFile(filepath.Join(dir, "validar-echo-server.sh"), []byte("docker run --network tp0_red"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	s := &site{stage: "ej3", dir: dir}
	if err := s.locate(); err != nil {
		t.Fatal(err)
	}
	defer s.root.Close()
	project := &types.Project{Name: "tp0", Networks: types.Networks{"red": {Name: "tp0_red"}}}
	if names, err := networkNames(t.Context(), s, project, "lab"); !isTrouble(err) {
		t.Errorf("%v, error %v", names, err)
	}
}
