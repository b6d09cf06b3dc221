package remote

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func hashOf(content string) string { return fmt.Sprintf(`"sha256-%x"`, sha256.Sum256([]byte(content))) }

// serving serves content as `composer data serve` does, and calls before with the number of each request.
func serving(t *testing.T, content func() (text, etag string), before func(n int, w http.ResponseWriter) bool) string {
	t.Helper()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(requests.Add(1))
		if before != nil && !before(n, w) {
			return
		}
		text, etag := content()
		w.Header().Set("Etag", etag)
		http.ServeContent(w, r, "x.csv", time.Time{}, strings.NewReader(text))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/agency-1.csv"
}

func always(text string) func() (string, string) {
	return func() (string, string) { return text, hashOf(text) }
}

func configOf(url string) Config {
	return Config{
		URL: url, Timeout: 5 * time.Second, Patience: 5 * time.Second, Now: time.Now,
		Dial: new(net.Dialer).DialContext, Log: slog.New(slog.DiscardHandler),
	}
}

// readAll opens a URL and reads it twice.
func readAll(ctx context.Context, c Config) (string, error) {
	f, err := Open(ctx, c)
	if err != nil {
		return "", err
	}
	defer f.Close()
	first, err := io.ReadAll(f)
	if err != nil {
		return string(first), err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	second, err := io.ReadAll(f)
	if string(first) != string(second) {
		return "", errors.New("the second time is another")
	}
	return string(second), err
}

func TestRead(t *testing.T) {
	for _, content := range []string{"", "x", strings.Repeat("0123456789", 100_000)} {
		if got, err := readAll(t.Context(), configOf(serving(t, always(content), nil))); err != nil || got != content {
			t.Errorf("got %d bytes, error %v, want %d", len(got), err, len(content))
		}
	}
}

// cutConn breaks after some bytes.
type cutConn struct {
	net.Conn
	left *atomic.Int64
}

func (c *cutConn) Read(p []byte) (int, error) {
	left := c.left.Load()
	if left <= 0 {
		return 0, errors.New("cut")
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), left)])
	c.left.Add(-int64(n))
	return n, err
}

// A connection that breaks again and again: each goes on where the one before broke.
func TestResume(t *testing.T) {
	content := strings.Repeat("0123456789", 50_000)
	c := configOf(serving(t, always(content), nil))
	dials := 0
	c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dials++
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		left := new(atomic.Int64)
		left.Store(200_000)
		return &cutConn{conn, left}, err
	}
	if got, err := readAll(t.Context(), c); err != nil || got != content {
		t.Errorf("got %d bytes, error %v", len(got), err)
	}
	if dials != 9 { // three for each of the passes
		t.Errorf("there were %d connections, want 9", dials)
	}
}

// A server that is not up yet, or has trouble, is tried again.
func TestPatience(t *testing.T) {
	url := serving(t, always("x"), func(n int, w http.ResponseWriter) bool {
		if n < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return n >= 3
	})
	if got, err := readAll(t.Context(), configOf(url)); err != nil || got != "x" {
		t.Errorf("got %q, error %v", got, err)
	}
	c := configOf(url)
	c.Patience = time.Millisecond
	c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("nobody is there") }
	if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "nobody is there") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, configOf(url)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A server that says that it is still at work is waited for, beyond the patience with one that says nothing.
func TestWorkingServer(t *testing.T) {
	url := serving(t, always("x"), func(_ int, w http.ResponseWriter) bool {
		for range 6 {
			w.WriteHeader(http.StatusProcessing)
			time.Sleep(50 * time.Millisecond)
		}
		return true
	})
	c := configOf(url)
	c.Timeout, c.Patience = 200*time.Millisecond, 200*time.Millisecond
	if got, err := readAll(t.Context(), c); err != nil || got != "x" {
		t.Errorf("got %q, error %v", got, err)
	}
}

// The caller says what file it is: errors do not.
func TestErrorsWithoutURL(t *testing.T) {
	url := serving(t, always("x"), func(_ int, w http.ResponseWriter) bool { w.WriteHeader(http.StatusNotFound); return false })
	if _, err := Open(t.Context(), configOf(url)); err == nil || err.Error() != "the server says 404 Not Found" {
		t.Errorf("got %v", err)
	}
}

