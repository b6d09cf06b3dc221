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
)

// ErrExists is the error of Write when its output is there already.
var ErrExists = errors.New("already exists")

// compression of the archives. The fastest costs a quarter more bytes than
// the default and a third of its time, and time is what large datasets take.
const compression = flate.BestSpeed

// archived is the time of change of an archive's entries: a fixed one, so that
// the same shape gives the same archive.
var archived = time.Date(2023, time.March, 18, 0, 0, 0, 0, time.UTC)

// WriteOptions are the terms on which Write works.
type WriteOptions struct {
	Force bool // replace what is there
	// Progress, if not nil, is called now and then with the number of bets
	// that have been generated, of so many in all, by the goroutine of Write.
	Progress func(done, total int)
}

// Write generates a dataset into out: a zip archive if its name ends in .zip,
// else a directory of agency files, which is made if need be. It streams; memory
// does not grow with the number of bets.
//
// All of it appears at once when it is complete. At an error, which may be the
// context's or ErrExists, what was there is left whole. Files that already hold
// what they should are left untouched.
func Write(ctx context.Context, out string, s Shape, o WriteOptions) error {
	options, err := s.Options()
	if err != nil {
		return fmt.Errorf("generate a dataset: %w", err)
	}
	if len(options) == 0 {
		return errors.New("generate a dataset: no agencies")
	}
	done := 0
	total, _ := s.Totals()
	wrote := func(bets int) error {
		done += bets
		if o.Progress != nil {
			o.Progress(done, total)
		}
		return ctx.Err()
	}

	var paths []string
	isArchive := strings.HasSuffix(out, ".zip")
	if isArchive {
		paths = []string{out}
	} else {
		for _, a := range options {
			paths = append(paths, filepath.Join(out, FileName(a.Agency)))
		}
	}
	if !o.Force {
		for _, path := range paths {
			if err := absent(path); err != nil {
				return fmt.Errorf("generate a dataset: %w", err)
			}
		}
	}
	if err := os.MkdirAll(filepath.Dir(paths[0]), 0o755); err != nil {
		return fmt.Errorf("generate a dataset: %w", err)
	}

	files := newSet()
	defer files.Discard()
	if isArchive {
		err = add(files, out, func(w io.Writer) error { return writeArchive(w, options, wrote) })
		if err != nil {
			return fmt.Errorf("generate %s: %w", out, err)
		}
	} else {
		for i, a := range options {
			err = add(files, paths[i], func(w io.Writer) error { return generate(w, a, wrote) })
			if err != nil {
				return fmt.Errorf("generate %s: %w", paths[i], err)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("generate a dataset: %w", err)
	}
	if _, err := files.Commit(); err != nil {
		return fmt.Errorf("generate a dataset: %w", err)
	}
	return nil
}

func absent(path string) error {
	_, err := os.Lstat(path)
	if err == nil {
		return fmt.Errorf("%s %w", path, ErrExists)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// writeArchive writes the agencies' files to w as a zip archive with the files
// at its root. For one version of Go its bytes depend on the options alone;
// another version may compress the same content differently.
func writeArchive(w io.Writer, options []Options, wrote func(bets int) error) error {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, compression)
	})
	for _, o := range options {
		h := &zip.FileHeader{Name: FileName(o.Agency), Method: zip.Deflate, Modified: archived}
		h.SetMode(0o644)
		f, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if err := generate(f, o, wrote); err != nil {
			return err
		}
	}
	return z.Close()
}
