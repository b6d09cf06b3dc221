package build

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/tp0-lab/composer/internal/compose/diff"
	"github.com/tp0-lab/composer/internal/files"
)

// Stale is a file that does not hold its document.
type Stale struct {
	Path string
	// Missing says that there is no such file.
	Missing bool
}

// Stale returns the files that Write would change, and writes nothing.
func (d Documents) Stale() ([]Stale, error) {
	var all []Stale
	for _, one := range d.All {
		state, err := files.Compare(one.Path, one.Write)
		if err != nil {
			return nil, err
		}
		if state != files.Current {
			all = append(all, Stale{Path: one.Path, Missing: state == files.Missing})
		}
	}
	return all, nil
}

// maxOld is how many bytes an old document may have to be compared.
const maxOld = 128 << 20

// Diff writes what Write would change as a unified diff, and nothing else.
func (d Documents) Diff(w io.Writer, style diff.Style) error {
	for _, one := range d.All {
		old, err := files.Read(one.Path, maxOld)
		missing := errors.Is(err, fs.ErrNotExist)
		if missing { // its directory has to be there
			_, err = files.Compare(one.Path, func(io.Writer) error { return nil })
		}
		if err != nil {
			return fmt.Errorf("compare %s: %w", one.Path, files.Cause(err))
		}
		text, err := one.text()
		if err != nil {
			return fmt.Errorf("compare %s: %w", one.Path, err)
		}
		before := diff.Text{Name: one.Path, Content: string(old)}
		if missing {
			before.Name = diff.None
		}
		if err := diff.Unified(w, before, diff.Text{Name: one.Path, Content: string(text)}, style); err != nil {
			return err
		}
	}
	return nil
}
