package dataset

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/files"
)

// Server serves the agencies' files of a directory, read-only: GET and HEAD of /agency-N.csv, with ranges and
// preconditions. The ETag of a file is the hash of its content. With it a client can check that the content is
// complete, and can go on later with the same content. While the Server hashes a large file, it sends 102 Processing
// every two seconds to each client that waits for the file.
type Server struct {
	root    *os.Root
	hashes  *hashes
	working time.Duration // how often a client that waits for a hash hears that the server is at work
}

// NewServer returns a server for a directory. The caller closes it. Links that lead out of the directory are not
// followed. progress is called by several goroutines; it may be nil.
func NewServer(dir string, progress Progress) (*Server, error) {
	root, err := files.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	return &Server{root, newHashes(progress), 2 * time.Second}, nil
}

// Stop ends all requests that wait for a hash. Later requests that need a new hash end at once.
func (s *Server) Stop() { s.hashes.stop() }

// Close stops the hashing, waits for its end, and closes the directory.
func (s *Server) Close() error {
	s.hashes.close()
	return s.root.Close()
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	if _, ok := AgencyOf(name); !ok {
		http.NotFound(w, r)
		return
	}
	f, err := files.OpenIn(s.root, name, os.O_RDONLY)
	var info os.FileInfo
	if err == nil {
		defer f.Close() // read only: nothing can be lost
		info, err = f.Stat()
	}
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
	etag, err := s.etag(w, r, name, info)
	switch {
	case errors.Is(err, errStopped) || errors.Is(err, errReplaced):
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	case err != nil:
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Etag", etag)
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	http.ServeContent(w, r, name, time.Time{}, f)
}

// etag waits for the hash of a file, and meanwhile tells the client that there will be one.
func (s *Server) etag(w http.ResponseWriter, r *http.Request, name string, info os.FileInfo) (string, error) {
	known := s.hashes.of(name, info, func() (*os.File, error) { return files.OpenIn(s.root, name, os.O_RDONLY) })
	ticker := time.NewTicker(s.working)
	defer ticker.Stop()
	for {
		select {
		case <-known.done:
			return known.etag, known.err
		case <-r.Context().Done(): // it goes on for those who come back
			return "", r.Context().Err()
		case <-ticker.C:
			if r.ProtoAtLeast(1, 1) {
				w.WriteHeader(http.StatusProcessing)
			}
		}
	}
}
