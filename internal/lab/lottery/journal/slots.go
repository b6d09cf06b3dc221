package journal

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/files"
)

// After a crash, the journal of a File says whether the last group of bytes that was written is whole. A group
// is cut off by kill -9 in the middle of its write, or by a power failure anywhere.
//
// The journal has two slots and a note, each in a disk block of its own. A group is written in this order:
//
//  1. One slot gets the group's begin, end and checksum, and is synced. The other slot still describes the group before.
//  2. The group is written and synced.
//  3. The note gets the number of the group. It is not synced.
//  4. The group is acknowledged, and the slots change roles.
//
// A group that failed is cut off, and the cut is synced, before the next group takes its slot. So at any time:
//
//   - A slot that is torn describes a group of which nothing was written: the file ends where the other slot says.
//   - A group that is not as its slot says was not acknowledged, because it was not synced: it is cut off. If the note
//     says that it was acknowledged, somebody has changed the file, and nothing is cut off.
//   - The file has no bytes behind the group of the newest slot. If it has, a newer slot is damaged or somebody has added
//     bytes, and nothing is cut off.

const (
	slotSize    = 4 + 8 + 8 + 8 + 4 + 4
	slotBlock   = 4096 // distance of the slots and the note: a disk does not tear two blocks at once
	slotMagic   = "TP0J"
	noteSize    = 4 + 8 + 1 + 4
	noteAt      = 2 * slotBlock
	noteMagic   = "TP0N"
	journalSize = noteAt + noteSize
)

// Castagnoli is the table of CRC-32C, the checksum in all files of the lottery.
var Castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDoubt is in the error for files that are damaged or do not belong together: it is not certain what they should hold.
var ErrDoubt = errors.New("nothing was changed")

// slot describes one group.
//
// Encoded: magic 4, sequence 8, begin 8, end 8, checksum 4, CRC-32C of the bytes before 4. Big-endian.
type slot struct {
	sequence   uint64
	begin, end int64  // offsets of the group in the file
	checksum   uint32 // CRC-32C of the group
}

// note is what the server knows of the newest group, written without a sync.
//
// Encoded: magic 4, sequence 8, told 1, CRC-32C of the bytes before 4. Big-endian.
type note struct {
	sequence uint64 // of the newest group that was acknowledged
	told     bool   // somebody was told of that group, see SetTold
}

func (s slot) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, slotMagic...)
	dst = binary.BigEndian.AppendUint64(dst, s.sequence)
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.begin))
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.end))
	dst = binary.BigEndian.AppendUint32(dst, s.checksum)
	return appendSum(dst, start)
}

func (n note) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, noteMagic...)
	dst = binary.BigEndian.AppendUint64(dst, n.sequence)
	told := byte(0)
	if n.told {
		told = 1
	}
	return appendSum(append(dst, told), start)
}

// appendSum appends the CRC-32C of the bytes from start on.
func appendSum(dst []byte, start int) []byte {
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], Castagnoli))
}

// sumHolds reports whether b begins with magic and ends with the CRC-32C of the bytes before.
func sumHolds(b []byte, magic string) bool {
	sum := len(b) - 4
	return string(b[:4]) == magic && binary.BigEndian.Uint32(b[sum:]) == crc32.Checksum(b[:sum], Castagnoli)
}

func parseSlot(b []byte) (s slot, ok bool) {
	if !sumHolds(b[:slotSize], slotMagic) {
		return slot{}, false
	}
	return slot{
		sequence: binary.BigEndian.Uint64(b[4:]),
		begin:    int64(binary.BigEndian.Uint64(b[12:])),
		end:      int64(binary.BigEndian.Uint64(b[20:])),
		checksum: binary.BigEndian.Uint32(b[28:]),
	}, true
}

func parseNote(b []byte) (n note, ok bool) {
	if !sumHolds(b[:noteSize], noteMagic) {
		return note{}, false
	}
	return note{binary.BigEndian.Uint64(b[4:]), b[12] == 1}, true
}

