package journal

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/logline"
)

// inPlace returns an error unless the open file is the one at path and has a length from least to most.
func (a *File) inPlace(least int64) error {
	open, err := a.disk.Load().Stat()
	if err != nil {
		return err
	}
	named, err := a.named()
	switch {
	case err != nil:
		return err
	case !os.SameFile(open, named):
		return fmt.Errorf("%s is another file now", a.path)
	case open.Size() < least || open.Size() > a.most:
		return fmt.Errorf("%s has %d bytes, and %d were stored", a.path, open.Size(), least)
	}
	return nil
}

// named returns what is at the path. If the path leads through links, it must lead to where it led at the start: the
// journal, and whatever else belongs to the file, lies there.
func (a *File) named() (fs.FileInfo, error) {
	named, err := os.Stat(a.path)
	if err != nil || filepath.Clean(a.path) == a.Target() {
		return named, err
	}
	target, err := os.Stat(a.Target())
	if err == nil && !os.SameFile(named, target) {
		err = fmt.Errorf("%s leads to another file than %s, as it did at the start", a.path, a.Target())
	}
	return named, err
}

// ready makes sure that the file can be appended to. If the file's time shows that somebody else has changed the file,
// ready compares its bytes with those that were stored. A file that was astray is back when the same file, or another one
// with the same bytes, is in its place.
func (a *File) ready() error {
	err := a.openForWriting()
	if err == nil {
		err = a.inPlace(a.durable)
	}
	if err == nil && a.astray == nil {
		open, statErr := a.disk.Load().Stat()
		if statErr != nil || open.ModTime().Equal(a.changed) {
			return statErr
		}
	}
	named, statErr := a.named()
	switch {
	case statErr != nil:
		err = statErr
	case a.refused != nil && os.SameFile(named, a.refused) && named.Size() == a.refused.Size() && named.ModTime().Equal(a.refused.ModTime()):
		return a.astray
	default:
		err = a.back(named, err)
	}
	if err == nil {
		if a.astray != nil {
			a.Log(slog.LevelInfo, "storage_file", logline.Success)
		}
		a.astray, a.refused = nil, nil
		a.noteTime()
		return nil
	}
	if a.astray == nil || a.astray.Error() != err.Error() {
		a.Log(slog.LevelError, "storage_file", logline.Fail, logline.Err(err))
	}
	a.astray = err
	return err
}

// openForWriting opens the file for writing if it is not, and creates it if there was none.
func (a *File) openForWriting() error {
	if a.f != nil {
		return nil
	}
	flags := os.O_RDWR
	if a.disk.Load() == nil {
		flags |= os.O_CREATE | os.O_EXCL
	}
	f, err := files.Open(a.path, flags)
	if err != nil {
		return err
	}
	if disk := a.disk.Load(); disk == nil {
		if err = Lock(f); err == nil {
			a.disk.Store(f)
			a.noteTime()
		}
	} else {
		err = sameFile(f, disk)
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	a.f = a.options.Wrap(diskFile{f})
	return nil
}

// back takes the file that is at path now, if it has the bytes that were stored.
func (a *File) back(named fs.FileInfo, err error) error {
	disk := a.disk.Load()
	if disk == nil {
		return err
	}
	open, statErr := disk.Stat()
	if statErr != nil {
		return statErr
	}
	if os.SameFile(open, named) {
		if err != nil || a.changed.Equal(open.ModTime()) {
			return err
		}
		return a.same(disk, named)
	}
	f, err := files.Open(a.path, os.O_RDWR)
	if err != nil {
		return err
	}
	if err = Lock(f); err == nil {
		err = a.same(f, named)
	}
	if err == nil && !a.options.NoSync {
		err = f.Sync() // whoever made the copy may not have
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	a.fresh = true
	a.disk.Store(f) // whoever reads from the old one still can: it is closed when nobody refers to it
	a.f = a.options.Wrap(diskFile{f})
	return nil
}

// same returns an error unless f, the file of info, has the bytes that were stored, and behind them no others than those of
// a group that failed, which will be cut off. It remembers the last file that it has read in vain.
func (a *File) same(f *os.File, info fs.FileInfo) error {
	a.refused = nil
	sum := crc32.New(Castagnoli)
	n, err := io.Copy(sum, io.NewSectionReader(f, 0, a.durable))
	if err != nil {
		return err
	}
	tail, err := io.ReadAll(io.NewSectionReader(f, a.durable, int64(len(a.tail))))
	switch {
	case err != nil:
		return err
	case n < a.durable || sum.Sum32() != a.sum || info.Size() != n+int64(len(tail)) || !bytes.HasPrefix(a.tail, tail):
		a.refused = info
		return fmt.Errorf("%s is not the file that was stored, of %d bytes", a.path, a.durable)
	}
	return nil
}

// sameFile returns an error unless both are the same file.
func sameFile(f, g *os.File) error {
	a, err := f.Stat()
	if err != nil {
		return err
	}
	b, err := g.Stat()
	if err == nil && !os.SameFile(a, b) {
		err = fmt.Errorf("%s is another file now", f.Name())
	}
	return err
}
