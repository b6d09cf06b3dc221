package cli

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"
)

// lockedBuffer is written by the program while the test reads.
type lockedBuffer struct {
	mu  sync.Mutex // guards all
	all bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}

// The command says where it listens, serves, and ends when it is asked to.
func TestDataServe(t *testing.T) {
	dir := t.TempDir()
	const content = "Ana,Paz,1,2000-01-02,5\n"
	if err := os.WriteFile(filepath.Join(dir, "agency-1.csv"), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	said := new(lockedBuffer)
	ended := make(chan int, 1)
	go func() {
		ended <- Main(ctx, []string{"composer", "data", "serve", "--listen", "127.0.0.1:0", dir}, Streams{
			In: bytes.NewReader(nil), Out: &Output{Writer: io.Discard}, Err: &Output{Writer: said}, Now: time.Now,
		})
	}()
	var url string
	for deadline := time.Now().Add(30 * time.Second); url == ""; time.Sleep(5 * time.Millisecond) {
		if found := regexp.MustCompile(`serving 1 files? of .* at (http://[0-9.:]+/)`).FindStringSubmatch(said.String()); found != nil {
			url = found[1]
		}
		if time.Now().After(deadline) {
			t.Fatalf("it says %q", said)
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(url + "agency-1.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if got, err := io.ReadAll(answer.Body); err != nil || string(got) != content {
		t.Errorf("got %q, error %v", got, err)
	}
	cancel()
	if code := <-ended; code != 0 && code != 130 {
		t.Errorf("exit code %d, and it says %q", code, said)
	}
}
