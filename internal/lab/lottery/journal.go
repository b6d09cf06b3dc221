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

// After a crash, the journal says whether the last group of batches that was written to bets.csv is whole. A group is
// cut off by kill -9 in the middle of its write, or by a power failure anywhere.
//
// The journal is a file of two slots, each in a disk block of its own. Before a group is written, one slot gets the
// group's begin, end and checksum; the other slot still describes the group before. Both files are synced before the
// group is acknowledged. Only then do the slots change roles.
//
//   - kill -9: the kernel keeps all writes, in order. The newest slot describes the last group, and any part of that
//     group may be missing.
//   - Power failure: any part of the slot and of the group may be missing. If the slot is whole, the first case applies.
//     If it is torn, which its own checksum shows, the other slot is whole, because it was synced with its group; then
//     all bytes behind that group are removed.
//
// A group that failed leaves its slot to the next group, so the other slot stays the one that is known to be on disk.

const (
	slotSize  = 4 + 8 + 8 + 8 + 4 + 4
	slotBlock = 4096 // distance of the slots: a disk does not tear two blocks at once
	slotMagic = "TP0J"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// slot describes one group.
//
// Encoded: magic 4, sequence 8, begin 8, end 8, checksum 4, CRC-32C of the bytes before 4. Big-endian.
type slot struct {
	sequence   uint64
	begin, end int64  // offsets of the group in bets.csv
	checksum   uint32 // CRC-32C of the group
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

// journal is the file of the slots. Only the committer uses it.
type journal struct {
	path     string
	wrap     func(file) file
	f        file   // nil until the first group, so that a central can start on a full disk
	sequence uint64 // of the newest slot
	next     int64  // the slot for the next group, 0 or 1
	buf      []byte
}

// recover reads the journal after a crash and returns how many bytes of data, which has size bytes, are whole. Without
// a journal all bytes are.
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
	// A file that ends before the group is not the file of this journal: somebody has put another in its place.
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
			return 0, fmt.Errorf("recover bets: %s does not belong to this file: remove it to take the file as it is", j.path)
		}
	}
	return newest.begin, nil
}

// write writes the slot of the group that is about to be written at begin.
func (j *journal) write(begin int64, group []byte) error {
	if j.f == nil {
		if err := j.open(begin); err != nil {
			return err
		}
	}
	return j.put(slot{j.sequence + 1, begin, begin + int64(len(group)), crc32.Checksum(group, castagnoli)})
}

// done makes the other slot the next one: the group and its slot are on disk.
func (j *journal) done() {
	j.sequence++
	j.next = 1 - j.next
}

func (j *journal) put(s slot) error {
	j.buf = s.append(j.buf[:0])
	_, err := j.f.WriteAt(j.buf, j.next*slotBlock)
	return err
}

// open opens or creates the file and writes a slot, synced, that says that the data ends at size. The first group needs
// it as the slot of the group before.
func (j *journal) open(size int64) (err error) {
	f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	j.f = j.wrap(diskFile{f})
	defer func() {
		if err != nil {
			j.f.Close()
			j.f = nil
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	// With both blocks written, a full disk cannot fail a later slot.
	if missing := 2*slotBlock - info.Size(); missing > 0 {
		if _, err := j.f.WriteAt(make([]byte, missing), info.Size()); err != nil {
			return err
		}
	}
	if err := j.put(slot{j.sequence + 1, size, size, 0}); err != nil {
		return err
	}
	if err := j.f.Sync(); err != nil {
		return err
	}
	if err := syncDirectory(j.path); err != nil {
		return err
	}
	j.done()
	return nil
}

// close removes the journal, because all of bets.csv is whole.
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
