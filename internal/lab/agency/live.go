package agency

import (
	"context"
	"io"
	"time"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// liveReader reads the agency's file, and tells the central by KEEPALIVE that the agency is alive when nothing is sent for a
// while: because one read takes long, as from a slow file server, or because the central has a large part of the file already.
type liveReader struct {
	ctx     context.Context //nolint:containedctx // io.Reader takes none, and a reader lives as long as a call of sendFile
	file    io.Reader
	session *session
}

// Read returns the error of the context or of the connection, if there is one, in place of the file's.
func (r *liveReader) Read(p []byte) (n int, err error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	lost := r.session.aliveDuring(func() { n, err = r.file.Read(p) })
	if lost != nil {
		return 0, lost
	}
	return n, err
}

// aliveDuring calls work, which must not use the connection. Meanwhile it sends a KEEPALIVE each time that nothing was
// written for the configured interval, and with the first one the frames in out. It returns the error of the connection.
func (s *session) aliveDuring(work func()) error {
	interval := s.agency.config.KeepAlive
	if interval <= 0 {
		work()
		return nil
	}
	stop, ended := make(chan struct{}), make(chan error, 1)
	timer := time.AfterFunc(interval-s.agency.config.Now().Sub(s.wrote), func() { ended <- s.showLife(interval, stop) })
	work()
	if timer.Stop() {
		return nil
	}
	close(stop)
	return <-ended // from here on, the connection belongs to the caller again
}

// showLife sends a KEEPALIVE at once and then at each interval, until stop is closed or the connection breaks.
func (s *session) showLife(interval time.Duration, stop <-chan struct{}) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		s.out = wire.AppendEmpty(s.out, wire.TypeKeepAlive)
		if err := s.flush(); err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		case <-ticker.C:
		}
	}
}
