package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCurrentDirectoryIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	_, err := Document(t.Context(), document(head, 2, same(one), tail))
	if err == nil || !strings.HasPrefix(err.Error(), "check: the current directory is gone") {
		t.Errorf("got %v", err)
	}
}
