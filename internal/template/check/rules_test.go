package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Of several networks without room the first by name is told of, each time.
func TestRoomIsToldInOrder(t *testing.T) {
	const bad = ": {ipam: {config: [{subnet: nonsense}]}}\n  "
	doc := document(head, 2, same(one), "\n\nnetworks:\n  net: {}\n  e"+bad+"b"+bad+"d"+bad+"a"+bad+"c"+bad)
	for range 20 {
		if _, err := Document(t.Context(), doc); err == nil || !strings.Contains(err.Error(), "network a:") {
			t.Fatalf("got %v", err)
		}
	}
}

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
