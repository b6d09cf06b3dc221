package draw_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/test/fifo"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

// A file that is no regular file, or no file of a central, is refused with a sentence and stays what it is.
func TestForeignFiles(t *testing.T) {
	const begun = "TP0J" // a journal that a crash has left at its beginning
	for _, suffix := range []string{"", ".journal", ".draw", ".draw.journal"} {
		for _, content := range []string{"8 bytes.", "8 bytes\n", "hello\nworld\n", "\x00\x01", strings.Repeat("x", 8192+17), begun} {
			dir := t.TempDir()
			path := filepath.Join(dir, "bets.csv")
			if err := os.WriteFile(path+suffix, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			l, err := draw.Open(t.Context(), path, 1, func(func(bool)) {}, store.Options{Encode: storetest.Encode})
			if err == nil {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
				if suffix != ".journal" && suffix != ".draw.journal" || content != begun {
					t.Errorf("%q in %s is taken", content, suffix)
				}
				continue
			}
			if !strings.Contains(err.Error(), path) {
				t.Errorf("%v", err)
			}
			storetest.FileIs(t, path+suffix, []byte(content))
			if _, err := os.Lstat(path); suffix != "" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q in %s: there is a bets.csv now: %v", content, suffix, err)
			}
		}
		for name, make := range map[string]func(string) error{
			"directory": func(p string) error { return os.Mkdir(p, 0o700) },
			"pipe":      func(p string) error { fifo.Make(t, p); return nil },
			"device":    func(p string) error { return os.Symlink("/dev/zero", p) },
		} {
			path := filepath.Join(t.TempDir(), "bets.csv")
			if err := make(path + suffix); err != nil {
				t.Fatal(err)
			}
			if _, err := draw.Open(t.Context(), path, 1, func(func(bool)) {}, store.Options{Encode: storetest.Encode}); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s as %s: %v", name, suffix, err)
			}
		}
	}
}
