package draw

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync"

	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
)

// suffix follows the name of bets.csv in the name of the file of its draw.
const suffix = ".draw"

// drawFile is bets.csv.draw, the file of the lottery's state, which only grows:
//
//	finished,AGENCY,TOTAL,CHECKSUM,SUM
//	drawn,AGENCIES,SUM
//	told,SUM
//
// SUM is the CRC-32C of all bytes of the file before it and its comma, in eight hexadecimal digits: a line that somebody
// has changed does not pass for another. The first line creates the file.
type drawFile struct {
	file *journal.File // only the caller that has set writing uses it
	kept bool          // the file has the line told

	mu      sync.Mutex // guards the fields below
	turn    sync.Cond  // signals the end of a round
	pending []string   // lines without their sums
	round   *round     // the round in which pending will be written
	writing bool       // a round is being written
}

// round is the lines that go to the disk together.
type round struct {
	done bool
	err  error
}

// finish is a line of the file for an agency that has finished.
type finish struct {
	agency  uint32
	account store.Account
}

// state is what the file says.
type state struct {
	finishes []finish
	drawn    bool
	told     bool // the log has the line about the draw
}

// loadDrawFile reads the file at path and changes nothing. A missing file has no lines.
func loadDrawFile(ctx context.Context, path string, o journal.Options) (*drawFile, state, error) {
	file, err := journal.Open(path, false, o)
	if err != nil {
		return nil, state{}, err
	}
	m := &drawFile{file: file, round: new(round)}
	m.turn.L = &m.mu
	var s state
	read := func(r io.Reader) error {
		if err := s.read(r); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	if err := file.Load(ctx, read); err != nil {
		_ = file.Release()
		return nil, state{}, err
	}
	m.kept = s.told
	s.told = s.told || s.drawn && file.Told()
	return m, s, nil
}

func (s *state) read(file io.Reader) error {
	r, sum := bufio.NewReader(file), uint32(0)
	for number := 1; ; number++ {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		text, end := cutLineEnd(string(line))
		said := text[:max(strings.LastIndexByte(text, ','), 0)]
		var want []byte
		if want, sum = appendLine(nil, sum, said, end); string(want) != text+end || s.add(said) != nil {
			return fmt.Errorf("line %d is damaged or no line of a central: %w; put the right file back, or move it away to lose all finishes and the draw", number, journal.ErrDoubt)
		}
	}
}

func cutLineEnd(line string) (text, end string) {
	text = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	return text, line[len(text):]
}

func (s *state) add(text string) error {
	var f finish
	var agencies uint32
	if _, err := fmt.Sscanf(text, "finished,%d,%d,%d", &f.agency, &f.account.Count, &f.account.Checksum); err == nil {
		s.finishes = append(s.finishes, f)
		return nil
	}
	if text == "told" {
		s.told = true
		return nil
	}
	s.drawn = true
	_, err := fmt.Sscanf(text, "drawn,%d", &agencies)
	return err
}

func (m *drawFile) finished(f finish) error {
	return m.append(fmt.Sprintf("finished,%d,%d,%d", f.agency, f.account.Count, f.account.Checksum))
}

func (m *drawFile) drawn(agencies uint32) error { return m.append(fmt.Sprintf("drawn,%d", agencies)) }

// append makes the line durable. While the disk is busy, lines gather in the next round, and the first caller writes
// them for all.
func (m *drawFile) append(line string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.round
	m.pending = append(m.pending, line)
	for m.writing && !r.done {
		m.turn.Wait()
	}
	if r.done {
		return r.err
	}
	lines := m.pending
	m.pending, m.round, m.writing = nil, new(round), true
	m.mu.Unlock()
	err := m.write(lines)
	m.mu.Lock()
	if err != nil {
		r.err = fmt.Errorf("%w: %w", store.ErrStorage, err)
	}
	r.done, m.writing = true, false
	m.turn.Broadcast()
	return r.err
}

// write makes the lines durable. Only the caller that has set writing calls it.
func (m *drawFile) write(lines []string) error {
	var group []byte
	sum := m.file.Checksum()
	for _, line := range lines {
		group, sum = appendLine(group, sum, line, "\n")
	}
	return m.file.Append(group)
}

// appendLine appends a line with its sum. sum is that of all bytes of the file before, and is returned with the line's.
func appendLine(dst []byte, sum uint32, text, end string) ([]byte, uint32) {
	sum = crc32.Update(sum, journal.Castagnoli, []byte(text))
	end = fmt.Sprintf(",%08x%s", sum, end)
	return append(append(dst, text...), end...), crc32.Update(sum, journal.Castagnoli, []byte(end))
}

// close closes the file. It first writes the line told in place of the journal's note, since the journal goes.
func (m *drawFile) close() error {
	if m.file.Told() && !m.kept {
		if err := m.append("told"); err != nil {
			return errors.Join(err, m.file.Release())
		}
	}
	return m.file.Close()
}

// uncertain reports whether the file may hold a line whose append has not succeeded.
func (m *drawFile) uncertain() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writing || m.file.Unsure()
}
