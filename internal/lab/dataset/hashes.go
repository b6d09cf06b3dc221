package dataset

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/lab/closed"
)

// Progress reports that a Server is still hashing a large file: name is the file's name, read is the number of bytes
// that have been read, and size is the number of all bytes.
type Progress func(name string, read, size int64)

// hashes computes the hashes of files in the background, once for each content, and keeps them.
type hashes struct {
	ctx      context.Context //nolint:containedctx // ends the work in the background
	stop     func()          // ends it with errStopped
	progress Progress
	every    time.Duration // between two reports of a file
	turns    chan struct{} // holds one for each file that is read
	running  sync.WaitGroup

	mu    sync.Mutex // guards files
	files map[string]*hashed
}

// hashed is a file as it was, and its hash once done is closed.
type hashed struct {
	info os.FileInfo
	stop context.CancelCauseFunc
	done chan struct{}
	etag string // `"sha256-…"`, in quotes
	err  error
}

func newHashes(progress Progress) *hashes {
	h := &hashes{progress: progress, every: 5 * time.Second, turns: make(chan struct{}, runtime.GOMAXPROCS(0)), files: map[string]*hashed{}}
	ctx, stop := context.WithCancelCause(context.Background())
	h.ctx, h.stop = ctx, func() { stop(errStopped) }
	return h
}

// close ends the work, and waits for its end.
func (h *hashes) close() {
	h.mu.Lock() // after this, method of begins no work
	h.stop()
	h.mu.Unlock()
	h.running.Wait()
}

var (
	errStopped  = errors.New("the server stops")
	errReplaced = errors.New("the file has changed meanwhile: ask again")
)

// of returns the hash of a file, which is computed again when the file's size, time or identity changes. All who ask for it
// share the work. open opens the file again.
func (h *hashes) of(name string, info os.FileInfo, open func() (*os.File, error)) *hashed {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := h.files[name]
	if known != nil {
		if unchanged(known.info, info) && !known.failed() {
			return known
		}
		known.stop(errReplaced)
	}
	ctx, stop := context.WithCancelCause(h.ctx)
	known = &hashed{info: info, stop: stop, done: make(chan struct{})}
	if ctx.Err() != nil {
		known.err = errStopped
		stop(nil)
		close(known.done)
		return known
	}
	h.files[name] = known
	h.running.Go(func() {
		defer close(known.done)
		defer stop(nil)
		known.etag, known.err = h.compute(ctx, name, info, open)
	})
	return known
}

// unchanged reports whether a file has the size, time and identity that it had before.
func unchanged(before, now os.FileInfo) bool {
	return os.SameFile(before, now) && before.Size() == now.Size() && before.ModTime().Equal(now.ModTime())
}

func (k *hashed) failed() bool { return closed.Is(k.done) && k.err != nil }

// compute reads the file that info describes. It fails with errReplaced if open opens another one, or if the file changes: the
// hash is sent with the content of the file that the request has opened.
func (h *hashes) compute(ctx context.Context, name string, info os.FileInfo, open func() (*os.File, error)) (string, error) {
	select { // as many files at once as there are processors: more would take each other's time
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	f, err := open()
	if err != nil {
		return "", err
	}
	defer f.Close() // read only: nothing can be lost
	sum, last, read := sha256.New(), time.Now(), int64(0)
	for buffer := make([]byte, 1<<20); ; {
		n, err := f.Read(buffer)
		sum.Write(buffer[:n])
		read += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			if now, err := f.Stat(); err != nil || !unchanged(info, now) {
				return "", cmp.Or(err, errReplaced)
			}
			return `"sha256-` + hex.EncodeToString(sum.Sum(nil)) + `"`, nil
		case err != nil:
			return "", err
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		case h.progress != nil && time.Since(last) >= h.every:
			last = time.Now()
			h.progress(name, read, info.Size())
		}
	}
}
