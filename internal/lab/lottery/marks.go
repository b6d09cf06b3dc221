package lottery

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// marks is bets.csv.draw, the file of the lottery's state, which only grows:
//
//	finished,AGENCY,TOTAL,CHECKSUM
//	drawn,AGENCIES
//
// A line without its line end does not count. The first line creates the file.
type marks struct {
	path   string
	noSync bool
	wrap   func(file) file

	mu      sync.Mutex // guards the fields below
	turn    sync.Cond  // signals the end of a round
	f       file
	durable int64 // length of the whole lines on disk
	tail    bool  // the file may hold bytes behind durable
	pending []byte
	round   *round // the round in which pending will be written
	writing bool   // a round is being written
}

// round is the lines that go to the disk together.
type round struct {
	done bool
	err  error
}

// finish is a line of the file for an agency that has finished.
type finish struct {
	agency   uint32
	total    uint64
	checksum uint32
}

// read calls finished and drawn for the lines of the file. A missing file has no lines.
func (m *marks) read(finished func(finish) error, drawn func(agencies uint32)) error {
	m.turn.L, m.round = &m.mu, new(round)
	f, err := os.Open(m.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	r := bufio.NewReader(f)
	for number := 1; ; number++ {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			m.tail = len(line) > 0
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", m.path, number, err)
		}
		m.durable += int64(len(line))
		var f finish
		var agencies uint32
		if _, err := fmt.Sscanf(string(line), "finished,%d,%d,%d\n", &f.agency, &f.total, &f.checksum); err == nil {
			if err := finished(f); err != nil {
				return fmt.Errorf("%s:%d: %w", m.path, number, err)
			}
		} else if _, err := fmt.Sscanf(string(line), "drawn,%d\n", &agencies); err == nil {
			drawn(agencies)
		} else {
			return fmt.Errorf("%s:%d: neither a finish nor a draw", m.path, number)
		}
	}
}

func (m *marks) finished(f finish) error {
	return m.append(fmt.Sprintf("finished,%d,%d,%d\n", f.agency, f.total, f.checksum))
}

func (m *marks) drawn(agencies uint32) error {
	return m.append(fmt.Sprintf("drawn,%d\n", agencies))
}

// append makes the line durable. While the disk is busy, lines gather in the next round, and the first caller writes
// them for all.
func (m *marks) append(line string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.round
	m.pending = append(m.pending, line...)
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
		r.err = fmt.Errorf("%w: %w", ErrStorage, err)
	} else {
		m.durable += int64(len(lines))
	}
	r.done, m.writing = true, false
	m.turn.Broadcast()
	return r.err
}

// uncertain reports whether the file may hold a line whose append has not succeeded.
func (m *marks) uncertain() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writing || m.tail
}

// write makes the lines durable. Only the caller that has set writing calls it; durable does not change meanwhile.
func (m *marks) write(lines []byte) error {
	if m.f == nil {
		f, err := os.OpenFile(m.path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		if err := syncDirectory(m.path); err != nil {
			f.Close()
			return err
		}
		m.f = m.wrap(diskFile{f})
	}
	if m.tail {
		if err := m.f.Truncate(m.durable); err != nil {
			return err
		}
	}
	m.tail = true
	_, err := m.f.WriteAt(lines, m.durable)
	if err == nil && !m.noSync {
		err = m.f.Sync()
	}
	if err == nil || m.f.Truncate(m.durable) == nil {
		m.tail = false
	}
	return err
}

func (m *marks) close() error {
	if m.f == nil {
		return nil
	}
	return m.f.Close()
}
