package dataset

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Bounds of Extract, in bytes, where its options set none. 7.9 million bets,
// a hundred times the course's data, are about 470 MB.
const (
	DefaultMaxFile  = 1 << 30
	DefaultMaxTotal = 1 << 30
)

// Errors of Extract that a caller may want to tell apart.
var (
	ErrUnsafe     = errors.New("unsafe archive")         // an entry that leads out of the directory
	ErrTooLarge   = errors.New("too large")              // a bound was passed
	ErrDuplicate  = errors.New("more than once")         // an agency has two files
	ErrNoAgencies = errors.New("holds no agency-N.csv")  // nothing to extract
	ErrNoArchive  = errors.New("no dataset to extract")  // from FindArchive
	errEncrypted  = errors.New("entry is encrypted")     // flag 1 of the format
	errNotAFile   = errors.New("entry is no plain file") // a directory, link or device in a file's place
)

// ExtractOptions are the terms on which Extract works.
type ExtractOptions struct {
	MaxFile  int64 // most bytes of one file; 0: DefaultMaxFile
	MaxTotal int64 // most bytes of all files together; 0: DefaultMaxTotal
	Keep     bool  // leave agency files that are there as they are
}

// Extracted says what Extract did with the files of the agencies, in their
// order, by the paths of the files. Ignored are the names of the other entries
// as the archive has them: quote them before they are printed.
type Extracted struct {
	Written, Unchanged, Kept []string
	Ignored                  []string
}

// FindArchive returns the archive in dir: datasets.zip, which somebody put
// there, before dataset.zip, which every checkout has. Without either the
// error is ErrNoArchive.
func FindArchive(dir string) (string, error) {
	names := []string{"datasets.zip", "dataset.zip"}
	for _, name := range names {
		path := filepath.Join(dir, name)
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("find a dataset: %w", err)
		}
	}
	return "", fmt.Errorf("%w: neither %s nor %[3]s in %[4]s", ErrNoArchive, names[1], names[0], dir)
}

// Extract takes the files called agency-N.csv, in any folder of the zip
// archive, and puts them into dir, which is made if need be. No entry's folder
// plays a part in where a file goes. A file that already has the content is
// left untouched, through a link too; any other link in a file's place is
// replaced, and not written through: what an archive brings stays in dir.
//
// It is done whole or not at all: on an error, which names the archive and the
// entry, every file in dir is what it was. The archive is refused for an entry
// that would lead elsewhere (an absolute name, one with "..", a link), even if
// it is not one of those taken; for two files of one agency; for content that
// is torn, encrypted or over a bound. Sizes are counted as bytes come out,
// whatever the archive says they are.
func Extract(ctx context.Context, archive, dir string, o ExtractOptions) (Extracted, error) {
	result, err := extract(ctx, archive, dir, o)
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok && e.Path == archive {
			err = e.Err
		}
		return Extracted{}, fmt.Errorf("extract %s: %w", archive, err)
	}
	return result, nil
}

func extract(ctx context.Context, archive, dir string, o ExtractOptions) (result Extracted, err error) {
	z, err := zip.OpenReader(archive)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // we say which entry it is
		return result, err
	}
	defer z.Close()
	entries, ignored, err := agencyEntries(z.File)
	if err != nil {
		return result, err
	}
	result.Ignored = ignored
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return result, err
	}

	left := cmp.Or(o.MaxTotal, DefaultMaxTotal)
	files := newSet()
	defer files.Discard()
	var extracted []string
	for _, e := range entries {
		path := filepath.Join(dir, FileName(e.agency))
		if o.Keep {
			if err := absent(path); errors.Is(err, ErrExists) {
				result.Kept = append(result.Kept, path)
				continue
			}
		}
		err := add(files, path, func(w io.Writer) error {
			n, err := unpack(ctx, w, e.file, cmp.Or(o.MaxFile, DefaultMaxFile), left)
			left -= n
			return err
		})
		if err != nil {
			return result, fmt.Errorf("entry %.200q: %w", e.file.Name, err)
		}
		extracted = append(extracted, path)
	}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	if result.Written, err = files.Commit(); err != nil {
		return result, err
	}
	written := result.Written // some of those extracted, in the same order
	for _, path := range extracted {
		if len(written) > 0 && written[0] == path {
			written = written[1:]
		} else {
			result.Unchanged = append(result.Unchanged, path)
		}
	}
	return result, nil
}

type entry struct {
	agency uint32
	file   *zip.File
}

// agencyEntries sorts out the entries of an archive, without reading any:
// those of agencies, in the agencies' order, and the names of other files.
func agencyEntries(all []*zip.File) (entries []entry, ignored []string, err error) {
	seen := map[uint32]string{}
	for _, f := range all {
		if err := checkName(f.Name); err != nil {
			return nil, nil, fmt.Errorf("entry %.200q: %w", f.Name, err)
		}
		if f.Mode()&fs.ModeSymlink != 0 {
			return nil, nil, fmt.Errorf("entry %.200q: %w: a symbolic link", f.Name, ErrUnsafe)
		}
		agency, ok := agencyOf(path.Base(f.Name))
		switch {
		case !ok && f.Mode().IsDir():
			continue
		case !ok:
			ignored = append(ignored, f.Name)
			continue
		case !f.Mode().IsRegular():
			return nil, nil, fmt.Errorf("entry %.200q: %w", f.Name, errNotAFile)
		case f.Flags&1 != 0:
			return nil, nil, fmt.Errorf("entry %.200q: %w", f.Name, errEncrypted)
		}
		if other, ok := seen[agency]; ok {
			return nil, nil, fmt.Errorf("entries %.200q and %.200q: %s %w", other, f.Name, FileName(agency), ErrDuplicate)
		}
		seen[agency] = f.Name
		entries = append(entries, entry{agency, f})
	}
	if len(entries) == 0 {
		return nil, nil, ErrNoAgencies
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.agency, b.agency) })
	return entries, ignored, nil
}

// checkName refuses a name that means, on some system, a place outside of the
// directory that the archive is unpacked in.
func checkName(name string) error {
	switch {
	case strings.ContainsAny(name, "\\\x00"):
		return fmt.Errorf("%w: a name with a backslash or a zero byte", ErrUnsafe)
	case strings.HasPrefix(name, "/"), len(name) > 1 && name[1] == ':':
		return fmt.Errorf("%w: an absolute name", ErrUnsafe)
	case slices.Contains(strings.Split(name, "/"), ".."):
		return fmt.Errorf("%w: a name that leads out of the archive", ErrUnsafe)
	}
	return nil
}

// unpack copies an entry to w and returns how many bytes came out of it,
// which are never many more than the smaller of the bounds.
func unpack(ctx context.Context, w io.Writer, f *zip.File, maxFile, left int64) (int64, error) {
	r, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n, err := io.Copy(w, &boundedReader{ctx: ctx, r: r, left: min(maxFile, left)})
	if errors.Is(err, ErrTooLarge) {
		if left < maxFile {
			return n, fmt.Errorf("%w: all files together are over the bound", err)
		}
		return n, fmt.Errorf("%w: over the bound of %d bytes for a file", err, maxFile)
	}
	return n, err
}

// boundedReader reads at most left bytes; one more is ErrTooLarge. It ends
// with its context.
type boundedReader struct {
	ctx  context.Context
	r    io.Reader
	left int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}
