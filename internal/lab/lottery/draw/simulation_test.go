package draw_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/lab/agency"
	"github.com/tp0-lab/composer/internal/lab/central"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/lab/wire"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

// plan is everything that a simulation decides by chance.
type plan struct {
	Agencies    []plannedAgency
	Concurrency int
	NoSync      bool // the server leaves out fsync
	Connections []connFault
	Deaths      []death // of the server, one after the other
	Kills       []kill  // of agencies
	Seed        uint64  // of delays, of the pieces in which bytes arrive, and of what a death leaves on disk
}

type plannedAgency struct {
	Bets, Batch int
	Winners     []int // places of the bets that win
	Pipelined   bool
}

// death is the end of one life of the server.
type death struct {
	Operation int // of the disk, in which it comes; 0: at the time After
	After     time.Duration
	Power     bool // the machine goes on: what was written is there
	Down      time.Duration
	Failing   map[int]int // operations of the disk that fail in this life, after so many bytes
}

type kill struct {
	Agency      int // from 0
	After, Down time.Duration
}

func drawPlan(t *rapid.T) plan {
	between := func(label string, from, to int) int { return rapid.IntRange(from, to).Draw(t, label) }
	millis := func(label string, to int) time.Duration {
		return time.Duration(between(label, 0, to)) * time.Millisecond
	}
	var p plan
	for range between("agencies", 1, 4) {
		a := plannedAgency{Bets: between("bets", 0, 60), Batch: between("batch", 1, 20), Pipelined: rapid.Bool().Draw(t, "pipelined")}
		for i := range a.Bets {
			if between("wins", 0, 7) == 0 {
				a.Winners = append(a.Winners, i)
			}
		}
		p.Agencies = append(p.Agencies, a)
	}
	p.Concurrency = between("concurrency", 0, 2)
	for range between("faults of connections", 0, 8) {
		f := connFault{ToServer: rapid.Bool().Draw(t, "to the server"), At: between("at", 0, 2000)}
		switch between("kind", 0, 2) {
		case 1:
			f.Stall = millis("stall", 20_000)
		case 2:
			f.Flip = byte(1 << between("bit", 0, 7))
		}
		p.Connections = append(p.Connections, f)
	}
	for range between("deaths", 0, 4) {
		d := death{Power: rapid.Bool().Draw(t, "power"), Down: millis("down", 3000), Failing: make(map[int]int)}
		if rapid.Bool().Draw(t, "in an operation") {
			d.Operation = between("operation", 1, 40)
		}
		d.After = millis("after", 4000)
		for range between("failing", 0, 2) {
			d.Failing[between("fails", 0, 40)] = between("bytes", 0, 200)
		}
		p.Deaths = append(p.Deaths, d)
	}
	for range between("kills", 0, 3) {
		p.Kills = append(p.Kills, kill{between("killed", 0, len(p.Agencies)-1), millis("kill after", 3000), millis("dead for", 3000)})
	}
	p.Seed = rapid.Uint64().Draw(t, "seed")
	return p
}

// TestSimulation runs the server and the agencies with a simulated network and disk: connections break, stall and flip bits, agencies
// are killed, the server's process or machine dies in any operation of the disk, and operations fail. In the end each bet is
// stored exactly once, in order; nothing that was confirmed is ever gone; all agencies have their own winners. A failure
// prints the command that runs its plan again.
func TestSimulation(t *testing.T) {
	if testing.Short() {
		storetest.SetChecks(t, 100) // in place of a fifth of that
	}
	// Goroutines that run in turn make a plan go the same way again, nearly always.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		var failure error
		var trace string
		synctest.Test(t, func(t *testing.T) { trace, failure = simulate(t, p) })
		if failure != nil {
			rt.Fatalf("%v\nplan: %+v\n%s", failure, p, trace)
		}
	})
}

