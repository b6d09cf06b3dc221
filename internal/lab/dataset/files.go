package dataset

import (
	"fmt"
	"io"
	"os"

	"github.com/tp0-lab/composer/internal/files"
)

// newSet returns the set that a dataset's files are written in: what an archive
// brings stays in its directory, and the containers' users can read it.
func newSet() *files.Set { return &files.Set{Contained: true, Mode: 0o644} }

// add is files.Add, and says of a directory in a file's place where it may come from.
func add(files *files.Set, path string, fill func(io.Writer) error) error {
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory (Docker makes one where it mounts a file that is missing): remove it", path)
	}
	return files.Add(path, fill)
}
