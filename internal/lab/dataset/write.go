package dataset

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/files"
)

// ErrExists is wrapped by the error of Write for a file that exists already.
var ErrExists = errors.New("already exists")

// compression of the archives. BestSpeed costs a quarter more bytes than the default and takes a third of its time.
const compression = flate.BestSpeed

// archived is the time of change of all entries, so that the same shape gives the same archive.
var archived = time.Date(2023, time.March, 18, 0, 0, 0, 0, time.UTC)

// WriteOptions are the options of Write.
type WriteOptions struct {
	Force bool // replace existing files
	// Progress, if not nil, is called from time to time with the number of generated bets and the number of all bets.
	// Write's goroutine calls it.
	Progress func(done, total int)
}

// Write generates a dataset into out: a zip archive if the name ends in .zip, or else a directory of agency files. It
// makes missing directories. Its memory does not grow with the number of bets.
//
// The files appear together when all are complete. After any error, also ErrExists and that of ctx, the old files are
// unchanged. A file that has the content already is not touched.
func Write(ctx context.Context, out string, s Shape, o WriteOptions) error {
	if err := writeFiles(ctx, out, s, o); err != nil {
		return fmt.Errorf("generate a dataset: %w", err)
	}
	return nil
}

func writeFiles(ctx context.Context, out string, s Shape, o WriteOptions) error {
	if err := s.check(); err != nil {
		return err
	}
	if len(s) == 0 {
		return errors.New("no agencies")
	}
	done := 0
	total, _ := s.Totals()
	progress := func(bets int) error {
		done += bets
		if o.Progress != nil {
			o.Progress(done, total)
		}
		return ctx.Err()
	}
	type output struct {
		path  string
		write func(io.Writer) error
	}
	var outputs []output
	if strings.HasSuffix(out, ".zip") {
		outputs = []output{{out, func(w io.Writer) error { return writeArchive(w, s, progress) }}}
	} else {
		for _, a := range s {
			path := filepath.Join(out, FileName(a.Agency))
			outputs = append(outputs, output{path, func(w io.Writer) error { return generate(w, a, progress) }})
		}
	}
	for _, f := range outputs {
		if err := mustBeAbsent(f.path); err != nil && !o.Force {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(outputs[0].path), 0o755); err != nil {
		return err
	}
	set := newSet()
	defer set.Discard()
	for _, f := range outputs {
		if err := addFile(set, f.path, f.write); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := set.Commit()
	return err
}

func mustBeAbsent(path string) error {
	_, err := os.Lstat(path)
	if err == nil {
		return fmt.Errorf("%s %w", path, ErrExists)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeArchive writes the agencies' files to w as a zip archive without folders. With one version of Go the bytes
// depend on the shape alone; another version may compress the same content differently.
func writeArchive(w io.Writer, s Shape, progress func(bets int) error) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, compression)
	})
	for _, o := range s {
		h := &zip.FileHeader{Name: FileName(o.Agency), Method: zip.Deflate, Modified: archived}
		h.SetMode(0o644)
		f, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if err := generate(f, o, progress); err != nil {
			return err
		}
	}
	return z.Close()
}

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
