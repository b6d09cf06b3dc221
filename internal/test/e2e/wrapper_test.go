//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Without Go, generar-compose.sh builds composer in a container and then does
// what it does with Go.
func TestWrapperWithoutGo(t *testing.T) {
	checkout := filepath.Join(t.TempDir(), "checkout")
	if out, err := exec.Command("git", "clone", "-q", root, checkout).CombinedOutput(); err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	bin := t.TempDir()
	for _, tool := range []string{"docker", "sh", "dirname", "find", "head", "mkdir", "touch", "uname", "tr", "readlink"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link.sh")
	if err := os.Symlink(filepath.Join(checkout, "generar-compose.sh"), link); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, tt := range []struct {
		out, n string
		code   int
		says   string
	}{
		{"made.yaml", "2", 0, ""},
		{".", "2", 1, "it is a directory"},
		{"none/made.yaml", "2", 1, "there is no directory"},
		{os.DevNull, "2", 0, ""},
		{"made.yaml", "five", 2, "want a whole number"},
		{"", "5", 2, "usage:"},
	} {
		c := exec.Command(link, tt.out, tt.n)
		c.Dir = dir
		c.Env = []string{"PATH=" + bin, "HOME=" + os.Getenv("HOME"), "COMPOSER_STAGE=ej1"}
		out, err := c.CombinedOutput()
		if code := c.ProcessState.ExitCode(); code != tt.code || !strings.Contains(string(out), tt.says) {
			t.Errorf("%q %q: exit code %d (%v), want %d\n%s", tt.out, tt.n, code, err, tt.code, out)
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "made.yaml"))
	if err != nil || !strings.Contains(string(text), "client2:") {
		t.Errorf("got %q, %v", text, err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s was replaced", os.DevNull)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