func TestWrongContent(t *testing.T) {
	other := func() (string, string) { return "x", hashOf("y") }
	if _, err := Open(t.Context(), configOf(serving(t, other, nil))); !errors.Is(err, ErrContent) {
		t.Errorf("another hash: got %v", err)
	}
	var changed atomic.Bool
	content := func() (string, string) {
		if changed.Load() {
			return always("new content")()
		}
		return always("old content")()
	}
	f, err := Open(t.Context(), configOf(serving(t, content, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	changed.Store(true)
	if _, err := io.ReadAll(f); !errors.Is(err, ErrChanged) {
		t.Errorf("changed since: got %v", err)
	}
}

// A file that is changed in place has the ETag that it had when the server hashed it. Nothing of a changed block is read.
func TestChangedInPlace(t *testing.T) {
	old := strings.Repeat("0", 3*blockSize)
	for _, at := range []int{0, blockSize, len(old) - 1} {
		var changed atomic.Bool
		content := func() (string, string) {
			if changed.Load() {
				return old[:at] + "7" + old[at+1:], hashOf(old)
			}
			return old, hashOf(old)
		}
		f, err := Open(t.Context(), configOf(serving(t, content, nil)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		changed.Store(true)
		got, err := io.ReadAll(f)
		if want := old[:at/blockSize*blockSize]; !errors.Is(err, ErrChanged) || string(got) != want {
			t.Errorf("changed at %d: got %d bytes, error %v, want %d", at, len(got), err, len(want))
		}
	}
}

// Answers that no other attempt betters, each on a connection that the server closes.
func TestRefused(t *testing.T) {
	for answer, want := range map[string]string{
		"HTTP/1.1 404 Not Found\r\n\r\n":                                                                             "the server says 404 Not Found",
		"HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n":                                                          "the server says 302 Found: give the URL of the file itself",
		"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\nEtag: \"a\"\r\n\r\n":                              "the answer has 9223372036854775807 bytes, and the client reads files of 68719476736",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nEtag: W/\"a\"\r\n\r\n":           "compressed (Content-Encoding: gzip)",
		"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n":                                              "the server says 404 Not Found",
		"HTTP/1.1 200 OK\r\nEtag: \"a\"\r\n\r\n":                                                                     "no valid Content-Length",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\nEtag: \"a\"\r\n\r\n":                                               "no valid Content-Length",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx":                                                              "strong ETag",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nEtag: W/\"a\"\r\n\r\nx":                                             "strong ETag",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nEtag: \"a\"\r\n\r\n1\r\nx\r\n0\r\n\r\n":                    "chunked encoding",
		"HTTP/1.1 206 Partial Content\r\nContent-Length: 100\r\nContent-Range: bytes 0-99/9\r\nEtag: \"a\"\r\n\r\nx": "other bytes than those from 0 on",
		"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nContent-Range: bytes 4-4/9\r\nEtag: \"a\"\r\n\r\nx":    "other bytes than those from 0 on",

		"SSH-2.0-OpenSSH\r\n\r\n": "the answer is not HTTP/1",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, answer)
		}()
		_, err = Open(t.Context(), configOf("http://"+listener.Addr().String()+"/x"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", answer, err, want)
		}
		_ = listener.Close()
		<-done
	}
}

func TestCheckURL(t *testing.T) {
	for url, want := range map[string]string{
		"http://h:80/a.csv": "", "http://h/a.csv?x=y": "", "http://[::1]:8080/a": "",
		"HTTP://h/a": "", "https://h/a": "no certificates", "ftp://h/a": "nothing by ftp", "s3://b/a": "nothing by s3", "http:///a": "http://HOST", "http://u:p@h/a": "without user", "http://h/a#b": "without user", "http://h:x/": "no URL",
	} {
		if err := CheckURL(url); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", url, err, want)
		}
	}
	for file, want := range map[string]bool{
		"agency.csv": false, "/data/a//b.csv": false, `C:\data\agency.csv`: false, "C:/x": false, "://x": false,
		"http://x": true, "HTTPS://x": true, "ftp://x": true, "file:///x": true,
	} {
		if IsURL(file) != want {
			t.Errorf("%s: a URL: %v, want %v", file, !want, want)
		}
	}
}
