package lottery

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MaxLine is the longest line that a reader takes, in bytes, without its line
// end.
const MaxLine = 8 << 10

// blockSize is how much of a file becomes one string, of which the bets are parts.
const blockSize = 128 << 10

// FileReader reads the bets of a CSV file, one record a line, as a stream: it
// holds one block of the file in memory, whatever the file's size. Lines end
// in LF or CRLF, the last one's end is optional, empty lines are skipped, and a
// UTF-8 byte order mark at the start is, too.
type FileReader struct {
	r      io.Reader
	name   string
	agency uint32 // 0: the file has a column for it

	buf   []byte // blockSize bytes; made by the first Read
	held  int    // bytes at the start of buf that are the beginning of a line
	block string // whole lines that are still to be parsed
	line  int    // of the record that came last, from 1
	err   error  // what came after block
}

// NewFileReader returns a reader of an agency's file, of five columns: first
// name, last name, document, birthdate, number. The name is for messages. The
// caller closes r. The agency must not be 0.
func NewFileReader(r io.Reader, name string, agency uint32) *FileReader {
	return &FileReader{r: r, name: name, agency: agency}
}

// newStoreReader returns a reader of bets.csv, of six columns.
func newStoreReader(r io.Reader, name string) *FileReader {
	return &FileReader{r: r, name: name}
}

// LineError says where a file is bad. It unwraps to the reason, which is a
// *FieldError if the line is a record at all.
type LineError struct {
	File string
	Line int // from 1
	Err  error
}

// Error returns "FILE:LINE: reason".
func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns the reason.
func (e *LineError) Unwrap() error { return e.Err }

var errLine = fmt.Errorf("line is over %d bytes", MaxLine)

// Line returns the line of the record that Read gave last, from 1; 0 before.
func (r *FileReader) Line() int { return r.line }

// Read reads the next bet into b and checks it (Bet.Check). It returns io.EOF
// behind the last one, a *LineError for a line that is no record or no good
// bet, or the error of the underlying reader, wrapped. After a *LineError the
// next Read goes on with the next line; only behind a line that is longer than a
// block, and after any other error, it returns the same error again.
//
// The strings in b are parts of one that holds up to 128 KiB of the file and
// lives as long as any of them: clone what is kept for long. Read does not
// allocate for a bet, only for each block (and for quotes inside fields).
func (r *FileReader) Read(b *Bet) error {
	for {
		i := strings.IndexByte(r.block, '\n')
		if i < 0 {
			if err := r.fill(); err != nil {
				return err
			}
			continue
		}
		line := r.block[:i]
		r.block = r.block[i+1:]
		r.line++
		if i > 0 && line[i-1] == '\r' {
			line = line[:i-1]
		}
		if line == "" {
			continue
		}
		if len(line) > MaxLine {
			return &LineError{r.name, r.line, errLine}
		}
		if err := parseRecord(line, r.agency, b); err != nil {
			return &LineError{r.name, r.line, err}
		}
		return nil
	}
}

// fill reads the next block: all whole lines that fit into buf. A last line
// without an end gets one, so that every line in block has.
func (r *FileReader) fill() error {
	if r.err != nil {
		return r.err
	}
	start := r.buf == nil
	if start {
		r.buf = make([]byte, blockSize+1) // one for that line end
	}
	n := r.held
	var err error
	for n < blockSize && err == nil {
		var m int
		m, err = r.r.Read(r.buf[n:blockSize])
		n += m
	}
	data := r.buf[:n]
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		r.err = io.EOF
		if n > 0 && data[n-1] != '\n' {
			data = append(data, '\n')
		}
	default:
		r.err = fmt.Errorf("read %s: %w", r.name, err)
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	if len(data)-end > MaxLine+1 && end == 0 {
		r.line++
		r.err = &LineError{r.name, r.line, errLine}
		return r.err
	}
	r.block = string(data[:end])
	r.held = copy(r.buf, data[end:])
	if start {
		r.block = strings.TrimPrefix(r.block, "\ufeff")
	}
	return nil
}
