//go:build unix

package lotterytest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// crashRounds is how often something is killed. COMPOSER_CRASH_ROUNDS is for
// more, COMPOSER_CRASH_SEED for the same again (as far as a scheduler allows).
const crashRounds = 40

// cast is the agencies of the crash test.
var cast = []struct {
	bets, winners, batch int
	period               string
}{
	{6000, 3, 3, "0s"},
	{3200, 0, 7, "0s"}, // the last batch is partial
	{400, 2, 4, "2ms"}, // paced: waits for each result
	{2, 1, 5, "0s"},    // one partial batch
	{0, 0, 5, "0s"},
}

// game is one lottery from its first bet to the last agency's winners, on
// which everything is killed time and again.
type game struct {
	*lab
	random  *rand.Rand
	files   [][]string
	total   int
	servers []*process   // the last one lives
	clients [][]*process // of each agency, likewise
	killed  int
}

// The server and the clients may be killed at any moment and started again:
// at the end each bet of each file is stored exactly once, in order, and every
// agency has its own winners.
func TestCrash(t *testing.T) {
	rounds, seed := crashRounds, uint64(time.Now().UnixNano())
	if n, err := strconv.Atoi(os.Getenv("COMPOSER_CRASH_ROUNDS")); err == nil {
		rounds = n
	}
	if n, err := strconv.ParseUint(os.Getenv("COMPOSER_CRASH_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	killed, games, lives := 0, 0, 0
	for killed < rounds && !t.Failed() {
		games++
		t.Run(fmt.Sprintf("game%d", games), func(t *testing.T) {
			g := newGame(t, random)
			g.play(min(4+random.IntN(9), rounds-killed))
			g.check()
			killed += g.killed
			lives += len(g.servers)
		})
	}
	t.Logf("%d kills in %d games with %d lives of the server", killed, games, lives)
}

func newGame(t *testing.T, random *rand.Rand) *game {
	t.Helper()
	g := &game{lab: newLab(t), random: random, clients: make([][]*process, len(cast))}
	for i, a := range cast {
		g.files = append(g.files, g.generate(i+1, a.bets, a.winners))
		g.total += a.bets
	}
	g.startServer()
	for i := range cast {
		g.startClient(i)
	}
	return g
}

func (g *game) startServer() {
	g.t.Helper()
	g.servers = append(g.servers, g.server(
		fmt.Sprintf("SERVER_AGENCIES=%d", len(cast)), fmt.Sprintf("SERVER_CONCURRENCY=%d", g.random.IntN(3)), "SERVER_KEEPALIVE=100ms"))
}

func (g *game) startClient(i int) {
	g.t.Helper()
	g.clients[i] = append(g.clients[i], g.client(i+1, "lottery", fmt.Sprintf("CLI_BATCH_MAXAMOUNT=%d", cast[i].batch),
		"CLI_BATCH_PERIOD="+cast[i].period, "CLI_RETRY_LIMIT=10m"))
}

func last(of []*process) *process { return of[len(of)-1] }

// play kills so many times, or until all clients have ended, and then lets
// them end.
func (g *game) play(kills int) {
	g.t.Helper()
	for range kills {
		g.await()
		var running []int
		for i := range g.clients {
			if c := last(g.clients[i]); !c.ended() {
				running = append(running, i)
			} else {
				c.exit(0)
			}
		}
		if len(running) == 0 {
			break
		}
		victim := g.random.IntN(8)
		if victim < 5 { // the server, perhaps with a client
			last(g.servers).kill()
			g.checkDraw(last(g.servers))
		}
		if victim >= 4 {
			i := running[g.random.IntN(len(running))]
			c := last(g.clients[i])
			c.kill()
			if c.cmd.ProcessState.ExitCode() != 0 { // else it was quicker
				g.startClient(i)
			}
		}
		if victim < 5 {
			g.startServer()
		}
		g.killed++
	}
	for i := range g.clients {
		last(g.clients[i]).exit(0)
	}
}

// await waits for the moment of the next kill: some progress of bets.csv, a
// line of the server's log, or nothing but time; and then a little longer. It
// does not insist, as the game may be over, or waiting for what is dead.
func (g *game) await() {
	reached := func() bool { return false }
	switch g.random.IntN(4) {
	case 0, 1:
		size := g.size() + g.random.Int64N(int64(g.total)*20) // up to a third of it all
		reached = func() bool { return g.size() >= size }
	case 2:
		lines := []string{received, finished, finished, drawn, "action: consulta_ganadores | result: success"}
		line, n := lines[g.random.IntN(len(lines))], 1+g.random.IntN(3)
		reached = func() bool { return last(g.servers).count(line) >= n }
	}
	limit := time.Now().Add(time.Duration(g.random.IntN(150)) * time.Millisecond)
	for !reached() && time.Now().Before(limit) && g.running() {
		time.Sleep(200 * time.Microsecond)
	}
	time.Sleep(time.Duration(g.random.IntN(3000)) * time.Microsecond)
}

func (g *game) size() int64 {
	info, err := os.Stat(filepath.Join(g.dir, "bets.csv"))
	if err != nil {
		return 0
	}
	return info.Size()
}

func (g *game) running() bool {
	for i := range g.clients {
		if !last(g.clients[i]).ended() {
			return true
		}
	}
	return false
}

// checkDraw checks, of a server that has just ended, that a draw that it has
// told of is on disk, behind the finish of every agency.
func (g *game) checkDraw(s *process) {
	g.t.Helper()
	if s.count(drawn) == 0 {
		return
	}
	marks := g.read("bets.csv.draw")
	before, _, _ := strings.Cut(marks, "drawn,")
	for i, a := range cast {
		if mark := fmt.Sprintf("finished,%d,%d,", i+1, a.bets); strings.Count(before, mark) != 1 {
			g.t.Errorf("sorteo, and not one %s before drawn in\n%s", mark, marks)
		}
	}
	if want := fmt.Sprintf("drawn,%d,", len(cast)); strings.Count(marks, want) != 1 {
		g.t.Errorf("sorteo, and not one %q in\n%s", want, marks)
	}
}

var amounts = regexp.MustCompile(regexp.QuoteMeta(received) + `(\d+)`)

// check checks what is left when all clients have ended.
func (g *game) check() {
	g.t.Helper()
	s := last(g.servers)
	s.wait(1, "action: accept_connections | result: in_progress") // and hears signals
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	s.exit(0)
	g.checkDraw(s)
	g.stored(g.files...)
	g.contiguous()

	draws, acknowledged := 0, 0
	for _, s := range g.servers {
		draws += s.count(drawn)
		s.has(0, refused)
		for _, m := range amounts.FindAllStringSubmatch(s.text(), -1) {
			n, _ := strconv.Atoi(m[1])
			acknowledged += n
		}
	}
	if draws != 1 {
		g.t.Errorf("%d lines sorteo", draws)
	}
	// A bet that was acknowledged, lost and sent again would count twice.
	if acknowledged > g.total {
		g.t.Errorf("%d bets acknowledged, of %d", acknowledged, g.total)
	}
	for i, lives := range g.clients {
		for _, c := range lives {
			told := c.count("action: consulta_ganadores | result: success")
			if right := c.count(winnersLine(cast[i].winners)); told != right || c == last(lives) && told != 1 {
				g.t.Errorf("agency %d of %d winners: %s", i+1, cast[i].winners, c.tail())
			}
			c.has(0, "result: fail")
		}
	}
}

// contiguous checks that no batch is interleaved with others. A batch is
// stored whole, so each begins at a multiple of its agency's batch size.
func (g *game) contiguous() {
	g.t.Helper()
	at := make([]int, len(cast))
	before := -1
	for line := range strings.Lines(g.read("bets.csv")) {
		prefix, _, _ := strings.Cut(line, ",")
		n, _ := strconv.Atoi(prefix)
		i := n - 1
		if i != before && at[i]%cast[i].batch != 0 {
			g.t.Errorf("agency %d: the batch with bet %d is torn apart", n, at[i])
		}
		at[i]++
		before = i
	}
}

// An agency that has its winners is gone for good; the central's memory is
// its disk alone when the other one comes for its own.
func TestWinnersGone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		absent func(*process) // what happens to agency 2 once it has finished
		back   func(*lab, *process) *process
	}{
		{
			"killed", (*process).kill,
			func(l *lab, _ *process) *process { return l.client(2, "lottery") },
		},
		{
			"stopped", func(p *process) { _ = p.cmd.Process.Signal(syscall.SIGSTOP) },
			func(_ *lab, p *process) *process {
				_ = p.cmd.Process.Signal(syscall.SIGCONT)
				return p
			},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			files := [][]string{l.generate(1, 95, 4), l.generate(2, 250, 7)}
			s := l.listening("SERVER_AGENCIES=2", "SERVER_CONCURRENCY=0") // agency 2 may not have asked yet
			two := l.client(2, "lottery")
			s.wait(1, finished)
			tt.absent(two)
			one := l.client(1, "lottery")
			one.exit(0)
			one.has(1, winnersLine(4))
			s.has(1, drawn)
			s.kill()

			s = l.listening("SERVER_AGENCIES=2")
			two = tt.back(l, two)
			two.exit(0)
			two.has(1, winnersLine(7))
			again := l.client(1, "lottery") // even the first one may ask once more
			again.exit(0)
			again.has(1, winnersLine(4))
			s.has(0, drawn)
			s.terminate(signalled, "action: close_storage", "action: shutdown_server")
			l.stored(files...)
		})
	}
}
