//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/lab/dataset"
)

const (
	module = "github.com/tp0-lab/composer"
	// runLimit is how long a single run may take before it has failed.
	runLimit = 10 * time.Minute
	// fullFrames is a batch.maxAmount that leaves it to the 8192 bytes of a
	// frame to close a batch.
	fullFrames = 1_000_000
	// backlog is that of listen(2), so that a thousand clients who come at once
	// do not wait for the kernel to repeat a SYN, which takes a second. It is
	// the kernel's own default, which the floor has too.
	backlog = 4096
)

// benchmark holds what all rows share.
type benchmark struct {
	dir  string // all files are in it
	self string // this binary
	new  build  // of this tree
	old  *build // of another tree, to be compared with; nil: none
	now  func() time.Time
	talk io.Writer
}

// scenario is a dataset, and how it is to be measured: one row for each of the
// limits, with the floor measured before each run.
type scenario struct {
	name    string
	shape   dataset.Shape
	limits  []int // batch.maxAmount
	runs    int   // of which the median counts
	demands demands
}

// data is a dataset on the disk.
type data struct {
	files   []string // of agency 1, 2 …
	winners []int    // of each
	bets    int
	bytes   int64
}

// build is the pair of binaries of one tree.
type build struct{ server, client string }

// outcome is one run, or the median of several, with the most memory of any.
type outcome struct {
	took           time.Duration
	cpu            time.Duration // user and system time of all processes
	server, client int64         // most memory of the server and of the largest client, in bytes
}

type row struct {
	scenario    scenario
	limit       int
	bets        int
	bytes       int64
	ours, floor outcome
	ratios      []float64 // of our runs to the floor's right before each, in order of size
	old         outcome   // of the other tree, if there is one
	toOld       []float64 // of the CPU time of our runs to that of the other tree's right beside each, in order of size
}

func scenarioNames() string {
	var names []string
	for _, s := range scenarios(false) {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}

func scenarios(quick bool) []scenario {
	limits := []int{fullFrames, 140}
	course := dataset.DefaultShape()
	all := []scenario{{"course", course, limits, 7, demands{seconds: 0.1}}}
	if quick {
		return all
	}
	var bets, winners []int
	for _, o := range course {
		bets, winners = append(bets, 100*o.Bets), append(winners, 100*o.Winners)
	}
	large, _ := dataset.NewShape(dataset.DefaultSeed, 0, bets, winners) // a good one, as is the next
	many, _ := dataset.NewShape(dataset.DefaultSeed, 1_000, []int{1_000}, nil)
	return append(all,
		scenario{"100 × course", large, limits, 5, demands{ratio: 5, rate: 1.5e6, server: 64e6, client: 32e6}},
		scenario{"1,000 agencies", many, limits, 3, demands{}})
}

// build builds what is to be measured: the services of this tree and, unless it is "", of the one at the directory old.
func (b *benchmark) build(ctx context.Context, old string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this binary: %w", err)
	}
	b.self = self
	if b.new, err = b.buildTree(ctx, "", "new"); err != nil || old == "" {
		return err
	}
	other, err := b.buildTree(ctx, old, "old")
	b.old = &other
	return err
}

// buildTree builds the services of the tree at that directory, this one for "", into a directory of that name.
func (b *benchmark) buildTree(ctx context.Context, tree, name string) (build, error) {
	dir := filepath.Join(b.dir, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return build{}, fmt.Errorf("make a directory for the %s services: %w", name, err)
	}
	command := exec.CommandContext(ctx, "go", "build", "-o", dir, module+"/services/server", module+"/services/client")
	command.Dir = tree
	if out, err := command.CombinedOutput(); err != nil {
		return build{}, fmt.Errorf("build the %s services: %w: %s", name, err, bytes.TrimSpace(out))
	}
	return build{filepath.Join(dir, "server"), filepath.Join(dir, "client")}, nil
}

