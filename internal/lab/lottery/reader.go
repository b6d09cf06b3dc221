package lottery

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxLine is the longest line that a FileReader accepts, in bytes without the line end.
const maxLine = 8 << 10

// blockSize is how much of a file becomes one string, which the bets are parts of.
const blockSize = 128 << 10

// FileReader reads the bets of a CSV file as a stream, one record a line. It holds one block of the file in memory,
// whatever the size of the file. Lines end in LF or CRLF; the last line may lack its end. FileReader skips empty lines,
// and a UTF-8 byte order mark at the start.
type FileReader struct {
	r      io.Reader
	name   string
	agency uint32 // 0: the file has a column for it

	buf   []byte // blockSize bytes; made by the first Read
	held  int    // how many bytes at the start of buf are the beginning of a line
	block string // whole lines that have not been parsed
	line  int    // the line of the last record, from 1
	err   error  // the error behind block
	read  int64  // how many bytes r has given
	added int    // 1 if the block ends with a line end that the file lacks
}

// NewFileReader returns a reader of an agency's file, whose five columns are first name, last name, document, birthdate
// and number. For agency 0 it returns a reader of bets.csv, which has the agency in another column before these five.
// Errors begin with name. The caller closes r.
func NewFileReader(r io.Reader, name string, agency uint32) *FileReader {
	return &FileReader{r: r, name: name, agency: agency}
}

// LineError is the error for a bad line of a file. It unwraps to the reason, which is a *FieldError if the line has the
// form of a record.
type LineError struct {
	File string
	Line int // from 1
	Err  error
}

// Error returns "FILE:LINE: reason".
func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

// Unwrap returns the reason.
func (e *LineError) Unwrap() error { return e.Err }

var errLine = fmt.Errorf("line is over %d bytes", maxLine)

// Line returns the line of the last record, from 1. Before the first record it returns 0.
func (r *FileReader) Line() int { return r.line }

// Read reads the next bet into b and checks it (Bet.Check). The error is io.EOF after the last bet, a *LineError for a
// line that is not a record or not a good bet, or the wrapped error of the underlying reader. After a *LineError the
// next Read goes on with the next line, unless the line is longer than a block. After any other error Read returns the
// same error again.
//
// The strings in b are parts of one string, which holds up to 128 KiB of the file and lives as long as any of them:
// clone those that you keep. Read allocates for each block and for fields with doubled quotes, but not for each bet.
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
		if len(line) > maxLine {
			return &LineError{r.name, r.line, errLine}
		}
		if err := parseRecord(line, r.agency, b); err != nil {
			return &LineError{r.name, r.line, err}
		}
		return nil
	}
}

// Offset returns where in the file the next line begins, in bytes.
func (r *FileReader) Offset() int64 {
	return min(r.read, r.read+int64(r.added-r.held-len(r.block))) // behind the last line there is no added line end
}

// fill reads the next block, which is all whole lines that fit into buf. It appends a line end to a last line without
// one, so that every line in block has one.
func (r *FileReader) fill() error {
	if r.err != nil {
		return r.err
	}
	start := r.buf == nil
	if start {
		r.buf = make([]byte, blockSize+1) // and one byte for that line end
	}
	n := r.held
	var err error
	for n < blockSize && err == nil {
		var m int
		m, err = r.r.Read(r.buf[n:blockSize])
		n += m
	}
	r.read += int64(n - r.held)
	data := r.buf[:n]
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		r.err = io.EOF
		if n > 0 && data[n-1] != '\n' {
			data = append(data, '\n')
			r.added = 1
		}
	default:
		r.err = fmt.Errorf("read %s: %w", r.name, err)
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	if len(data)-end > maxLine+1 && end == 0 {
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
