package lottery

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
)

// The journal tells, after a crash, whether the last group of batches that was
// written to bets.csv is whole. A group is cut off by kill -9 in the middle of
// its write, and by a power failure wherever the disk had got to.
//
// It is a file of two slots, each in a disk block of its own. Before the bytes
// of a group are written, one slot gets the group's begin, end and checksum,
// while the other still describes the group before; both files are synced
// before the group is acknowledged, and only then do the slots change roles.
//
//   - kill -9: the kernel keeps all that was written, in order, so that the
//     newest slot describes the last group, of which any part may be missing.
//   - Power failure: of the group's slot and its bytes any part may be missing.
//     If the slot is there, it is as above. If it is not (its own checksum
//     tells a torn one), the other slot is, because it was synced
//     with its group: then whatever lies behind that group's end goes.
//
// A group that failed leaves its slot to the next one, so that the other slot
// stays the one that is known to be on disk.

const (
	slotSize  = 4 + 8 + 8 + 8 + 4 + 4
	slotBlock = 4096 // from slot to slot: a disk does not tear two blocks at once
	slotMagic = "TP0J"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// slot is what the journal says of one group.
//
// Encoded: magic 4, sequence 8, begin 8, end 8, checksum 4, and the CRC-32C of
// all that, 4. Big-endian.
type slot struct {
	sequence   uint64
	begin, end int64  // of the group in bets.csv
	checksum   uint32 // CRC-32C of its bytes
}

func (s slot) append(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, slotMagic...)
	dst = binary.BigEndian.AppendUint64(dst, s.sequence)
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.begin))
	dst = binary.BigEndian.AppendUint64(dst, uint64(s.end))
	dst = binary.BigEndian.AppendUint32(dst, s.checksum)
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func parseSlot(b []byte) (s slot, ok bool) {
	const sum = slotSize - 4
	if len(b) < slotSize || string(b[:4]) != slotMagic ||
		binary.BigEndian.Uint32(b[sum:]) != crc32.Checksum(b[:sum], castagnoli) {
		return slot{}, false
	}
	return slot{
		sequence: binary.BigEndian.Uint64(b[4:]),
		begin:    int64(binary.BigEndian.Uint64(b[12:])),
		end:      int64(binary.BigEndian.Uint64(b[20:])),
		checksum: binary.BigEndian.Uint32(b[28:]),
	}, true
}

// journal is the file of the slots. The committer has it for itself.
type journal struct {
	path     string
	wrap     func(file) file
	f        file   // nil until the first group: a full disk is no reason not to start
	sequence uint64 // of the newest slot
	next     int64  // the slot that the next group gets, 0 or 1
	buf      []byte
}

// recover reads what a crash has left and returns the length of the data that
// is whole. Without a journal all of it is.
func (j *journal) recover(data io.ReaderAt, size int64) (int64, error) {
	old, err := os.ReadFile(j.path)
	if errors.Is(err, fs.ErrNotExist) {
		return size, nil
	}
	if err != nil {
		return 0, fmt.Errorf("recover bets: %w", err)
	}
	var newest slot
	found := false
	for i := range int64(2) {
		if int64(len(old)) < i*slotBlock {
			break
		}
		if s, ok := parseSlot(old[i*slotBlock:]); ok && (!found || s.sequence > newest.sequence) {
			newest, found = s, true
			j.sequence, j.next = s.sequence, 1-i
		}
	}
	// A file that ends before the group begins is not the one that the journal
	// was written for: somebody has put another in its place.
	if !found || size < newest.begin {
		return size, nil
	}
	if size >= newest.end {
		sum := crc32.New(castagnoli)
		if _, err := io.Copy(sum, io.NewSectionReader(data, newest.begin, newest.end-newest.begin)); err != nil {
			return 0, fmt.Errorf("recover bets: %w", err)
		}
		if sum.Sum32() == newest.checksum {
			return newest.end, nil
		}
		if size > newest.end {
			return 0, fmt.Errorf("recover bets: %s is not of this file: remove it to take the file as it is", j.path)
		}
	}
	return newest.begin, nil
}

// write says that a group is about to be written at begin.
func (j *journal) write(begin int64, group []byte) error {
	if j.f == nil {
		if err := j.open(begin); err != nil {
			return err
		}
	}
	return j.put(slot{j.sequence + 1, begin, begin + int64(len(group)), crc32.Checksum(group, castagnoli)})
}

// done says that the group is durable, and its slot with it.
func (j *journal) done() {
	j.sequence++
	j.next = 1 - j.next
}

func (j *journal) put(s slot) error {
	j.buf = s.append(j.buf[:0])
	_, err := j.f.WriteAt(j.buf, j.next*slotBlock)
	return err
}

// open makes the file, if need be, and a durable slot that says that the data
// ends at size: the ground on which the first group stands.
func (j *journal) open(size int64) error {
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	j.f = j.wrap(diskFile{f})
	if err := j.ground(f, size); err != nil {
		j.f.Close()
		j.f = nil
		return err
	}
	j.done()
	return nil
}

func (j *journal) ground(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	// Blocks that are there already need no room when the disk is full.
	if missing := 2*slotBlock - info.Size(); missing > 0 {
		if _, err := j.f.WriteAt(make([]byte, missing), info.Size()); err != nil {
			return err
		}
	}
	if err := j.put(slot{j.sequence + 1, size, size, 0}); err != nil {
		return err
	}
	// The file's own Sync: its size is new, too.
	if err := j.f.Sync(); err != nil {
		return err
	}
	return syncDirectory(j.path)
}

// close removes the journal: what is in bets.csv is whole.
func (j *journal) close() error {
	if j.f != nil {
		if err := j.f.Close(); err != nil {
			return err
		}
	}
	if err := os.Remove(j.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