// measure makes the scenario's data, measures its rows and removes the data.
func (b *benchmark) measure(ctx context.Context, s scenario) ([]row, error) {
	fmt.Fprintf(b.talk, "%s: making the data\n", s.name)
	dir := filepath.Join(b.dir, "data")
	defer func() { _ = os.RemoveAll(dir) }()
	if err := dataset.Write(ctx, dir, s.shape, dataset.WriteOptions{}); err != nil {
		return nil, fmt.Errorf("make the data: %w", err)
	}
	var d data
	for _, a := range s.shape {
		file := filepath.Join(dir, dataset.FileName(a.Agency))
		info, err := os.Stat(file)
		if err != nil {
			return nil, fmt.Errorf("make the data: %w", err)
		}
		d.files = append(d.files, file)
		d.winners = append(d.winners, a.Winners)
		d.bets += a.Bets
		d.bytes += info.Size()
	}
	var rows []row
	for _, limit := range s.limits {
		r := row{scenario: s, limit: limit, bets: d.bets, bytes: d.bytes}
		if err := b.pairs(ctx, &r, d); err != nil {
			return nil, err
		}
		fmt.Fprintf(b.talk, "%s, batches of at most %d: %v, floor %v, ratios %.2f, to the other tree %.3f\n",
			s.name, limit, r.ours.took, r.floor.took, r.ratios, r.toOld)
		rows = append(rows, r)
	}
	return rows, nil
}

// pairs measures the row: the floor, the lottery and that of the other tree in turn, so that whatever else the machine
// does falls on all.
func (b *benchmark) pairs(ctx context.Context, r *row, d data) error {
	var ours, floor, others []outcome
	for i := range r.scenario.runs {
		f, err := alone(ctx, b, func(ctx context.Context, dir string) (outcome, error) { return b.runFloor(ctx, dir, d) })
		if err != nil {
			return fmt.Errorf("run %d: %w", i+1, err)
		}
		o, other, err := b.runBoth(ctx, d, r.limit, i%2 == 1)
		if err != nil {
			return fmt.Errorf("run %d: %w", i+1, err)
		}
		if b.old != nil {
			others = append(others, other)
			r.toOld = append(r.toOld, o.cpu.Seconds()/other.cpu.Seconds())
		}
		floor, ours = append(floor, f), append(ours, o)
		r.ratios = append(r.ratios, o.took.Seconds()/f.took.Seconds())
	}
	slices.Sort(r.ratios)
	r.ours, r.floor = median(ours), median(floor)
	if b.old != nil {
		slices.Sort(r.toOld)
		r.old = median(others)
	}
	return nil
}

// runBoth runs the lottery of this tree and, if there is one, that of the other tree, which begins if oldFirst is set.
func (b *benchmark) runBoth(ctx context.Context, d data, limit int, oldFirst bool) (ours, other outcome, err error) {
	run := func(of *build, to *outcome) {
		if of != nil && err == nil {
			*to, err = alone(ctx, b, func(ctx context.Context, dir string) (outcome, error) { return b.runLottery(ctx, dir, *of, d, limit) })
		}
	}
	if oldFirst {
		run(b.old, &other)
		run(&b.new, &ours)
	} else {
		run(&b.new, &ours)
		run(b.old, &other)
	}
	return ours, other, err
}

// median returns the median of the times and the most memory.
func median(runs []outcome) outcome {
	all := runs[0]
	times, cpu := make([]time.Duration, len(runs)), make([]time.Duration, len(runs))
	for i, o := range runs {
		times[i], cpu[i] = o.took, o.cpu
		all.server, all.client = max(all.server, o.server), max(all.client, o.client)
	}
	slices.Sort(times)
	slices.Sort(cpu)
	all.took, all.cpu = times[len(times)/2], cpu[len(cpu)/2]
	return all
}

