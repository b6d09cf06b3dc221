// Package journal keeps files that grow by groups of bytes, such as bets.csv: after a crash each group is in the file
// as a whole or not at all. It does not know the meaning of the bytes.
package journal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/logline"
)

// Suffix follows the name of a File in the name of its journal.
const Suffix = ".journal"

// ErrLocked is the error for a file that another process, or another File, has open.
var ErrLocked = errors.New("file is in use by another central")

// Options configure a File. Wrap, SyncDir and ProgressStep are for tests.
type Options struct {
	// NoSync leaves out all fsyncs. What was appended then outlasts the process but not a crash of the machine.
	NoSync bool
	// Log gets a line when bytes that are not whole are cut off, when the file is gone from its place, and when it is
	// back, and lines about the progress of a long Load. Nil is no log.
	Log *slog.Logger

	Wrap         func(DiskFile) DiskFile // wraps each file that is written
	SyncDir      func(path string) error // in place of SyncDirectory
	ProgressStep int64                   // bytes that Load reads between two lines about its progress; 0 is 64 MiB
}

// DiskFile is the part of *os.File that a File needs for writing. Tests replace it with a file that fails.
type DiskFile interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Name() string
	Truncate(size int64) error
	Sync() error
}

// diskFile is an *os.File with the quickest Sync that survives a power failure.
type diskFile struct{ *os.File }

// File is a file that grows by groups of bytes. After a crash each group is in the file as a whole or not at all: see
// slots.go. A File never changes a file on disk that it does not recognise as its own, neither in Open nor later. Only
// one goroutine at a time may call its methods, except Reader and Log, which any goroutine may call at any time.
type File struct {
	path    string // as it was given: what is there must be the open file
	options Options

	disk    atomic.Pointer[os.File] // the open file, for reading; nil until it exists
	f       DiskFile                // disk for writing; nil without permission
	journal journal

	created bool      // Open has created the file
	fresh   bool      // the directory may not have the file on disk
	durable int64     // length of the part that is whole and on disk
	sum     uint32    // CRC-32C of that part
	changed time.Time // when the file was last changed, by us
	most    int64     // how long the file may be: above durable while it may hold bytes to be cut off
	content string    // what the bytes from durable to most are, for the log
	tail    []byte    // these bytes; after a failed write, the group, of which the file may have the beginning
	end     string    // the line end that the last line lacks, for the next group

	astray  error       // why the file at path is not ours; nil if it is
	refused fs.FileInfo // the file with other bytes that astray is about
}

// Open opens the file at path, and creates it if create is true. A missing file that is not created now is created by
// the first Append. Open does not change a file that exists: Settle does. The error for a file that another process has
// open is ErrLocked. The caller calls Load next, and Close or Release in the end.
func Open(path string, create bool, o Options) (*File, error) {
	if o.Wrap == nil {
		o.Wrap = func(f DiskFile) DiskFile { return f }
	}
	if o.SyncDir == nil {
		o.SyncDir = SyncDirectory
	}
	o.ProgressStep = cmp.Or(o.ProgressStep, progressStep)
	a := &File{path: path, options: o}
	f, err := files.Open(path, os.O_RDWR)
	if create && errors.Is(err, fs.ErrNotExist) {
		f, err = files.Open(path, os.O_RDWR|os.O_CREATE)
		a.created = err == nil
	}
	writable := err == nil
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		f, err = files.Open(path, os.O_RDONLY)
	}
	target := path // the journal lies beside the file itself, not beside a link to it
	switch {
	case err == nil:
		a.disk.Store(f)
		if err := Lock(f); err != nil {
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
		a.f = o.Wrap(diskFile{f})
	}
	a.journal = journal{path: target + Suffix, options: &a.options}
	return a, nil
}

// Load finds out how much of the file is whole, and calls read with that part. read must read it to the end. Load stops
// when ctx is done, but not within the first MiB. Load changes nothing. Errors wrap ErrDoubt for files that do not
// belong together.
func (a *File) Load(ctx context.Context, read func(io.Reader) error) error {
	disk := a.disk.Load()
	if disk != nil {
		info, err := disk.Stat()
		if err != nil {
			return err
		}
		a.most, a.changed, a.content = info.Size(), info.ModTime(), "unacknowledged group"
	}
	var err error
	if a.durable, err = a.journal.recover(disk, a.most); err != nil {
		return err
	}
	if a.tail, err = io.ReadAll(io.NewSectionReader(disk, a.durable, a.most-a.durable)); err != nil {
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
	file *File
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
		l.sum = crc32.Update(l.sum, Castagnoli, b[:n])
		l.last = b[n-1]
		before := l.read / l.file.options.ProgressStep
		l.read += int64(n)
		if l.read/l.file.options.ProgressStep > before && l.read < l.file.durable {
			l.file.Log(slog.LevelInfo, "load_storage", logline.InProgress,
				slog.Int64("bytes", l.read), slog.Int64("of", l.file.durable))
		}
	}
	return n, err
}

