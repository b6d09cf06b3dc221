package dataset

import (
	"archive/zip"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/files"
)

// The default bounds of Extract, in bytes. A hundred times the course's data, 7.9 million bets, is about 470 MB.
const (
	DefaultMaxFile  = 1 << 30
	DefaultMaxTotal = 1 << 30
)

// Errors that Extract wraps. CheckFiles wraps ErrNoAgencies, FindArchive wraps ErrNoArchive.
var (
	ErrUnsafe     = errors.New("unsafe archive")          // an entry leads out of the directory
	ErrTooLarge   = errors.New("too large")               // a file, or all files together, are over a bound
	ErrDuplicate  = errors.New("more than once")          // an agency has two files
	ErrNoAgencies = errors.New("has no agency-N.csv")     // no entry or file is an agency's
	ErrNoArchive  = errors.New("no dataset to extract")   // a directory has no archive
	errEncrypted  = errors.New("the entry is encrypted")  // flag 1 of the format
	errNotAFile   = errors.New("the entry is not a file") // an agency's entry is a directory or a device
)

// ExtractOptions are the bounds of Extract, and whether it replaces files.
type ExtractOptions struct {
	MaxFile  int64 // the most bytes of one file; 0 is DefaultMaxFile
	MaxTotal int64 // the most bytes of all files together; 0 is DefaultMaxTotal
	Keep     bool  // leave existing agency files as they are
}

// Extracted is the result of Extract.
type Extracted struct {
	// Written, Unchanged and Kept are the paths of the agencies' files, in the order of the agencies.
	Written, Unchanged, Kept []string
	// Ignored are the names of all other entries as the archive spells them: quote them before printing.
	Ignored []string
}

// FindArchive returns the path of the archive in dir: datasets.zip, which a user puts there, or else dataset.zip, which
// every checkout has. Without either archive it fails with ErrNoArchive.
func FindArchive(dir string) (string, error) {
	for _, name := range []string{"datasets.zip", "dataset.zip"} {
		path := filepath.Join(dir, name)
		_, err := os.Stat(path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("find a dataset: %w", err)
		}
	}
	return "", fmt.Errorf("%w: neither dataset.zip nor datasets.zip in %s", ErrNoArchive, dir)
}

// maxDirectory is how much of an archive is read for its list of entries, in bytes: a hundred thousand entries.
const maxDirectory = 16 << 20

// openArchive reads the list of an archive's entries. The caller closes the file.
func openArchive(name string) (z *zip.Reader, f *os.File, err error) {
	if f, err = files.Open(name, os.O_RDONLY); err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil {
		in := &boundedReaderAt{r: f, left: maxDirectory}
		z, err = zip.NewReader(in, info.Size())
		in.left = math.MaxInt64
	}
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // agencyEntries names the entry
		_ = f.Close()
		return nil, nil, err
	}
	return z, f, nil
}

type boundedReaderAt struct {
	r    io.ReaderAt
	left int64
}

func (b *boundedReaderAt) ReadAt(p []byte, at int64) (int, error) {
	if b.left < int64(len(p)) {
		return 0, fmt.Errorf("%w: its list of entries is over %d MiB", ErrTooLarge, maxDirectory>>20)
	}
	n, err := b.r.ReadAt(p, at)
	b.left -= int64(n)
	return n, err
}

// Extract writes the entries called agency-N.csv, of any folder of a zip archive, into dir. It makes dir if necessary.
// A file that has the content already is not touched, even behind a symbolic link. Any other link in a file's place is
// replaced, so that nothing is written outside of dir.
//
// Extract refuses an archive with an unsafe entry (a symbolic link, an absolute name, a name with ".."), even if it would
// ignore the entry. It refuses two files of one agency, and content that is incomplete, encrypted or over a bound. It
// counts the bytes of the content and does not trust the sizes in the archive.
//
// After an error every file in dir is as it was. The error names the archive and the entry.
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
	z, f, err := openArchive(archive)
	if err != nil {
		return result, err
	}
	defer f.Close() // read only: nothing can be lost
	entries, ignored, err := agencyEntries(z.File)
	if err != nil {
		return result, err
	}
	result.Ignored = ignored
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return result, err
	}

	left := cmp.Or(o.MaxTotal, DefaultMaxTotal)
	set := newSet()
	defer set.Discard()
	for _, e := range entries {
		path := filepath.Join(dir, FileName(e.agency))
		if o.Keep {
			if err := mustBeAbsent(path); errors.Is(err, ErrExists) {
				result.Kept = append(result.Kept, path)
				continue
			}
		}
		err := addFile(set, path, func(w io.Writer) error {
			n, err := unpack(ctx, w, e.file, cmp.Or(o.MaxFile, DefaultMaxFile), left)
			left -= n
			return err
		})
		if err != nil {
			return result, fmt.Errorf("entry %.200q: %w", e.file.Name, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return result, err
	}
	result.Written, err = set.Commit()
	result.Unchanged = set.Unchanged()
	return result, err
}

type entry struct {
	agency uint32
	file   *zip.File
}

// agencyEntries returns the entries of agencies, in the order of the agencies, and the names of all other files. It does
// not read their content.
func agencyEntries(all []*zip.File) (entries []entry, ignored []string, err error) {
	seen := map[uint32]string{}
	for _, f := range all {
		if leadsOut(f.Name) {
			const reason = "the name is absolute, or it has \"..\", a backslash or a zero byte"
			return nil, nil, fmt.Errorf("entry %.200q: %w: %s", f.Name, ErrUnsafe, reason)
		}
		if f.Mode()&fs.ModeSymlink != 0 {
			return nil, nil, fmt.Errorf("entry %.200q: %w: it is a symbolic link", f.Name, ErrUnsafe)
		}
		agency, ok := AgencyOf(path.Base(f.Name))
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
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.agency, b.agency) })
	return entries, ignored, nil
}

// leadsOut reports whether, on some system, a name leads out of the directory that the archive is unpacked in.
func leadsOut(name string) bool {
	isAbsolute := strings.HasPrefix(name, "/") || len(name) > 1 && name[1] == ':'
	return isAbsolute || strings.ContainsAny(name, "\\\x00") || slices.Contains(strings.Split(name, "/"), "..")
}

// unpack copies an entry to w, at most the smaller of the bounds. It returns how many bytes it read.
func unpack(ctx context.Context, w io.Writer, f *zip.File, maxFile, left int64) (int64, error) {
	r, err := f.Open()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	n, err := io.Copy(w, &boundedReader{ctx: ctx, r: r, bound: min(maxFile, left)})
	if errors.Is(err, ErrTooLarge) {
		if left < maxFile {
			return n, fmt.Errorf("%w: all files together are over the bound", err)
		}
		return n, fmt.Errorf("%w: over the bound of %d bytes for a file", err, maxFile)
	}
	return n, err
}

// boundedReader counts the bytes of a reader. It fails with ErrTooLarge behind the bound, and after ctx is done.
type boundedReader struct {
	ctx      context.Context
	r        io.Reader
	n, bound int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := b.r.Read(p)
	if b.n += int64(n); b.n > b.bound {
		return 0, ErrTooLarge
	}
	return n, err
}
