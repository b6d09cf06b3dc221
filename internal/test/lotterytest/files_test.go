//go:build unix

package lotterytest

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// An agency's file that is no file is reported at once, with no central there.
func TestAgencyFileIsNoFile(t *testing.T) {
	l := newLab(t)
	if err := syscall.Mkfifo(filepath.Join(l.dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(l.dir, "directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"pipe":      "pipe: it is not a regular file",
		"directory": "directory: it is a directory",
		"missing":   "no such file",
	} {
		p := l.client(1, "batch", "CLI_AGENCY_FILE="+name)
		p.exit(1)
		p.has(1, want)
		p.has(0, "action: connect")
	}
}
