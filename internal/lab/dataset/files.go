package dataset

import (
	"errors"
	"fmt"
	"io"

	"github.com/tp0-lab/composer/internal/files"
)

// newSet returns the set in which a dataset's files are written. It writes nothing outside of the files' directories,
// and the users of containers can read the files.
func newSet() *files.Set { return &files.Set{Contained: true, Mode: 0o644} }

// addFile is Set.Add. Its error explains a directory in the file's place.
func addFile(set *files.Set, path string, write func(io.Writer) error) error {
	err := set.Add(path, write)
	if errors.Is(err, files.ErrDirectory) {
		return fmt.Errorf("%w: Docker makes one where it mounts a missing file; remove it", err)
	}
	return err
}
