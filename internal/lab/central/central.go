// Package central is the server's side of the conversation in
// docs/protocol.md: it takes the agencies' connections and stands between the
// frames of internal/lab/wire and the bets of internal/lab/lottery.
package central

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/lab/listener"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
)

// Config says how a Server treats its connections. All durations must be
// above 0.
type Config struct {
	Concurrency  int           // how many agencies are served at once, 0: no bound
	HelloTimeout time.Duration // from accept to HELLO
	ReadTimeout  time.Duration // to the next frame of an agency that is not waiting for an answer
	WriteTimeout time.Duration // of every write
	KeepAlive    time.Duration // from one KEEPALIVE to the next, while an agency waits
	Now          func() time.Time
}

// Server serves the lottery. It does not close it.
type Server struct {
	config  Config
	lottery *lottery.Lottery
	log     *slog.Logger
	turns   *turns

	mu       sync.Mutex // guards the fields below
	sessions map[*session]struct{}
	agencies map[uint32]*session // the newest of each agency
	accepted uint64              // how many connections were
	wait     sync.WaitGroup      // for all sessions
}

// OpenLottery opens the lottery of that many agencies with the bets.csv at path, for New: see lottery.Open. It logs the
// draw. Without sync, stored bets outlast the process but not the machine. The caller closes the lottery.
func OpenLottery(path string, agencies uint32, sync bool, log *slog.Logger) (*lottery.Lottery, error) {
	logDraw := func() { log.LogAttrs(context.Background(), slog.LevelInfo, "sorteo", logline.Success) }
	return lottery.Open(path, agencies, logDraw, lottery.Options{Encode: appendBet, NoSync: !sync})
}

// New returns a Server of a lottery of OpenLottery.
func New(c Config, l *lottery.Lottery, log *slog.Logger) *Server {
	return &Server{
		config:   c,
		lottery:  l,
		log:      log,
		turns:    newTurns(c.Concurrency),
		sessions: make(map[*session]struct{}),
		agencies: make(map[uint32]*session),
	}
}

// Serve takes connections until ctx is done, then closes the listener, lets
// what is being stored be answered, says shutdown on all connections, waits for
// them, and returns nil. It takes well under a second for that, unless the
// disk stalls. It returns an error, after the same, if the listener fails for
// good. A Server serves once.
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

// take begins a session.
func (s *Server) take(conn net.Conn) {
	c := newSession(s, conn)
	s.mu.Lock()
	s.accepted++
	c.number = s.accepted
	s.sessions[c] = struct{}{}
	s.mu.Unlock()
	s.wait.Go(func() {
		c.run()
		s.mu.Lock()
		delete(s.sessions, c)
		s.mu.Unlock()
	})
}

// replace makes c the agency's session and returns the one that was, or nil.
// It is false, and changes nothing, if that one was accepted after c: sessions
// that begin together say HELLO in any order, and the later connection counts.
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

// forget is for a session that has ended.
func (s *Server) forget(agency uint32, c *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.agencies[agency] == c {
		delete(s.agencies, agency)
	}
}
