// Package remote reads an agency's file from a web server as a stream, in constant memory and without a disk. Open
// reads the file once and checks its content by length and hash. Each later request asks for the same content, so the
// agency sends only bets that Open has checked. If a stream breaks, package remote resumes it where it broke.
//
// The package speaks only the part of HTTP/1.1 that it needs, over a connection for each request, because package
// net/http would double the size of the client.
package remote

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/retry"
	"github.com/tp0-lab/composer/internal/text"
)

var scheme = text.LazyRegexp(`^[A-Za-z][-+.A-Za-z0-9]*://`)

// IsURL reports whether an agency's file is a URL: it begins with a scheme and ://.
func IsURL(file string) bool { return scheme().MatchString(file) }

// CheckURL returns an error if Open cannot use the URL of a file.
func CheckURL(file string) error {
	_, _, err := parse(file)
	return err
}

// parse returns host:port and the path with its query.
func parse(file string) (address, target string, err error) {
	u, err := url.Parse(file)
	switch {
	case err != nil:
		return "", "", errors.New("this is no URL: want http://HOST:PORT/agency-{id}.csv")
	case u.Scheme == "https":
		return "", "", errors.New("want an http:// URL; the client has no certificates for https")
	case u.Scheme != "http":
		return "", "", fmt.Errorf("want an http:// URL, or the path of a file; the client reads nothing by %s", text.Short(u.Scheme, 20))
	case u.Hostname() == "" || u.User != nil || u.Fragment != "":
		return "", "", errors.New("want http://HOST:PORT/PATH, without user and fragment")
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")), u.RequestURI(), nil
}

// Config says what Open opens. All fields are required.
type Config struct {
	URL string
	// Timeout is the limit of a connect, and of the wait for the next bytes. While the server prepares its answer, each
	// 102 Processing starts the wait anew.
	Timeout time.Duration
	// Patience is how long a File tries again without receiving a byte or a 102 Processing.
	Patience time.Duration
	Now      func() time.Time
	Dial     func(ctx context.Context, network, address string) (net.Conn, error)
	Log      *slog.Logger
}

// Errors of Open and Read. Both are final.
var (
	// ErrChanged is in the error when the server has other content than the one that was checked.
	ErrChanged = errors.New("the file has changed since it was checked")
	// ErrContent is in the error when the content is not the one that the server announced.
	ErrContent = errors.New("the content is not the announced one")
)

// File is an open file. It is not safe for concurrent use. The caller closes it.
type File struct {
	config          Config
	ctx             context.Context //nolint:containedctx // a File lives as long as the call that opened it, and io.Reader takes none
	address, target string

	etag   string // that of the checked content, or of the content to be checked
	length int64
	offset int64     // of the next byte from the server
	body   *response // or nil

	progress time.Time // when the read that is running began, or the server last gave a sign of life

	seed   maphash.Seed
	blocks []uint64 // the hashes of the checked content, by block
	block  []byte   // of blockSize bytes
	ready  []byte   // the part of block that Read has not returned
}

// Open reads the whole file once and checks that it has as many bytes as the server announced. If the ETag has the form
// "sha256-…" of `composer data serve`, Open also checks that it is the hash of these bytes. While the server cannot be
// reached, Open tries again, until Patience passes without a byte. Reads end when ctx is done. Errors do not name the
// URL: the caller does.
func Open(ctx context.Context, c Config) (*File, error) {
	address, target, err := parse(c.URL)
	if err != nil {
		return nil, err
	}
	f := &File{config: c, ctx: ctx, address: address, target: target}
	if err := f.check(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// hashTag begins an ETag that is a hash of the content.
const hashTag = `"sha256-`

// blockSize is how many bytes have a hash of their own: 8 bytes of memory for each.
const blockSize = 256 << 10

// check is the first pass.
func (f *File) check() error {
	f.seed, f.block = maphash.MakeSeed(), make([]byte, blockSize)
	sum := sha256.New()
	for {
		n, err := io.ReadFull(stream{f}, f.block)
		sum.Write(f.block[:n])
		if n > 0 {
			f.blocks = append(f.blocks, maphash.Bytes(f.seed, f.block[:n]))
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && f.offset == f.length {
			break
		}
		if err != nil {
			return err
		}
	}
	if want, ok := strings.CutPrefix(f.etag, hashTag); ok && strings.TrimSuffix(want, `"`) != hex.EncodeToString(sum.Sum(nil)) {
		return fmt.Errorf("%w: its hash is not %s", ErrContent, f.etag)
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// Name returns the URL.
func (f *File) Name() string { return f.config.URL }

// Close ends the running request and its connection.
func (f *File) Close() error {
	if f.body == nil {
		return nil
	}
	f.body.stop()
	err := f.body.conn.Close()
	f.body = nil
	return err
}

// Seek goes back to the beginning of the file. Other offsets are an error.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekStart {
		return 0, errors.New("can only begin again")
	}
	f.offset, f.ready = 0, nil
	return 0, f.Close()
}

// Read reads the next bytes. It returns only bytes that Open has checked: if a block has another hash now, Read returns
// ErrChanged and no byte of the block. Read resumes a stream that broke, and gives up after Patience without a byte.
func (f *File) Read(p []byte) (int, error) {
	if len(f.ready) == 0 && f.offset < f.length {
		index := f.offset / blockSize
		block := f.block[:min(blockSize, f.length-f.offset)]
		if _, err := io.ReadFull(stream{f}, block); err != nil {
			return 0, err
		}
		if maphash.Bytes(f.seed, block) != f.blocks[index] {
			return 0, ErrChanged
		}
		f.ready = block
	}
	if len(f.ready) == 0 {
		return 0, io.EOF
	}
	n := copy(p, f.ready)
	f.ready = f.ready[n:]
	return n, nil
}

// stream reads what the server sends, and resumes it.
type stream struct{ f *File }

func (s stream) Read(p []byte) (int, error) {
	f := s.f
	if len(p) == 0 {
		return 0, nil
	}
	f.progress = f.config.Now()
	for backoff := (retry.Backoff{}); ; {
		n, err := f.next(p)
		switch {
		case n > 0:
			f.offset += int64(n)
			return n, nil
		case err == nil:
			continue
		case errors.Is(err, io.EOF) && f.offset == f.length && f.etag != "":
			return 0, io.EOF
		}
		_ = f.Close()
		if f.ctx.Err() != nil {
			return 0, f.ctx.Err()
		}
		left := f.config.Patience - f.config.Now().Sub(f.progress)
		if final(err) || left <= 0 {
			return 0, err
		}
		f.config.Log.LogAttrs(f.ctx, slog.LevelInfo, "agency_file", logline.InProgress, slog.String("url", f.config.URL), logline.Err(err))
		if err := retry.Sleep(f.ctx, min(left, backoff.Next())); err != nil {
			return 0, err
		}
	}
}

// next reads from the response, after it has asked for one if there is none.
func (f *File) next(p []byte) (int, error) {
	if f.etag != "" && f.offset >= f.length {
		return 0, io.EOF
	}
	if f.body == nil {
		r, err := f.request()
		if err != nil {
			return 0, err
		}
		f.body = r
		if f.etag == "" {
			f.etag, f.length = r.etag, r.total
		}
		if r.etag != f.etag || r.total != f.length {
			return 0, ErrChanged
		}
		if f.offset >= f.length {
			return 0, io.EOF
		}
	}
	return f.body.read(p)
}

// final reports whether another attempt cannot succeed.
func final(err error) bool {
	return errors.Is(err, ErrChanged) || errors.Is(err, ErrContent) || errors.As(err, new(*statusError)) || errors.As(err, new(*net.AddrError))
}
