//go:build unix

package bundle

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// The mode of a new directory is the one that mkdir would give it, not the 0700 of a temporary directory.
func TestStarterModeFollowsUmask(t *testing.T) {
	for _, umask := range []int{0o022, 0o027, 0o077} {
		dir := filepath.Join(t.TempDir(), "new")
		before := syscall.Umask(umask)
		err := WriteFiles(dir, StarterFS(), false)
		syscall.Umask(before)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if want := os.FileMode(0o777 &^ umask); info.Mode().Perm() != want {
			t.Errorf("umask %03o: the directory has mode %03o, want %03o", umask, info.Mode().Perm(), want)
		}
	}
}
