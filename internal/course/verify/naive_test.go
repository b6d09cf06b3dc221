package verify

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// naive is a second, small lottery with a protocol of its own (JSON, a line a
// message), that can be wrong in many ways. Without a bug it does what the
// contract says of a lab in which nothing breaks.
type naive struct{ bug string }

type message struct {
	Agency  int        `json:"agency"`
	Bets    [][]string `json:"bets,omitempty"`
	Done    bool       `json:"done,omitempty"`
	Winners int        `json:"winners"`
}

// central is the server's state.
type central struct {
	naive
	agencies int
	log      *slog.Logger

	mu       sync.Mutex // guards what follows
	file     *os.File
	winners  map[int]int
	finished map[int]bool
	drawn    chan struct{}
}

func (n naive) server(ctx context.Context, m service.Machine) error {
	file, err := config.INIFile(m.Path(server.ConfigFile))
	if err != nil {
		return err
	}
	c, err := config.Parse[server.Config](config.Environ(m.Environ), file)
	if err != nil || c.Mode != server.ModeLottery {
		return server.Run(ctx, m)
	}
	s := &central{
		naive: n, agencies: int(c.Agencies), log: logline.New(m.Stdout, slog.LevelInfo),
		winners: make(map[int]int), finished: make(map[int]bool), drawn: make(chan struct{}),
	}
	if s.file, err = os.OpenFile(m.Path(c.Storage), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return err
	}
	defer s.file.Close()
	l, err := net.Listen("tcp", m.Address(c.Port))
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { l.Close() })
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		} else if err != nil {
			return err
		}
		if n.bug == "serves-one-at-a-time" {
			s.serve(ctx, conn)
		} else {
			go s.serve(ctx, conn)
		}
	}
}

func (s *central) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	in, out := json.NewDecoder(bufio.NewReader(conn)), json.NewEncoder(conn)
	for {
		var m message
		if err := in.Decode(&m); err != nil {
			return
		}
		if !m.Done {
			s.store(m)
			if out.Encode(message{}) != nil {
				return
			}
			continue
		}
		if s.agencies == 0 {
			return
		}
		s.finish(m.Agency)
		if s.bug != "answers-before-the-draw" {
			select {
			case <-s.drawn:
			case <-ctx.Done():
				return
			}
		}
		if out.Encode(message{Winners: s.winnersOf(m.Agency)}) != nil {
			return
		}
	}
}

func (s *central) store(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := csv.NewWriter(s.file)
	w.UseCRLF = true
	for _, b := range m.Bets {
		record := append([]string{strconv.Itoa(m.Agency)}, b...)
		switch s.bug {
		case "does-not-quote":
			fmt.Fprintf(s.file, "%s\r\n", strings.Join(record, ","))
		case "stores-twice":
			w.Write(record)
			fallthrough
		default:
			w.Write(record)
		}
		if b[4] == "7574" {
			s.winners[m.Agency]++
		}
	}
	w.Flush()
	s.log.Info("apuesta_recibida", logline.Success, slog.Int("cantidad", len(m.Bets)))
}

func (s *central) finish(agency int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished[agency] = true
	wanted := s.agencies
	if s.bug == "draws-early" {
		wanted--
	}
	if len(s.finished) == wanted {
		s.log.Info("sorteo", logline.Success)
		close(s.drawn)
	}
}

func (s *central) winnersOf(agency int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bug != "broadcasts-all-winners" {
		return s.winners[agency]
	}
	all := 0
	for _, n := range s.winners {
		all += n
	}
	return all
}

func (n naive) client(ctx context.Context, m service.Machine) error {
	file, err := config.YAMLFile(m.Path(client.ConfigFile), "CLI_")
	if err != nil {
		return err
	}
	c, err := config.Parse[client.Config](config.Environ(m.Environ), file)
	if err != nil || c.Mode != client.ModeBatch && c.Mode != client.ModeLottery {
		return client.Run(ctx, m)
	}
	bets, err := readBets(m.Path(c.AgencyFile))
	if err != nil {
		return err
	}
	for {
		err := n.play(ctx, m, c, bets)
		if err == nil || n.bug != "starts-over-after-a-break" || ctx.Err() != nil {
			return err
		}
	}
}

func (n naive) play(ctx context.Context, m service.Machine, c client.Config, bets [][]string) error {
	conn, err := connect(ctx, m, c.ServerAddress)
	if err != nil {
		return err
	}
	defer conn.Close()
	in, out := json.NewDecoder(bufio.NewReader(conn)), json.NewEncoder(conn)
	for len(bets) > 0 {
		size := n.batch(bets, c.BatchMaxAmount)
		if n.bug == "loses-the-last-batch" && size < c.BatchMaxAmount {
			break
		}
		if err := errors.Join(out.Encode(message{Agency: int(c.ID), Bets: bets[:size]}), in.Decode(new(message))); err != nil {
			return err
		}
		bets = bets[size:]
		if n.bug != "hurries" {
			time.Sleep(c.LoopPeriod)
		}
	}
	if c.Mode == client.ModeLottery {
		var answer message
		if err := errors.Join(out.Encode(message{Agency: int(c.ID), Done: true}), in.Decode(&answer)); err != nil {
			return err
		}
		logline.New(m.Stdout, slog.LevelInfo).Info("consulta_ganadores", logline.Success, slog.Int("cant_ganadores", answer.Winners))
	}
	if n.bug == "exits-1" {
		return errors.New("for no reason")
	}
	return nil
}

// batch returns how many of the bets are in the next batch.
func (n naive) batch(bets [][]string, limit int) int {
	if n.bug == "splits-wrongly" {
		limit++
	}
	size := 0
	for i, b := range bets[:min(limit, len(bets))] {
		size += len(strings.Join(b, "")) + 32
		if size > 8000 && n.bug != "ignores-the-frame-limit" {
			return i
		}
	}
	return min(limit, len(bets))
}

func readBets(path string) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return csv.NewReader(f).ReadAll()
}

func connect(ctx context.Context, m service.Machine, address string) (net.Conn, error) {
	for {
		conn, err := m.Dial(ctx, "tcp", address)
		if err == nil || ctx.Err() != nil {
			return conn, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// liar is a server that answers something else than the message.
func liar(_ context.Context, m service.Machine) error {
	l, err := net.Listen("tcp", m.Address(usualPort))
	if err != nil {
		return err
	}
	defer l.Close()
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			text, _ := bufio.NewReader(conn).ReadString('\n')
			_, _ = io.WriteString(conn, strings.ToUpper(text))
			conn.Close()
		}()
	}
}