// Settle cuts off the bytes after the whole part that Load has found. If the cut fails, the next Append tries again.
func (a *File) Settle() {
	if a.f == nil {
		return
	}
	_ = a.cut()
}

// Append makes the group durable or returns an error. After an error the file is without the group, unless Unsure
// reports true: the next Append then cuts the group off first. With an empty group, Append only checks that the file is
// in its place, and cuts off the rest of an earlier group that failed. If the last line of the file lacks its line end,
// Append writes the line end before the group.
func (a *File) Append(group []byte) error {
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
		if err := a.options.SyncDir(a.journal.path); err != nil {
			return err
		}
	}
	a.fresh = false
	if err := a.journal.begin(a.durable, group); err != nil {
		return err
	}
	if err := a.put(group); err != nil {
		a.tail = bytes.Clone(group)
		// Cutting drops the pages whose fsync failed, too. If it fails, the next append cuts first.
		if a.astray == nil && a.inPlace(a.durable) == nil {
			_ = a.cut()
		}
		return err
	}
	a.durable, a.sum, a.end = a.most, crc32.Update(a.sum, Castagnoli, group), ""
	a.journal.done()
	return nil
}

func (a *File) put(group []byte) error {
	defer a.noteTime()
	a.most, a.content = a.durable+int64(len(group)), "group that could not be stored"
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
func (a *File) cut() error {
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
	a.most, a.tail = a.durable, nil
	if n := before.Size() - a.durable; n > 0 {
		a.Log(slog.LevelWarn, "cut_storage", logline.Success, slog.Int64("bytes", n), slog.String("content", a.content))
	}
	a.noteTime()
	return nil
}

// noteTime notes when the file was changed, after a change of our own.
func (a *File) noteTime() {
	if info, err := a.disk.Load().Stat(); err == nil {
		a.changed = info.ModTime()
	}
}

// Path returns the path that was given to Open.
func (a *File) Path() string { return a.path }

// Target returns the path of the file itself, without links.
func (a *File) Target() string { return strings.TrimSuffix(a.journal.path, Suffix) }

// Reader returns the open file, for reading the first Durable bytes.
func (a *File) Reader() io.ReaderAt { return a.disk.Load() }

// Durable returns how many bytes are whole and on disk.
func (a *File) Durable() int64 { return a.durable }

// Unsure reports whether the file may hold a group whose Append has failed.
func (a *File) Unsure() bool { return a.most != a.durable }

// Checksum returns the CRC-32C of all bytes before the next group.
func (a *File) Checksum() uint32 { return crc32.Update(a.sum, Castagnoli, []byte(a.end)) }

// Told returns the value of the last SetTold.
func (a *File) Told() bool { return a.journal.note.told }

// SetTold notes in the journal, in one system call, whether somebody was told of the newest group. The note survives
// kill -9, but neither a power failure nor a clean Close. SetTold ignores errors: a note that it cannot write is lost.
func (a *File) SetTold(told bool) {
	n := a.journal.note
	n.told = told
	if a.journal.f == nil {
		if a.ready() != nil || a.journal.open(a.durable) != nil {
			return
		}
		n.sequence = a.journal.sequence
	}
	_ = a.journal.write(n)
}

// Log logs a line about the file, if there is a log.
func (a *File) Log(level slog.Level, action string, result slog.Attr, attrs ...slog.Attr) {
	if a.options.Log != nil {
		a.options.Log.LogAttrs(context.Background(), level, action,
			append([]slog.Attr{result, slog.String("file", a.path)}, attrs...)...)
	}
}

// Close closes the files. It removes the journal if the file is whole. It returns an error if the file is not in its
// place.
func (a *File) Close() error {
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

// Release closes the files in place of Close, and changes nothing, but it removes a file that Open has created and that
// is still empty.
func (a *File) Release() error {
	disk := a.disk.Load()
	if disk == nil {
		return nil
	}
	if info, err := disk.Stat(); a.created && err == nil && info.Size() == 0 && a.inPlace(0) == nil {
		_ = os.Remove(a.Target()) // while the lock keeps others out; Windows removes no open file
	}
	return disk.Close()
}
