package lottery

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/logline"
)

// journalSuffix follows the name of an appendFile in the name of its journal.
const journalSuffix = ".journal"

// What the bytes are that an appendFile cuts off.
const (
	unacknowledged = "unacknowledged group"
	notStored      = "group that could not be stored"
)

// appendFile is a file that grows by groups of bytes. After a crash each group is in the file as a whole or not at all:
// see journal.go. It never changes a file that it does not recognise as its own, neither when it is opened nor while it
// is open. One goroutine at a time calls its methods; any may read disk.
type appendFile struct {
	path    string // as it was given: what is there must be the open file
	options *Options

	disk    atomic.Pointer[os.File] // the open file, for reading; nil if there is none yet
	f       file                    // disk for writing; nil without permission
	journal journal

	fresh   bool      // the directory may not have the file on disk
	durable int64     // length of the part that is whole and on disk
	sum     uint32    // CRC-32C of that part
	changed time.Time // when the file was last changed, by us
	most    int64     // how long the file may be: above durable while it may hold bytes to be cut off
	content string    // what those bytes are
	end     string    // the line end that the last line lacks, for the next group

	astray  error       // why the file at path is not ours; nil if it is
	refused fs.FileInfo // the file with other bytes that astray is about
}

// openAppendFile opens the file at path, and creates it if create is true. A missing file that is not created now is
// created by the first append. It changes nothing: settle does. The error for a file that another process has open is
// ErrLocked.
func openAppendFile(path string, create bool, o *Options) (*appendFile, error) {
	a := &appendFile{path: path, options: o}
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	f, err := files.Open(path, flags)
	writable := err == nil
	if readOnly(err) {
		f, err = files.Open(path, os.O_RDONLY)
	}
	target := path // the journal lies beside the file itself, not beside a link to it
	switch {
	case err == nil:
		a.disk.Store(f)
		if err := lock(f); err != nil {
			_ = f.Close()
			return nil, err
		}
		if target, err = filepath.EvalSymlinks(path); err != nil {
			_ = f.Close()
			return nil, err
		}
	case create || !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if writable {
		a.f = o.wrap(diskFile{f})
	}
	a.journal = journal{path: target + journalSuffix, options: o}
	return a, nil
}

// load finds out how much of the file is whole and calls read with it. read reads to the end.
func (a *appendFile) load(ctx context.Context, read func(io.Reader) error) error {
	disk := a.disk.Load()
	if disk != nil {
		info, err := disk.Stat()
		if err != nil {
			return err
		}
		a.most, a.changed, a.content = info.Size(), info.ModTime(), unacknowledged
	}
	var err error
	if a.durable, err = a.journal.recover(disk, a.most); err != nil {
		return err
	}
	r := &loading{Reader: io.NewSectionReader(disk, 0, a.durable), ctx: ctx, file: a}
	if err := read(r); err != nil {
		return err
	}
	if r.read != a.durable {
		return fmt.Errorf("%s has become shorter", a.path)
	}
	a.sum, a.fresh = r.sum, r.read == 0
	switch r.last {
	case 0, '\n':
	case '\r':
		a.end = "\n"
	default:
		a.end = "\r\n"
	}
	return nil
}

// loading reads the durable part of a file.
type loading struct {
	io.Reader
	ctx  context.Context
	file *appendFile
	read int64
	sum  uint32
	last byte
}

// progressStep is how many bytes of a long file are read from one line of the log to the next.
const progressStep = 64 << 20

func (l *loading) Read(b []byte) (int, error) {
	if err := context.Cause(l.ctx); err != nil && l.read >= 1<<20 { // a short file is read to the end
		return 0, err
	}
	n, err := l.Reader.Read(b)
	if n > 0 {
		l.sum = crc32.Update(l.sum, castagnoli, b[:n])
		l.last = b[n-1]
		before := l.read / l.file.options.progressStep
		l.read += int64(n)
		if l.read/l.file.options.progressStep > before && l.read < l.file.durable {
			l.file.log(slog.LevelInfo, "load_storage", logline.InProgress,
				slog.Int64("bytes", l.read), slog.Int64("of", l.file.durable))
		}
	}
	return n, err
}

// settle makes the file what load has found. If it cannot, the next append tries again.
func (a *appendFile) settle() {
	if a.f == nil {
		return
	}
	_ = a.cut()
}

// append makes the group durable, or leaves the file without it. With an empty group it only makes sure that the file is
// in its place, and cuts off what an earlier group has left.
func (a *appendFile) append(group []byte) error {
	if len(group) == 0 && a.f == nil { // a file that cannot be written to can be finished
		return a.inPlace(a.durable)
	}
	if len(group) > 0 && a.end != "" {
		group = append([]byte(a.end), group...)
	}
	if err := a.ready(); err != nil {
		return err
	}
	if err := a.cut(); err != nil || len(group) == 0 {
		return err
	}
	if a.fresh && !a.options.NoSync {
		if err := a.options.syncDir(a.journal.path); err != nil {
			return err
		}
	}
	a.fresh = false
	if err := a.journal.begin(a.durable, group); err != nil {
		return err
	}
	if err := a.put(group); err != nil {
		// Cutting drops the pages whose fsync failed, too. If it fails, the next append cuts first.
		if a.astray == nil && a.inPlace(a.durable) == nil {
			_ = a.cut()
		}
		return err
	}
	a.durable, a.sum, a.end = a.most, crc32.Update(a.sum, castagnoli, group), ""
	a.journal.done()
	return nil
}

func (a *appendFile) put(group []byte) error {
	defer a.noteTime()
	a.most, a.content = a.durable+int64(len(group)), notStored
	if _, err := a.f.WriteAt(group, a.durable); err != nil {
		return err
	}
	if !a.options.NoSync {
		if err := a.f.Sync(); err != nil {
			return err
		}
	}
	// Whoever has taken the file away meanwhile has taken the group, too.
	if err := a.inPlace(a.most); err != nil {
		return err
	}
	// A file that was emptied before the group was written has zeros in place of all other groups.
	if a.durable > 0 {
		var last [1]byte
		if _, err := a.disk.Load().ReadAt(last[:], a.durable-1); err != nil {
			return err
		}
		if last[0] == 0 {
			a.astray = fmt.Errorf("%s was emptied", a.path)
			return a.astray
		}
	}
	return nil
}

// cut removes the bytes behind the durable part of the file. The cut is on disk before anything else is written: the
// next group's slot takes the place of the slot that says what these bytes are.
func (a *appendFile) cut() error {
	if a.most == a.durable {
		return nil
	}
	before, err := a.disk.Load().Stat()
	if err == nil {
		err = a.f.Truncate(a.durable)
	}
	if err == nil && !a.options.NoSync {
		err = a.f.Sync()
	}
	if err != nil {
		return err
	}
	a.most = a.durable
	if n := before.Size() - a.durable; n > 0 {
		a.log(slog.LevelWarn, "cut_storage", logline.Success, slog.Int64("bytes", n), slog.String("content", a.content))
	}
	a.noteTime()
	return nil
}

// noteTime notes when the file was changed, after a change of our own.
func (a *appendFile) noteTime() {
	if info, err := a.disk.Load().Stat(); err == nil {
		a.changed = info.ModTime()
	}
}

// inPlace returns an error unless the open file is the one at path and has a length from least to most.
func (a *appendFile) inPlace(least int64) error {
	open, err := a.disk.Load().Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(a.path)
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

// ready makes sure that the file can be appended to. Somebody else's change, seen by the file's time, is one of nothing
// if the bytes are the same. After the file was astray it is back when the same file is in its place again, or another
// one with the same bytes.
func (a *appendFile) ready() error {
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
	named, statErr := os.Stat(a.path)
	switch {
	case statErr != nil:
		err = statErr
	case a.refused != nil && os.SameFile(named, a.refused) && named.Size() == a.refused.Size() && named.ModTime().Equal(a.refused.ModTime()):
		return a.astray
	default:
		err = a.back(named, err)
	}
	if err == nil {
		a.astray, a.refused = nil, nil
		a.noteTime()
		a.log(slog.LevelInfo, "storage_file", logline.Success)
		return nil
	}
	if a.astray == nil || a.astray.Error() != err.Error() {
		a.log(slog.LevelError, "storage_file", logline.Fail, logline.Err(err))
	}
	a.astray = err
	return err
}

// openForWriting opens the file for writing if it is not, and creates it if there was none.
func (a *appendFile) openForWriting() error {
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
		if err = lock(f); err == nil {
			a.disk.Store(f)
		}
	} else {
		err = sameFile(f, disk)
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	a.f = a.options.wrap(diskFile{f})
	return nil
}

// back takes the file that is at path now, if it has the bytes that were stored.
func (a *appendFile) back(named fs.FileInfo, err error) error {
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
	if err = lock(f); err == nil {
		err = a.same(f, named)
	}
	if err != nil {
		_ = f.Close()
		return err
	}
	a.disk.Store(f) // whoever reads from the old one still can: it is closed when nobody refers to it
	a.f = a.options.wrap(diskFile{f})
	return nil
}

// same returns an error unless f, the file of info, has the bytes that were stored, and no more than may be cut off. It
// remembers the last file that it has read in vain.
func (a *appendFile) same(f *os.File, info fs.FileInfo) error {
	a.refused = nil
	sum := crc32.New(castagnoli)
	n, err := io.Copy(sum, io.NewSectionReader(f, 0, a.durable))
	switch {
	case err != nil:
		return err
	case n < a.durable || info.Size() > a.most || sum.Sum32() != a.sum:
		a.refused = info
		return fmt.Errorf("%s is not the file that was stored, of %d bytes", a.path, a.durable)
	}
	return nil
}

func (a *appendFile) log(level slog.Level, action string, result slog.Attr, attrs ...slog.Attr) {
	if a.options.Log != nil {
		a.options.Log.LogAttrs(context.Background(), level, action,
			append([]slog.Attr{result, slog.String("file", a.path)}, attrs...)...)
	}
}

// close closes the files. It removes the journal if the file is whole.
func (a *appendFile) close() error {
	var err error
	if a.f != nil {
		err = a.inPlace(a.durable)
		whole := err == nil && a.astray == nil && a.most == a.durable
		err = errors.Join(err, a.journal.close(whole), a.f.Close())
	}
	if disk := a.disk.Load(); disk != nil {
		if e := disk.Close(); !errors.Is(e, os.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// release closes the files and changes nothing.
func (a *appendFile) release() error {
	if disk := a.disk.Load(); disk != nil {
		return disk.Close()
	}
	return nil
}
