// Package central is the server's side of docs/protocol.md. It takes the agencies' connections, reads the frames of
// internal/lab/wire from them, and stores the bets in a lottery of internal/lab/lottery.
package central

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/lab/listener"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/translate"
)

// Config is the configuration of a Server. All durations must be above 0.
type Config struct {
	Connections  int           // the most connections open at once; 0 is no bound
	Concurrency  int           // the most agencies served at once; 0 is no bound
	HelloTimeout time.Duration // from accept to HELLO
	ReadTimeout  time.Duration // to the next frame, of an agency that is not waiting for an answer
	WriteTimeout time.Duration // of each write
	TurnTimeout  time.Duration // how long a served agency may send only KEEPALIVE while others wait
	KeepAlive    time.Duration // from one KEEPALIVE to the next, while an agency waits
	Now          func() time.Time
	// Secret is the master secret. With the zero Secret, any client can speak for any agency.
	Secret secret.Secret
}

// Server serves a lottery. It does not close the lottery.
type Server struct {
	config  Config
	lottery *draw.Lottery
	log     *slog.Logger
	turns   *turns

	mu       sync.Mutex // guards the fields below
	sessions map[*session]struct{}
	agencies map[uint32]*session // the newest session of each agency
	accepted uint64              // number of connections so far
	wait     sync.WaitGroup      // waits for all sessions
}

// OpenLottery opens a lottery for New: see draw.Open. path is the path of bets.csv, and agencies is the number of
// agencies. The lottery logs the draw and the state of its files to log. Each agency has at most maxBets bets; 0 is no
// bound. Without sync, stored bets survive a crash of the process but not a crash of the machine. The caller closes the
// lottery.
func OpenLottery(ctx context.Context, path string, agencies uint32, maxBets uint64, sync bool, log *slog.Logger) (*draw.Lottery, error) {
	logDraw := func(tell func(told bool)) {
		written := logline.OnWrite(context.Background(), tell)
		log.LogAttrs(written, slog.LevelInfo, "sorteo", logline.Success)
	}
	return draw.Open(ctx, path, agencies, logDraw, store.Options{Encode: translate.Append, MaxBets: maxBets, Files: journal.Options{NoSync: !sync, Log: log}})
}

// SetAside moves an agency's records from the bets.csv at path to a new file at target: see draw.SetAside.
func SetAside(ctx context.Context, path string, agency uint32, target string) (records uint64, err error) {
	return draw.SetAside(ctx, path, agency, target, store.Options{Encode: translate.Append})
}

// New returns a Server of a lottery that OpenLottery has opened.
func New(c Config, l *draw.Lottery, log *slog.Logger) *Server {
	return &Server{
		config:   c,
		lottery:  l,
		log:      log,
		turns:    newTurns(c.Concurrency),
		sessions: make(map[*session]struct{}),
		agencies: make(map[uint32]*session),
	}
}

// Serve takes connections until ctx is done. Then it closes the listener, waits until the batches that were taken are
// stored and answered, sends ERROR shutdown on all connections, waits for their end, and returns nil. The end takes
// well under a second unless the disk stalls. If the listener fails for good, Serve ends in the same way and returns
// the listener's error. A Server serves once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	err := listener.Serve(ctx, l, s.log, s.take)
	s.mu.Lock()
	for c := range s.sessions {
		c.stop(errShutdown)
	}
	s.mu.Unlock()
	s.wait.Wait()
	return err
}

func (s *Server) take(conn net.Conn) {
	c := newSession(s, conn)
	s.mu.Lock()
	busy := s.config.Connections > 0 && len(s.sessions) >= s.config.Connections
	if !busy {
		s.accepted++
		c.number = s.accepted
		s.sessions[c] = struct{}{}
	}
	s.mu.Unlock()
	if busy {
		c.refuse()
		return
	}
	s.wait.Go(func() {
		c.run()
		s.mu.Lock()
		delete(s.sessions, c)
		s.mu.Unlock()
	})
}

// follow makes c the agency's session if there is none, and returns nil. Otherwise it returns the one that there is.
func (s *Server) follow(agency uint32, c *session) (current *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if current = s.agencies[agency]; current == nil {
		s.agencies[agency] = c
	}
	return current
}

// replace makes c the agency's session and returns the session before, or nil. If that session was accepted after c,
// replace returns false and changes nothing: sessions that begin together say HELLO in any order, and the later
// connection wins.
func (s *Server) replace(agency uint32, c *session) (old *session, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old = s.agencies[agency]
	if old != nil && old.number > c.number {
		return nil, false
	}
	s.agencies[agency] = c
	return old, true
}

func (s *Server) forget(agency uint32, c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.agencies[agency] == c {
		delete(s.agencies, agency)
	}
}
