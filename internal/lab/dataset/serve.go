package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/files"
)

// Server serves the agencies' files of a directory, read-only: GET and HEAD of /agency-N.csv, with ranges and
// preconditions. The ETag of a file is the hash of its content, so a client can tell that it has all of it, and go on
// with the same content later.
type Server struct {
	root *os.Root

	mu     sync.Mutex // guards hashes
	hashes map[string]*hashed
}

// hashed is the hash of a file as it was.
type hashed struct {
	mu   sync.Mutex  // guards the fields below; held while the file is read
	info os.FileInfo // nil before
	etag string
}

// NewServer returns a server for a directory. The caller closes it. Links that lead out of the directory are not
// followed.
func NewServer(dir string) (*Server, error) {
	root, err := files.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	return &Server{root: root, hashes: map[string]*hashed{}}, nil
}

// Close closes the directory.
func (s *Server) Close() error { return s.root.Close() }

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	if _, ok := agencyOf(name); !ok {
		http.NotFound(w, r)
		return
	}
	f, info, err := s.open(name)
	if err != nil {
		// Only what another attempt may better is an error of the server: a client comes back after one.
		status := http.StatusForbidden
		switch {
		case errors.Is(err, os.ErrNotExist):
			status = http.StatusNotFound
		case errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE):
			status = http.StatusInternalServerError
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	defer f.Close() // read only: nothing can be lost
	etag, err := s.etag(name, f, info)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Etag", etag)
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	http.ServeContent(w, r, name, time.Time{}, f)
}

// open opens a regular file.
func (s *Server) open(name string) (*os.File, os.FileInfo, error) {
	f, err := files.OpenIn(s.root, name, os.O_RDONLY)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// etag returns the hash of a file, which is computed again when the file's size, time or identity changes.
func (s *Server) etag(name string, f io.ReadSeeker, info os.FileInfo) (string, error) {
	s.mu.Lock()
	known, ok := s.hashes[name]
	if !ok {
		known = new(hashed)
		s.hashes[name] = known
	}
	s.mu.Unlock()
	known.mu.Lock() // while it is computed, too: all clients ask at once, and one of them reads
	defer known.mu.Unlock()
	if known.info != nil && os.SameFile(known.info, info) && known.info.Size() == info.Size() && known.info.ModTime().Equal(info.ModTime()) {
		return known.etag, nil
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	known.info, known.etag = info, `"sha256-`+hex.EncodeToString(sum.Sum(nil))+`"`
	return known.etag, nil
}
