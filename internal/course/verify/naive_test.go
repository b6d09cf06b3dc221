package verify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
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
	Alone   bool       `json:"alone,omitempty"`   // the bet of ej5
	Refused bool       `json:"refused,omitempty"` // the batch was
	Done    bool       `json:"done,omitempty"`
	Winners int        `json:"winners"`
	All     []string   `json:"all,omitempty"`     // the documents of all winners, in which nobody is interested
	Padding string     `json:"padding,omitempty"` // another's protocol may need more bytes
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
	all      []string // documents of winners
	kept     []net.Conn
	drawn    chan struct{}
}

func (n naive) server(ctx context.Context, m service.Machine) error {
	c, _, err := config.Load[server.Config](server.Configuration(), m.Environ, m.Path(server.ConfigFile))
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
	if s.bug == "keeps-connections" {
		s.mu.Lock()
		s.kept = append(s.kept, conn)
		s.mu.Unlock()
	} else {
		defer conn.Close()
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	in, out := json.NewDecoder(bufio.NewReader(conn)), json.NewEncoder(conn)
	slow := false // the agency was
	for {
		if s.bug == "reads-once" {
			whole := make([]byte, 8192)
			n, _ := conn.Read(whole)
			in = json.NewDecoder(bytes.NewReader(whole[:n]))
		}
		var m message
		begin := time.Now()
		if err := in.Decode(&m); err != nil {
			if s.bug == "ends-with-its-client" {
				crash()
			}
			return
		}
		if s.bug == "forgets-a-slow-agency" && time.Since(begin) > 5*time.Second {
			slow = true
		}
		if !m.Done {
			if s.refuses(&m) {
				if s.bug == "closes-on-a-bad-bet" || s.bug == "refuses-without-an-answer" || out.Encode(message{Refused: s.bug != "confirms-what-it-refuses"}) != nil {
					return
				}
				continue
			}
			if s.bug == "confirms-before-it-stores" {
				s.confirm(m, len(m.Bets))
				time.AfterFunc(3*time.Second, func() { s.store(m) })
			} else {
				s.store(m)
			}
			if s.bug == "confirms-no-bet" {
				continue
			}
			if out.Encode(message{}) != nil {
				return
			}
			continue
		}
		if s.agencies == 0 {
			return
		}
		if !slow {
			s.finish(m.Agency)
		}
		if s.bug != "answers-before-the-draw" {
			select {
			case <-s.drawn:
			case <-ctx.Done():
				return
			}
		}
		answer := message{Winners: s.winnersOf(m.Agency)}
		if s.bug == "sends-all-winners" {
			answer.All = s.all
		}
		if out.Encode(answer) != nil {
			return
		}
	}
}

// crash ends the process. What is deferred does not run.
func crash() { os.Exit(2) }

// refuses logs that a batch with a bad bet failed.
func (s *central) refuses(m *message) bool {
	bad := func(b []string) bool {
		_, err := time.Parse(time.DateOnly, b[3])
		return err != nil
	}
	i := slices.IndexFunc(m.Bets, bad)
	if i < 0 || s.bug == "stores-bad-bets" {
		return false
	}
	switch s.bug {
	case "drops-bad-bets":
		m.Bets = slices.Delete(m.Bets, i, i+1)
		return false
	case "closes-on-a-bad-bet":
		return true
	case "stores-half-of-a-refused-batch":
		s.store(message{Agency: m.Agency, Bets: m.Bets[:i]})
	}
	s.log.Error("apuesta_recibida", slog.String("result", "fail"), slog.Int("cantidad", len(m.Bets)))
	return true
}

func (s *central) confirm(m message, bets int) {
	if m.Alone {
		s.log.Info("apuesta_almacenada", logline.Success, slog.String("dni", m.Bets[0][2]), slog.String("numero", m.Bets[0][4]))
		return
	}
	s.log.Info("apuesta_recibida", logline.Success, slog.Int("cantidad", bets))
}

func (s *central) store(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := csv.NewWriter(s.file)
	w.UseCRLF = true
	if s.bug == "mixes-agencies" {
		m.Agency = 1
	}
	for i, b := range m.Bets {
		if s.bug == "stores-one-too-few" && i == 0 {
			continue
		}
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
			s.all = append(s.all, b[2])
		}
	}
	w.Flush()
	count := len(m.Bets)
	switch s.bug {
	case "confirms-before-it-stores":
		return // it is logged already
	case "counts-wrongly":
		count++
	case "logs-a-failure":
		s.log.Error("apuesta_recibida", slog.String("result", "fail"), slog.Int("cantidad", count))
	}
	s.confirm(m, count)
}

