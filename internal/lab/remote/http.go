package remote

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/text"
)

const (
	maxHeader = 64 << 10 // bytes of the header of a response
	maxLength = 64 << 30 // bytes of a file: some two billion bets, whose hashes take 2 MiB
)

// statusError is an answer that another attempt would get again.
type statusError struct{ what string }

func (e *statusError) Error() string { return e.what }

// response is an answer whose body is being read.
type response struct {
	conn   net.Conn
	reader *bufio.Reader
	limit  func() time.Time // the deadline of what begins now
	stop   func() bool      // of the watch over the context
	etag   string
	total  int64 // bytes of the whole file
	left   int64 // bytes of the body that have not been read
}

func (r *response) read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.ErrUnexpectedEOF // the caller wants more than the server sends
	}
	if err := r.conn.SetReadDeadline(r.limit()); err != nil {
		return 0, err
	}
	n, err := r.reader.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	if errors.Is(err, io.EOF) && r.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// request asks for the file from offset on: for the checked content, once there is one.
func (f *File) request() (*response, error) {
	ctx, cancel := context.WithTimeout(f.ctx, f.config.Timeout)
	defer cancel()
	conn, err := f.config.Dial(ctx, "tcp", f.address)
	if err != nil {
		return nil, err
	}
	r := &response{conn: conn, limit: func() time.Time { return f.config.Now().Add(f.config.Timeout) }}
	// Closing ends a read at once.
	r.stop = context.AfterFunc(f.ctx, func() { _ = conn.Close() })
	if err := f.exchange(r); err != nil {
		r.stop()
		_ = conn.Close()
		return nil, err
	}
	return r, nil
}

func (f *File) exchange(r *response) error {
	var out strings.Builder
	fmt.Fprintf(&out, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: identity\r\nConnection: close\r\n", f.target, f.address)
	if f.etag != "" {
		fmt.Fprintf(&out, "If-Match: %s\r\n", f.etag)
	}
	if f.offset > 0 {
		fmt.Fprintf(&out, "Range: bytes=%d-\r\n", f.offset)
	}
	out.WriteString("\r\n")
	if err := r.conn.SetDeadline(r.limit()); err != nil {
		return err
	}
	if _, err := io.WriteString(r.conn, out.String()); err != nil {
		return err
	}
	limited := &io.LimitedReader{R: r.conn}
	r.reader = bufio.NewReaderSize(limited, 32<<10)
	header := textproto.NewReader(r.reader)
	for level := slog.LevelInfo; ; level = slog.LevelDebug {
		limited.N = maxHeader
		status, err := header.ReadLine()
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		fields, err := header.ReadMIMEHeader()
		if err != nil {
			return fmt.Errorf("read the header: %w", err)
		}
		if !interim().MatchString(status) {
			limited.N = 1<<63 - 1 // the body has its own length
			return f.accept(r, status, fields)
		}
		if err := f.waitsFor(r, status, level); err != nil {
			return err
		}
	}
}

// interim matches the status of an answer before the answer.
var interim = text.LazyRegexp(`^HTTP/1\.[01] 1\d\d\b`)

// waitsFor notes that the server gave a sign of life before its answer: `composer data serve` does while it reads a large file.
func (f *File) waitsFor(r *response, status string, level slog.Level) error {
	_, status, _ = strings.Cut(status, " ")
	f.progress = f.config.Now()
	f.config.Log.LogAttrs(f.ctx, level, "agency_file", logline.InProgress, slog.String("url", f.config.URL), slog.String("status", text.Printable(text.Short(status, 60))))
	return r.conn.SetDeadline(r.limit())
}

// accept reads what the header says of the body.
func (f *File) accept(r *response, status string, fields textproto.MIMEHeader) error {
	protocol, status, _ := strings.Cut(status, " ")
	code, _, _ := strings.Cut(status, " ")
	number, err := strconv.Atoi(code)
	shown := text.Printable(text.Short(status, 60))
	switch {
	case err != nil || !strings.HasPrefix(protocol, "HTTP/1."):
		return &statusError{"the answer is not HTTP/1: " + text.Printable(text.Short(protocol, 20))}
	case number == 412:
		return ErrChanged
	case number >= 500 || number == 429: // it may recover
		return errors.New("the server says " + shown)
	case number >= 300 && number < 400:
		return &statusError{"the server says " + shown + ": give the URL of the file itself, as the client follows none"}
	case number != 200 && number != 206:
		return &statusError{"the server says " + shown}
	case !strings.EqualFold(cmp.Or(fields.Get("Content-Encoding"), "identity"), "identity"):
		return &statusError{"the server sends the file compressed (Content-Encoding: " + text.Printable(text.Short(fields.Get("Content-Encoding"), 20)) + "), and the client unpacks nothing: serve the file as it is, as `composer data serve` does"}
	case fields.Get("Transfer-Encoding") != "":
		return &statusError{"the answer has no Content-Length (chunked encoding): serve the file with `composer data serve`"}
	}
	if r.left, err = strconv.ParseInt(fields.Get("Content-Length"), 10, 64); err != nil || r.left < 0 {
		return &statusError{"the answer has no valid Content-Length"}
	}
	if r.left > maxLength {
		return &statusError{fmt.Sprintf("the answer has %d bytes, and the client reads files of %d at most", r.left, int64(maxLength))}
	}
	r.etag = fields.Get("Etag")
	if r.etag == "" || strings.HasPrefix(r.etag, "W/") || strings.ContainsAny(r.etag, "\r\n") {
		return &statusError{"the answer has no strong ETag, so a broken download could not go on"}
	}
	if number == 200 {
		r.total = r.left
		if f.offset > 0 {
			return &statusError{fmt.Sprintf("the answer has the whole file, and bytes from %d on were requested", f.offset)}
		}
		return nil
	}
	var first, last int64
	if _, err := fmt.Sscanf(fields.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &r.total); err != nil || first != f.offset || last >= r.total || last-first+1 != r.left || r.total > maxLength {
		return &statusError{fmt.Sprintf("the answer has other bytes than those from %d on, which were requested", f.offset)}
	}
	return nil
}
