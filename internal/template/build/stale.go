package build

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/tp0-lab/composer/internal/compose/diff"
	"github.com/tp0-lab/composer/internal/files"
)

// Stale is a file that is missing, or whose content differs from its document.
type Stale struct {
	Path string
	// Missing reports that the file does not exist.
	Missing bool
}

// Stale returns the files that Write would change. It writes nothing.
func (d Documents) Stale() ([]Stale, error) {
	var all []Stale
	for _, one := range d.All {
		state, err := one.state()
		if err != nil {
			return nil, err
		}
		if state != files.Current {
			all = append(all, Stale{Path: one.Path, Missing: state == files.Missing})
		}
	}
	return all, nil
}

// maxOld is the limit for the size of a file that Diff reads, in bytes.
const maxOld = 128 << 20

// Diff writes the changes that Write would make to w, as a unified diff.
func (d Documents) Diff(w io.Writer, style diff.Style) error {
	for _, one := range d.All {
		old, err := files.Read(one.Path, maxOld)
		missing := errors.Is(err, fs.ErrNotExist)
		if missing { // state fails if the directory is missing, too
			_, err = one.state()
		}
		if err != nil {
			return fmt.Errorf("compare %s: %w", one.Path, files.Cause(err))
		}
		var text bytes.Buffer
		if err := one.Write(&text); err != nil {
			return fmt.Errorf("compare %s: %w", one.Path, err)
		}
		before := diff.Text{Name: one.Path, Content: string(old)}
		if missing {
			before.Name = diff.NoFile
		}
		if err := diff.Unified(w, before, diff.Text{Name: one.Path, Content: text.String()}, style); err != nil {
			return err
		}
	}
	return nil
}
