package dataset

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
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
	s, err := NewServer(dir)
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