// runLottery runs the lottery once and checks what came of it.
func (b *benchmark) runLottery(ctx context.Context, dir string, of build, d data, limit int) (outcome, error) {
	server, address, err := b.startServer(ctx, of, dir, len(d.files))
	if err != nil {
		return outcome{}, err
	}
	defer server.kill()
	clients := make([]*process, len(d.files))
	for i, f := range d.files {
		clients[i] = newProcess(dir, fmt.Sprintf("client-%d.log", i+1), []string{
			fmt.Sprintf("CLI_ID=%d", i+1), "CLI_SERVER_ADDRESS=" + address, "CLI_MODE=lottery", "CLI_AGENCY_FILE=" + f,
			"CLI_BATCH_PERIOD=0s", fmt.Sprintf("CLI_BATCH_MAXAMOUNT=%d", limit),
		}, of.client)
	}
	took, cost, err := fleet(ctx, b.now, clients)
	if err != nil {
		return outcome{}, fmt.Errorf("clients: %w; the server's log ends: %s", err, tail(server.log))
	}
	serves, err := server.stop()
	if err != nil {
		return outcome{}, err
	}
	o := outcome{took: took, cpu: cost.cpu + serves.cpu, server: serves.memory, client: cost.memory}
	return o, verify(d, filepath.Join(dir, "bets.csv"), clients)
}

// alone calls run with an empty directory, and with a context that ends after runLimit. First it has the kernel write what
// earlier runs left, and gives back our own memory, which Linux counts in each process that we start.
func alone[T any](ctx context.Context, b *benchmark, run func(ctx context.Context, dir string) (T, error)) (result T, err error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	dir, err := os.MkdirTemp(b.dir, "run-")
	if err != nil {
		return result, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	debug.FreeOSMemory()
	syscall.Sync()
	return run(ctx, dir)
}

// startServer starts a server in dir and waits until it accepts connections.
func (b *benchmark) startServer(ctx context.Context, of build, dir string, agencies int, more ...string) (*process, string, error) {
	const patience = 10 * time.Second
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("find a free port: %w", err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, "", fmt.Errorf("find a free port: %w", err)
	}
	_, port, _ := net.SplitHostPort(address) // it is one
	server := newProcess(dir, "server.log", append([]string{
		"SERVER_MODE=lottery", "SERVER_CONCURRENCY=0", "SERVER_PORT=" + port,
		fmt.Sprintf("SERVER_AGENCIES=%d", agencies), fmt.Sprintf("SERVER_LISTEN_BACKLOG=%d", backlog),
	}, more...), of.server)
	if err := server.start(); err != nil {
		return nil, "", err
	}
	for until := b.now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return server, address, conn.Close()
		}
		if ctx.Err() != nil || b.now().After(until) {
			server.kill()
			return nil, "", fmt.Errorf("wait for the server: %w; its log ends: %s", err, tail(server.log))
		}
	}
}

// verify checks that each bet was stored and each winner told.
func verify(d data, bets string, clients []*process) error {
	lines, err := countLines(bets)
	if err != nil {
		return err
	}
	if lines != d.bets {
		return fmt.Errorf("not exact: %d lines in bets.csv for %d bets", lines, d.bets)
	}
	for i, c := range clients {
		told, err := winnersTold(c.log)
		if err != nil {
			return fmt.Errorf("agency %d: %w", i+1, err)
		}
		if told != d.winners[i] {
			return fmt.Errorf("not exact: agency %d was told %d winners of %d", i+1, told, d.winners[i])
		}
	}
	return nil
}

func countLines(file string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, fmt.Errorf("count the bets: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines, block := 0, make([]byte, floorBuffer)
	for {
		n, err := f.Read(block)
		lines += bytes.Count(block[:n], []byte{'\n'})
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return 0, fmt.Errorf("count the bets: %w", err)
		}
	}
}

// winnersTold returns how many winners a client has logged. It must have done
// so once.
func winnersTold(log string) (int, error) {
	text, err := os.ReadFile(log)
	if err != nil {
		return 0, fmt.Errorf("count the winners: %w", err)
	}
	answers := strings.Split(string(text), "action: consulta_ganadores | result: success | cant_ganadores: ")[1:]
	if len(answers) != 1 {
		return 0, fmt.Errorf("not exact: %d answers to the question for the winners; the log ends: %s", len(answers), tail(log))
	}
	value, _, _ := strings.Cut(answers[0], "\n")
	return strconv.Atoi(strings.TrimSpace(value))
}
