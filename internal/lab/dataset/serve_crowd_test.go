package dataset

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/listener"
	"github.com/tp0-lab/composer/internal/lab/remote"
)

// Clients that read slowly and peers that say nothing take all places of a server, again and again; each client gets its file
// all the same, as each is cut off in its turn and comes back for the rest.
func TestCrowd(t *testing.T) {
	const places, clients, idle = 2, 6, 4
	dir := t.TempDir()
	content := []byte(strings.Repeat("0123456789abcde\n", 1<<16)) // four blocks of the client
	if err := os.WriteFile(filepath.Join(dir, FileName(1)), content, 0o644); err != nil {
		t.Fatal(err)
	}
	handler, err := NewServer(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer handler.Close()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(listener.Bounded(inner, places, 20*time.Millisecond)) })
	defer running.Wait()
	defer server.Close()

	for range idle {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	var reading sync.WaitGroup
	for range clients {
		reading.Go(func() {
			f, err := remote.Open(t.Context(), remote.Config{
				URL: "http://" + inner.Addr().String() + "/" + FileName(1), Timeout: 20 * time.Second, Patience: 20 * time.Second,
				Now: time.Now, Dial: new(net.Dialer).DialContext, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			var got bytes.Buffer
			buffer := make([]byte, 128<<10)
			for err == nil {
				var n int
				n, err = f.Read(buffer)
				got.Write(buffer[:n])
				time.Sleep(10 * time.Millisecond) // as a client does that waits for the lottery
			}
			if !errors.Is(err, io.EOF) || !bytes.Equal(got.Bytes(), content) {
				t.Errorf("got %d bytes of %d, error %v", got.Len(), len(content), err)
			}
		})
	}
	reading.Wait()
}