// A server without fsync loses bets with the power, and the simulation sees it.
func TestSimulationSeesLoss(t *testing.T) {
	const most = 500
	for seed := range most {
		p := rapid.Custom(drawPlan).Example(seed)
		p.NoSync = true
		var failure error
		synctest.Test(t, func(t *testing.T) { _, failure = simulate(t, p) })
		if failure != nil && strings.Contains(failure.Error(), "bets were confirmed, and") {
			return
		}
	}
	t.Errorf("%d plans lose nothing", most)
}

// world is a running simulation.
type world struct {
	plan    plan
	net     *network
	log     *slog.Logger
	trace   *trace
	random  *rand.Rand
	lottery []lottery.Bet // all bets, in the order of agencies
	root    string

	mu        sync.Mutex // guards the fields below
	confirmed []uint64   // bets of each agency of which a confirmation was sent
	draws     int        // told of a draw, by a server that lived
	failures  []error
}

// trace keeps the last lines of the programs' logs.
type trace struct {
	mu    sync.Mutex
	lines []string
}

func (t *trace) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, string(b))
	if len(t.lines) > 200 {
		t.lines = t.lines[1:]
	}
	return len(b), nil
}

func (w *world) fail(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures = append(w.failures, fmt.Errorf(format, args...))
}