func (s *central) finish(agency int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished[agency] = true
	wanted := s.agencies
	if s.bug == "draws-early" {
		wanted--
	}
	if len(s.finished) == s.agencies-1 && s.bug == "draws-without-the-last" {
		time.AfterFunc(8*time.Second, s.draw)
	}
	if len(s.finished) == wanted {
		s.draw()
	}
}

func (s *central) draw() {
	s.log.Info("sorteo", logline.Success)
	if s.bug == "draws-twice" {
		s.log.Info("sorteo", logline.Success)
	}
	close(s.drawn)
}

func (s *central) winnersOf(agency int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.bug {
	case "broadcasts-all-winners":
	case "forgets-a-winner":
		return max(s.winners[agency]-1, 0)
	default:
		return s.winners[agency]
	}
	all := 0
	for _, n := range s.winners {
		all += n
	}
	return all
}

func (n naive) client(ctx context.Context, m service.Machine) error {
	c, _, err := config.Load[client.Config](client.Configuration(), m.Environ, m.Path(client.ConfigFile))
	if err != nil || c.Mode == client.ModeEcho {
		return client.Run(ctx, m)
	}
	if c.Mode == client.ModeBet {
		return n.bet(ctx, m, c)
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

// bet sends the bet of ej5.
func (n naive) bet(ctx context.Context, m service.Machine, c client.Config) error {
	conn, err := connect(ctx, m, c.ServerAddress)
	if err != nil {
		return err
	}
	defer conn.Close()
	var bet []string
	for _, name := range []string{"NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO"} {
		i := slices.IndexFunc(m.Environ, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		bet = append(bet, strings.TrimPrefix(m.Environ[i], name+"="))
	}
	err = json.NewEncoder(conn).Encode(message{Agency: int(c.ID), Bets: [][]string{bet}, Alone: true})
	if err == nil && n.bug != "confirms-no-bet" {
		err = json.NewDecoder(conn).Decode(new(message))
	}
	if err != nil {
		return err
	}
	logline.New(m.Stdout, slog.LevelInfo).Info("apuesta_enviada", logline.Success, slog.String("dni", bet[2]), slog.String("numero", bet[4]))
	return nil
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
		batch := message{Agency: int(c.ID), Bets: bets[:size]}
		if n.bug == "pads-its-messages" {
			batch.Padding = strings.Repeat("-", 100*size)
		}
		var answer message
		if err := errors.Join(out.Encode(batch), in.Decode(&answer)); err != nil {
			return err
		}
		if answer.Refused {
			return errors.New("the batch is refused")
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

// hoarder is an echo server that keeps its connections.
func hoarder(ctx context.Context, m service.Machine) error {
	l, err := net.Listen("tcp", m.Address(usualPort))
	if err != nil {
		return err
	}
	logline.New(m.Stdout, slog.LevelDebug).Info("accept_connections", slog.String("result", "in_progress"))
	var kept []net.Conn
	defer func() { runtime.KeepAlive(kept) }() // a connection that nobody holds is closed by the collector
	for ctx.Err() == nil {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		kept = append(kept, conn)
		go func() { _, _ = io.Copy(conn, conn) }()
	}
	return l.Close()
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