// newJournal returns the content of a journal that says that the data ends at size.
func newJournal(size int64) []byte {
	return append(slot{1, size, size, 0}.append(nil), make([]byte, journalSize-slotSize)...)
}

// journal is the file of the slots. Only the owner of the File uses it.
type journal struct {
	path    string
	options *Options

	found    fs.FileInfo // the file, nil if there was none
	f        DiskFile    // nil until the first group, so that a central can start on a full disk
	sequence uint64      // of the newest slot
	recent   [2]slot     // the last two that were put, the newest last
	next     int64       // the slot for the next group, 0 or 1
	note     note
	buf      []byte
}

// read reads the journal, if there is one, and returns the newest slot that is whole. size is the length of the data.
// It returns ok false if there is no journal, or one that a crash left before the first group. The error says that the
// file is no journal.
func (j *journal) read(size int64) (newest slot, ok bool, err error) {
	f, err := files.Open(j.path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return slot{}, false, nil
	}
	if err != nil {
		return slot{}, false, err
	}
	defer f.Close()
	if j.found, err = f.Stat(); err != nil {
		return slot{}, false, err
	}
	old, err := io.ReadAll(io.LimitReader(f, journalSize+1))
	if err != nil {
		return slot{}, false, err
	}
	if torn(old, newJournal(size)) {
		return slot{}, false, nil
	}
	foreign := fmt.Errorf("%s is no journal of %s: %w; move it away", j.path, strings.TrimSuffix(filepath.Base(j.path), Suffix), ErrDoubt)
	if len(old) != journalSize {
		return slot{}, false, foreign
	}
	for i := range int64(2) {
		if s, whole := parseSlot(old[i*slotBlock:]); whole && (!ok || s.sequence > newest.sequence) {
			newest, ok = s, true
			j.sequence, j.next = s.sequence, 1-i
		}
	}
	j.note, _ = parseNote(old[noteAt:])
	// Between the blocks there is nothing.
	if !ok || newest.begin < 0 || newest.end < newest.begin ||
		len(bytes.Trim(old[slotSize:slotBlock], "\x00"))+len(bytes.Trim(old[slotBlock+slotSize:noteAt], "\x00")) > 0 {
		return slot{}, false, foreign
	}
	return newest, true, nil
}

// torn reports whether got may be what a crash has left of a new file that was to hold want.
func torn(got, want []byte) bool {
	if len(got) > len(want) {
		return false
	}
	for i, b := range got {
		if b != 0 && b != want[i] {
			return false
		}
	}
	return len(got) < len(want) || !bytes.Equal(got, want)
}

// recover returns how many of the size bytes of data are whole: all, or all but a group that was not acknowledged. The
// error says that the two files do not belong together, or that one was damaged.
func (j *journal) recover(data io.ReaderAt, size int64) (whole int64, err error) {
	newest, ok, err := j.read(size)
	if err != nil || !ok {
		return size, err
	}
	name := filepath.Base(j.path)
	file := strings.TrimSuffix(name, Suffix)
	doubt := func(format string, args ...any) error {
		return fmt.Errorf("%s: %w; put the right file back, or remove %s to take the file as it is", fmt.Sprintf(format, args...), ErrDoubt, j.path)
	}
	switch {
	case j.note.sequence > newest.sequence:
		return 0, doubt("%s is damaged: it has no slot for the last group", name)
	case size > newest.end:
		return 0, doubt("%s has %d bytes behind the %d that %s knows", file, size-newest.end, newest.end, name)
	case size < newest.begin:
		return 0, doubt("%s has %d bytes of the %d that %s knows", file, size, newest.begin, name)
	case size == newest.end:
		sum := crc32.New(Castagnoli)
		if _, err := io.Copy(sum, io.NewSectionReader(data, newest.begin, newest.end-newest.begin)); err != nil {
			return 0, err
		}
		if sum.Sum32() == newest.checksum {
			return newest.end, nil
		}
	}
	if j.note.sequence == newest.sequence {
		return 0, doubt("the last %d bytes of %s are not those that %s knows", newest.end-newest.begin, file, name)
	}
	return newest.begin, nil
}