// simulate runs a plan to its end, in the bubble of t. It returns the last lines of the logs, and what went wrong.
func simulate(t *testing.T, p plan) (log string, failure error) {
	t.Helper()
	w := &world{plan: p, trace: new(trace), random: rand.New(rand.NewPCG(p.Seed, 0)), confirmed: make([]uint64, len(p.Agencies)), root: t.TempDir()}
	w.log = slog.New(slog.NewTextHandler(w.trace, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.net = &network{faults: p.Connections, random: rand.New(rand.NewPCG(p.Seed, 2))}
	for i, a := range p.Agencies {
		for j := range a.Bets {
			b := lottery.Bet{Agency: uint32(i + 1), FirstName: fmt.Sprintf("Ana %d", j), LastName: "O'Neil, \"x\"", Document: strconv.Itoa(10_000_000 + i*1000 + j), Birthdate: lottery.Date{Year: 1990, Month: 1, Day: 2}, Number: uint32(j % 7000)}
			if slices.Contains(a.Winners, j) {
				b.Number = lottery.WinningNumber
			}
			w.lottery = append(w.lottery, b)
		}
	}
	// All faults together last less than an hour.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
	defer cancel()
	serverDone := make(chan struct{})
	serverCtx, stopServer := context.WithCancel(ctx)
	var file string
	go func() {
		defer close(serverDone)
		file = w.serve(serverCtx)
	}()
	var agencies sync.WaitGroup
	for i := range p.Agencies {
		agencies.Go(func() { w.play(ctx, i) })
	}
	agencies.Wait()
	stopServer()
	<-serverDone
	w.net.cutServer()
	w.net.carriers.Wait()
	if len(w.failures) == 0 {
		w.check(file)
	}
	return strings.Join(w.trace.lines, ""), errors.Join(w.failures...)
}

// serve runs one life of the server after the other until ctx is done. It returns the path of the last bets.csv.
func (w *world) serve(ctx context.Context) string {
	dir := filepath.Join(w.root, "0")
	if err := os.Mkdir(dir, 0o755); err != nil {
		w.fail("%w", err)
		return ""
	}
	for life := 0; ; life++ {
		var d *death
		if life < len(w.plan.Deaths) {
			d = &w.plan.Deaths[life]
		}
		disk := w.live(ctx, dir, d)
		if disk == nil || ctx.Err() != nil && !disk.Dead() {
			return filepath.Join(dir, "bets.csv")
		}
		disk.Kill() // a failing disk ended the server: another takes its files
		next := filepath.Join(w.root, strconv.Itoa(life+1))
		power := d == nil || d.Power
		if err := errors.Join(os.Mkdir(next, 0o755), disk.Leave(next, power, w.random)); err != nil {
			w.fail("%w", err)
			return ""
		}
		dir = next
		fmt.Fprintf(w.trace, "%s life %d is over, power %v, %d operations\n", time.Now().Format(time.StampMilli), life, power, len(disk.Done()))
		if d != nil {
			pause(ctx, d.Down)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// live runs one life of the server, until it dies, a failing disk ends it, or ctx is done. It returns its disk; nil after
// what should not be.
func (w *world) live(ctx context.Context, dir string, d *death) *storetest.Disk {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var disk *storetest.Disk
	over := func() {
		disk.Kill()
		w.count(w.net.cutServer())
		stop()
	}
	var failing map[int]int
	operation := 0
	if d != nil {
		failing, operation = d.Failing, d.Operation
	}
	disk, err := storetest.NewDisk(dir, failing, operation, over)
	if err != nil {
		w.fail("%w", err)
		return nil
	}
	if d != nil && d.Operation == 0 {
		defer time.AfterFunc(d.After, over).Stop()
	}
	log := slog.New(&lifeHandler{w.log.Handler(), disk})
	onDraw := func(tell func(bool)) {
		tell(true)
		if !disk.Dead() {
			w.mu.Lock()
			w.draws++
			w.mu.Unlock()
		}
	}
	files := disk.Options()
	files.NoSync, files.Log = w.plan.NoSync, log
	l, err := draw.Open(ctx, filepath.Join(dir, "bets.csv"), uint32(len(w.plan.Agencies)), onDraw, store.Options{Encode: encodeBet, Files: files})
	if err != nil {
		if !disk.Dead() && len(failing) == 0 {
			w.fail("a server does not start: %w", err)
			return nil
		}
		return disk
	}
	w.compare(l)
	c := central.Config{
		Concurrency: w.plan.Concurrency, HelloTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, TurnTimeout: 10 * time.Second, WriteTimeout: 5 * time.Second,
		KeepAlive: time.Second, Now: time.Now,
	}
	err = central.New(c, l, log).Serve(ctx, w.net.listen())
	if err := errors.Join(err, l.Close()); err != nil && !disk.Dead() && len(failing) == 0 {
		w.fail("a server ends: %w", err)
	}
	w.count(w.net.cutServer())
	return disk
}

// lifeHandler drops what a dead server logs.
type lifeHandler struct {
	slog.Handler
	disk *storetest.Disk
}

func (h *lifeHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.disk.Dead() {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func encodeBet(dst []byte, b *lottery.Bet) []byte {
	dst, _ = wire.AppendBet(dst, &wire.Bet{
		FirstName: b.FirstName, LastName: b.LastName, Document: b.Document,
		Year: b.Birthdate.Year, Month: b.Birthdate.Month, Day: b.Birthdate.Day, Number: b.Number,
	})
	return dst
}

// count notes which bets servers have confirmed on their connections.
func (w *world) count(conns []*simConn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		confirmed := &w.confirmed[c.agency-1]
		frames := wire.NewReader(bytes.NewReader(c.written()))
		for {
			kind, body, err := frames.Next()
			if err != nil {
				break // the connection was cut
			}
			if r, err := wire.ParseResult(body); kind == wire.TypeResult && err == nil && r.Code == wire.CodeOK {
				*confirmed = max(*confirmed, r.Position+uint64(r.Count))
			}
		}
	}
}

// compare checks that what was confirmed is there after a start.
func (w *world) compare(l *draw.Lottery) {
	w.mu.Lock()
	confirmed := slices.Clone(w.confirmed)
	w.mu.Unlock()
	for i, n := range confirmed {
		if a := l.Account(uint32(i + 1)); a.Count < n {
			w.fail("agency %d: %d bets were confirmed, and %d are there", i+1, n, a.Count)
		}
	}
}

// memoryFile is an agency's file.
type memoryFile struct{ *bytes.Reader }

func (memoryFile) Name() string { return "agency.csv" }
func (memoryFile) Close() error { return nil }

// play plays for an agency until it has its winners, through the kills that are planned for it.
func (w *world) play(ctx context.Context, i int) {
	a := w.plan.Agencies[i]
	var csv bytes.Buffer
	var winners []string
	for _, b := range w.lottery {
		if b.Agency == uint32(i+1) {
			fmt.Fprintf(&csv, "%s,%q,%s,%s,%d\r\n", b.FirstName, "", b.Document, "1990-01-02", b.Number)
			if lottery.HasWon(b) {
				winners = append(winners, b.Document)
			}
		}
	}
	file := strings.ReplaceAll(csv.String(), `""`, `"O'Neil, ""x"""`)
	config := agency.Config{
		Agency: uint32(i + 1), Address: "server:12345", MaxAmount: a.Batch, Timeout: 5 * time.Second, RetryLimit: time.Hour, KeepAlive: time.Second, Now: time.Now,
		Open: func(context.Context, string) (agency.File, error) {
			return memoryFile{bytes.NewReader([]byte(file))}, nil
		},
	}
	if !a.Pipelined {
		config.Period = 100 * time.Millisecond
	}
	kills := slices.DeleteFunc(slices.Clone(w.plan.Kills), func(k kill) bool { return k.Agency != i })
	for {
		lifeCtx, end := context.WithCancel(ctx)
		var mu sync.Mutex
		var open []net.Conn
		config.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := w.net.dial(ctx, uint32(i+1))
			if err == nil {
				mu.Lock()
				open = append(open, c)
				mu.Unlock()
			}
			return c, err
		}
		var down time.Duration
		killed := false
		if len(kills) > 0 {
			k := kills[0]
			kills = kills[1:]
			down = k.Down
			defer time.AfterFunc(k.After, func() {
				mu.Lock()
				for _, c := range open {
					c.(*simConn).reset()
				}
				killed = true
				mu.Unlock()
				end()
			}).Stop()
		}
		got, err := agency.New(config, w.log.With("agency", i+1)).Play(lifeCtx, "agency.csv")
		end()
		mu.Lock()
		dead := killed
		mu.Unlock()
		switch {
		case ctx.Err() != nil:
			w.fail("agency %d is stuck: %w", i+1, err)
			return
		case dead && err != nil:
			pause(ctx, down)
			continue
		case err != nil:
			w.fail("agency %d ends: %w", i+1, err)
			return
		case !slices.Equal(got, winners):
			w.fail("agency %d: the winners are %q, want %q", i+1, got, winners)
		}
		return
	}
}

// check compares bets.csv with what the agencies have sent.
func (w *world) check(file string) {
	content, err := os.ReadFile(file)
	if err != nil {
		w.fail("%w", err)
		return
	}
	stored := make([][]byte, len(w.plan.Agencies))
	for line := range bytes.Lines(content) {
		n := int(line[0] - '1')
		stored[n] = append(stored[n], line...)
	}
	for i := range w.plan.Agencies {
		var want []byte
		for _, b := range w.lottery {
			if b.Agency == uint32(i+1) {
				if want, err = lottery.AppendRecord(want, &b); err != nil {
					w.fail("%w", err)
				}
			}
		}
		if !bytes.Equal(stored[i], want) {
			w.fail("agency %d: stored\n%s\nwant\n%s", i+1, stored[i], want)
		}
	}
	// A mark on disk says that people were told. It is not synced: after a loss of power they may be told again. A death
	// between the mark and the telling leaves them untold.
	lost := slices.ContainsFunc(w.plan.Deaths, func(d death) bool { return !d.Power || len(d.Failing) > 0 })
	if w.draws > 1 && !lost || w.draws == 0 && len(w.plan.Deaths) == 0 {
		w.fail("%d draws were told", w.draws)
	}
}

var _ io.Closer = memoryFile{}
