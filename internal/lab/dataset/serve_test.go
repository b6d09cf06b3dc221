package dataset

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestServer(t *testing.T) {
	dir := t.TempDir()
	const content = "Ana,Paz,1,2000-01-02,5\n"
	path := filepath.Join(dir, "agency-3.csv")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(path, content)
	write(filepath.Join(dir, "other.csv"), "x")
	secret := filepath.Join(t.TempDir(), "secret")
	write(secret, "x")
	if err := os.Symlink(secret, filepath.Join(dir, "agency-4.csv")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "agency-5.csv"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	etag := fmt.Sprintf("%q", fmt.Sprintf("sha256-%x", sha256.Sum256([]byte(content))))
	for _, test := range []struct {
		method, path, key, value string
		code                     int
		body                     string
	}{
		{"GET", "/agency-3.csv", "", "", 200, content},
		{"HEAD", "/agency-3.csv", "", "", 200, ""},
		{"GET", "/agency-3.csv", "Range", "bytes=4-", 206, content[4:]},
		{"GET", "/agency-3.csv", "If-Match", etag, 200, content},
		{"GET", "/agency-3.csv", "If-Match", `"other"`, 412, ""},
		{"GET", "/agency-3.csv", "If-None-Match", etag, 304, ""},
		{"GET", "/agency-1.csv", "", "", 404, "Not Found\n"},
		{"GET", "/other.csv", "", "", 404, "404 page not found\n"},
		{"GET", "/../agency-3.csv", "", "", 404, "404 page not found\n"},
		{"GET", "/", "", "", 404, "404 page not found\n"},
		{"GET", "/agency-4.csv", "", "", 403, "Forbidden\n"},
		{"GET", "/agency-5.csv", "", "", 403, "Forbidden\n"},
		{"PUT", "/agency-3.csv", "", "", 405, "only GET and HEAD\n"},
	} {
		r := httptest.NewRequest(test.method, test.path, http.NoBody)
		if test.key != "" {
			r.Header.Set(test.key, test.value)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != test.code || w.Body.String() != test.body {
			t.Errorf("%s %s %s: %d %q, want %d %q", test.method, test.path, test.value, w.Code, w.Body, test.code, test.body)
		}
		if got := w.Header().Get("Etag"); test.code/100 == 2 && got != etag {
			t.Errorf("%s %s: the ETag is %s, want %s", test.method, test.path, got, etag)
		}
	}
	write(path, content+content)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest("GET", "/agency-3.csv", http.NoBody))
	if w.Header().Get("Etag") == etag {
		t.Error("the ETag stays when the content changes")
	}
}

// While a file is hashed, whoever asks for it hears that the server is at work; a stop ends the wait.
func TestServerAtWork(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "agency-1.csv"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.working = time.Millisecond
	for range cap(s.hashes.turns) { // as if large files were being read
		s.hashes.turns <- struct{}{}
	}
	server := httptest.NewServer(s)
	defer server.Close()
	defer s.Close()
	atWork := make(chan struct{}, 1000)
	get := func() (int, error) {
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			if code != http.StatusProcessing {
				t.Errorf("got status %d", code)
			}
			select {
			case atWork <- struct{}{}:
			default:
			}
			return nil
		}})
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/agency-1.csv", http.NoBody)
		if err != nil {
			return 0, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return 0, err
		}
		return answer.StatusCode, answer.Body.Close()
	}
	type result struct {
		code int
		err  error
	}
	results := make(chan result)
	ask := func() {
		code, err := get()
		results <- result{code, err}
	}
	go ask()
	for range 3 {
		<-atWork
	}
	<-s.hashes.turns
	if r := <-results; r.err != nil || r.code != http.StatusOK {
		t.Errorf("once it can be read: %v", r)
	}
	s.hashes.turns <- struct{}{}
	if err := os.WriteFile(filepath.Join(dir, "agency-1.csv"), []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	for len(atWork) > 0 {
		<-atWork
	}
	go ask()
	<-atWork
	s.Stop()
	if r := <-results; r.err != nil || r.code != http.StatusServiceUnavailable {
		t.Errorf("after a stop: %v", r)
	}
}

// A file that takes long to hash is reported, and can be stopped in the middle.
func TestHashProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agency-1.csv")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil { // sparse, and too long for this test
		t.Skip(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan int64, 1000)
	h := newHashes(func(_ string, read, size int64) {
		if size != 1<<40 {
			t.Errorf("the size is %d", size)
		}
		heard <- read
	})
	h.every = time.Millisecond
	known := h.of("agency-1.csv", info, func() (*os.File, error) { return os.Open(path) })
	if first, second := <-heard, <-heard; first <= 0 || second <= first {
		t.Errorf("heard %d and %d", first, second)
	}
	h.close()
	<-known.done
	if !errors.Is(known.err, errStopped) {
		t.Errorf("got %v", known.err)
	}
	if again := h.of("agency-1.csv", info, nil); !errors.Is(again.err, errStopped) {
		t.Errorf("after the end: %v", again.err)
	}
}

// A file that is replaced before its turn has the hash of another content than the request has opened.
func TestHashOfReplacedFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "agency-1.csv")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	h := newHashes(nil)
	defer h.close()
	open := func() (*os.File, error) { return os.Open(path) }
	for range cap(h.turns) { // as if large files were being read
		h.turns <- struct{}{}
	}
	waiting := h.of("agency-1.csv", info, open)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("new content"), 0o644); err != nil {
		t.Fatal(err)
	}
	<-h.turns
	<-waiting.done
	if !errors.Is(waiting.err, errReplaced) {
		t.Errorf("got %s, error %v", waiting.etag, waiting.err)
	}
	now, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	again := h.of("agency-1.csv", now, open)
	if <-again.done; again.err != nil {
		t.Errorf("the new file: %v", again.err)
	}
}