// inPlace reports whether the open journal is still the file at its path.
func (j *journal) inPlace() bool {
	info, err := os.Stat(j.path)
	return err == nil && os.SameFile(info, j.found)
}

// begin writes and syncs the slot of the group that is about to be written at offset begin. It makes a new journal if
// somebody has removed the old one.
func (j *journal) begin(begin int64, group []byte) error {
	if j.f != nil && !j.inPlace() {
		_ = j.f.Close()
		j.f, j.found = nil, nil
	}
	if j.f == nil {
		if err := j.open(begin); err != nil {
			return err
		}
	}
	return j.put(slot{j.sequence + 1, begin, begin + int64(len(group)), crc32.Checksum(group, Castagnoli)})
}

// done notes that the group is on disk, and makes the other slot the next one.
func (j *journal) done() {
	j.sequence++
	j.next = 1 - j.next
	_ = j.write(note{j.sequence, j.note.told}) // without it, less damage is found
}

func (j *journal) put(s slot) error {
	j.buf = s.append(j.buf[:0])
	j.recent = [2]slot{j.recent[1], s} // before it is written: a copy may be made right after
	if _, err := j.f.WriteAt(j.buf, j.next*slotBlock); err != nil {
		return err
	}
	return j.sync()
}

// write writes the note, which kill -9 does not take back, but a power failure may.
func (j *journal) write(n note) error {
	j.note = n
	j.buf = n.append(j.buf[:0])
	_, err := j.f.WriteAt(j.buf, noteAt)
	return err
}

func (j *journal) sync() error {
	if j.options.NoSync {
		return nil
	}
	return j.f.Sync()
}

// open opens or creates the file and writes a slot, synced, that says that the data ends at size. The first group needs
// it as the slot of the group before.
func (j *journal) open(size int64) (err error) {
	f, err := j.openFile(size)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			j.f = nil
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if j.found != nil && !os.SameFile(info, j.found) {
		return fmt.Errorf("%s is another file now", j.path)
	}
	j.found = info
	j.f = j.options.Wrap(diskFile{f})
	if j.sequence > 0 {
		err = j.put(slot{j.sequence + 1, size, size, 0})
	} else {
		j.next, j.recent[1] = 0, slot{1, size, size, 0}
		if _, err = j.f.WriteAt(newJournal(size), 0); err == nil {
			err = j.sync()
		}
	}
	if err != nil {
		return err
	}
	if !j.options.NoSync {
		if err := j.options.SyncDir(j.path); err != nil {
			return err
		}
	}
	j.done()
	return nil
}

// openFile opens the file, and creates it unless there was one. If one is there now, it must be a copy of the last one, as
// it is now or was before the last group.
func (j *journal) openFile(size int64) (*os.File, error) {
	if j.found == nil {
		j.sequence = 0
		f, err := files.Open(j.path, os.O_RDWR|os.O_CREATE|os.O_EXCL)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		if s, ok, err := j.read(size); err != nil || ok && !slices.Contains(j.recent[:], s) {
			j.found = nil
			return nil, cmp.Or(err, fmt.Errorf("%s is another journal than the one that was there: %w; move it away", j.path, ErrDoubt))
		}
	}
	return files.Open(j.path, os.O_RDWR)
}

// close closes the journal. It removes it if all of the data is whole.
func (j *journal) close(whole bool) error {
	if j.f != nil {
		if err := j.f.Close(); err != nil {
			return err
		}
	}
	if !whole || j.found == nil || !j.inPlace() {
		return nil
	}
	return os.Remove(j.path)
}
