package local

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/tp0-lab/composer/internal/lab/service"
)

// All services of a lab write their lines to one pipe, so that lines are read
// in the order in which they were written: what one service logs because of
// another comes behind it. A pipe takes up to PIPE_BUF bytes in one piece
// (pipe(7)), and that is 512 at least on every system, so that is how large a frame is, at most:
//
//	2 bytes  index of the service, big-endian
//	2 bytes  length of what follows; 0: the service's process has ended; 65535: it is ready for signals
//	length   bytes of its output
const (
	frameHeader = 4
	maxFrame    = 512
	endMark     = 0
	readyMark   = 0xFFFF
	// maxLine is how much of a line is kept together, in bytes.
	maxLine = 64 << 10
)

// muxWriter writes the output of one service. Write is for one goroutine.
type muxWriter struct {
	w     io.Writer
	index uint16
	frame [maxFrame]byte
}

func (m *muxWriter) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n := copy(m.frame[frameHeader:], p[written:])
		if err := m.put(uint16(n), n); err != nil {
			return written, err
		}
		written += n
	}
	return written, nil
}

func (m *muxWriter) mark(mark uint16) error { return m.put(mark, 0) }

// GiveUp makes Write fail where it would wait: see service.Output.
func (m *muxWriter) GiveUp() {
	if o, ok := m.w.(*service.Output); ok {
		o.GiveUp()
	}
}

// put writes a frame whose first n bytes of payload are in place.
func (m *muxWriter) put(length uint16, n int) error {
	binary.BigEndian.PutUint16(m.frame[0:], m.index)
	binary.BigEndian.PutUint16(m.frame[2:], length)
	_, err := m.w.Write(m.frame[:frameHeader+n])
	return err
}

// demux reads frames until the end, and calls line for each line, without its
// end, and mark for each mark: endMark comes behind the line that the process
// has left unfinished. An index at or above services is an error.
func demux(r io.Reader, services int, line func(index int, text string), mark func(index int, mark uint16)) error {
	in := bufio.NewReaderSize(r, 64<<10)
	held := make([][]byte, services) // lines that are not complete
	emit := func(i int, text []byte) {
		line(i, string(bytes.ToValidUTF8(bytes.TrimRight(text, "\r\n"), []byte("\uFFFD"))))
	}
	var header [frameHeader]byte
	payload := make([]byte, maxFrame)
	for {
		if _, err := io.ReadFull(in, header[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("read the services' output: %w", err)
		}
		i, n := int(binary.BigEndian.Uint16(header[0:])), int(binary.BigEndian.Uint16(header[2:]))
		if i < services && n == readyMark {
			mark(i, readyMark)
			continue
		}
		if i >= services || n > maxFrame-frameHeader {
			return fmt.Errorf("read the services' output: frame of service %d with %d bytes", i, n)
		}
		if n == endMark {
			if len(held[i]) > 0 {
				emit(i, held[i])
				held[i] = nil
			}
			mark(i, endMark)
			continue
		}
		if _, err := io.ReadFull(in, payload[:n]); err != nil {
			return fmt.Errorf("read the services' output: %w", err)
		}
		held[i] = append(held[i], payload[:n]...)
		for {
			end := bytes.IndexByte(held[i], '\n')
			if end < 0 && len(held[i]) >= maxLine {
				end = maxLine - 1
			}
			if end < 0 {
				break
			}
			emit(i, held[i][:end+1])
			held[i] = held[i][end+1:]
		}
	}
}
