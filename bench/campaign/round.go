//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/lab/closed"
	"github.com/tp0-lab/composer/internal/lab/dataset"
)

const (
	agencies = 3
	winners  = 5
	// roundLimit is how long a round may take before it has hung.
	roundLimit = 2 * time.Minute
	// stopLimit is how long a server may take to end after SIGTERM.
	stopLimit = 2 * time.Second
)

var errSkipped = errors.New("skipped")

// round is one lottery, from the first bet to the last agency's winners.
type round struct {
	ctx      context.Context
	binaries string
	dir      string // of the processes
	data     string // the directory of bets.csv
	random   *rand.Rand
	port     int
	files    [agencies][]string // the lines of the agencies' files
	server   *process
	clients  [agencies]*process
	links    int // names that link has used
	figures  figures
}

// play plays a round in which accidents of that kind happen.
func play(ctx context.Context, k kind, binaries, dir string, random *rand.Rand) (figures, error) {
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	r := &round{ctx: ctx, binaries: binaries, dir: dir, data: filepath.Join(dir, "data"), random: random, port: 15_000 + random.IntN(15_000)}
	defer r.end()
	if err := r.begin(); err != nil {
		return r.figures, err
	}
	for range 3 + random.IntN(6) {
		r.sleep(random.IntN(120))
		if r.over() {
			break
		}
		r.figures.accidents++
		if err := k.happen(r); err != nil {
			return r.figures, err
		}
	}
	for i, c := range r.clients {
		select {
		case <-c.done:
		case <-ctx.Done():
			return r.figures, fmt.Errorf("agency %d did not end: %w", i+1, ctx.Err())
		}
		if !c.cmd.ProcessState.Success() {
			return r.figures, fmt.Errorf("agency %d ended with %v", i+1, c.cmd.ProcessState)
		}
	}
	r.server.signal(syscall.SIGTERM)
	select {
	case <-r.server.done:
	case <-time.After(stopLimit):
		return r.figures, errors.New("the server did not end")
	}
	if code := r.server.cmd.ProcessState.ExitCode(); code != 0 {
		return r.figures, fmt.Errorf("the server ended with %d", code)
	}
	return r.figures, r.compare()
}

func (r *round) sleep(milliseconds int) {
	select {
	case <-time.After(time.Duration(milliseconds) * time.Millisecond):
	case <-r.ctx.Done():
	}
}

func (r *round) over() bool {
	return !slices.ContainsFunc(r.clients[:], func(c *process) bool { return !c.ended() })
}

// begin makes the agencies' files and starts everybody.
func (r *round) begin() error {
	if err := os.MkdirAll(r.data, 0o755); err != nil {
		return err
	}
	r.figures.rounds = 1
	for i := range r.files {
		bets := 500 + r.random.IntN(4000)
		var csv bytes.Buffer
		err := dataset.Generate(&csv, dataset.Options{Agency: uint32(i + 1), Bets: bets, Winners: winners, Seed: 1, Before: 100_000 * i})
		if err == nil {
			err = os.WriteFile(filepath.Join(r.dir, dataset.FileName(uint32(i+1))), csv.Bytes(), 0o644)
		}
		if err != nil {
			return err
		}
		lines := strings.SplitAfter(csv.String(), "\n")
		r.files[i] = lines[:len(lines)-1]
		r.figures.bets += bets
	}
	if err := r.startServer(); err != nil {
		return err
	}
	for i := range r.clients {
		if err := r.startClient(i); err != nil {
			return err
		}
	}
	return nil
}

// end leaves no process and no file system behind.
func (r *round) end() {
	for _, p := range append(r.clients[:], r.server) {
		if p != nil {
			p.kill()
		}
	}
	_ = syscall.Unmount(r.data, 0)
}

// process is a process with a log file, to which its next life appends.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
}

func (p *process) ended() bool { return closed.Is(p.done) }

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

func (r *round) start(program, log string, environ ...string) (*process, error) {
	out, err := os.OpenFile(filepath.Join(r.dir, log), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p := &process{cmd: exec.Command(filepath.Join(r.binaries, program)), done: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = r.dir, environ, out, out
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// startServer starts the server and waits until it listens.
func (r *round) startServer() (err error) {
	r.server, err = r.start("server", "server.log", fmt.Sprintf("SERVER_PORT=%d", r.port), "SERVER_MODE=lottery", "LOGGING_LEVEL=DEBUG",
		fmt.Sprintf("SERVER_AGENCIES=%d", agencies), fmt.Sprintf("SERVER_CONCURRENCY=%d", r.random.IntN(3)),
		"SERVER_STORAGE="+filepath.Join(r.data, "bets.csv"), "SERVER_KEEPALIVE=100ms")
	for err == nil {
		conn, dialErr := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", r.port))
		if dialErr == nil {
			return conn.Close()
		}
		if r.server.ended() {
			return fmt.Errorf("the server ended at its start: %v", r.server.cmd.ProcessState)
		}
		if err = r.ctx.Err(); err == nil {
			r.sleep(2)
		}
	}
	return err
}

func (r *round) startClient(i int) (err error) {
	period := "0s"
	if i == 1 {
		period = "1ms" // waits for each result
	}
	r.clients[i], err = r.start("client", fmt.Sprintf("client%d.log", i+1), fmt.Sprintf("CLI_ID=%d", i+1), fmt.Sprintf("CLI_SERVER_ADDRESS=127.0.0.1:%d", r.port),
		"CLI_MODE=lottery", "CLI_AGENCY_FILE="+dataset.FileName(uint32(i+1)), "CLI_BATCH_MAXAMOUNT=10", "CLI_BATCH_PERIOD="+period, "CLI_RETRY_LIMIT=10m")
	return err
}

// kill kills the server, or a client that runs, and starts it again.
func (r *round) kill() error {
	if i := r.random.IntN(2 * agencies); i < agencies {
		c := r.clients[i]
		c.kill()
		if c.cmd.ProcessState.ExitCode() == 0 {
			return nil // it was quicker
		}
		return r.startClient(i)
	}
	r.server.kill()
	return r.startServer()
}

func (r *round) pause() error {
	p := r.server
	if i := r.random.IntN(2 * agencies); i < agencies {
		p = r.clients[i]
	}
	p.signal(syscall.SIGSTOP)
	r.sleep(50 + r.random.IntN(500))
	p.signal(syscall.SIGCONT)
	return nil
}

// compare compares what is left with what the agencies were given.
func (r *round) compare() error {
	text, err := os.ReadFile(filepath.Join(r.data, "bets.csv"))
	if err != nil {
		return err
	}
	var stored [agencies][]string
	for line := range strings.Lines(string(text)) {
		var agency int
		if _, err := fmt.Sscanf(line, "%d,", &agency); err != nil || agency < 1 || agency > agencies {
			r.figures.wrong++
			continue
		}
		_, bet, _ := strings.Cut(line, ",")
		stored[agency-1] = append(stored[agency-1], bet)
	}
	for i, file := range r.files {
		given, kept := count(file), count(stored[i])
		for bet, n := range given {
			r.figures.lost += max(0, n-kept[bet])
			r.figures.doubled += max(0, kept[bet]-n)
		}
		for n, bet := range stored[i] {
			if given[bet] == 0 || n >= len(file) || file[n] != bet {
				r.figures.wrong++
			}
		}
		log, err := os.ReadFile(filepath.Join(r.dir, fmt.Sprintf("client%d.log", i+1)))
		if err != nil {
			return err
		}
		told := strings.Count(string(log), "action: consulta_ganadores | result: success")
		if right := strings.Count(string(log), fmt.Sprintf("cant_ganadores: %d\n", winners)); told == 0 || told != right {
			r.figures.told++
		}
	}
	log, err := os.ReadFile(filepath.Join(r.dir, "server.log"))
	if strings.Count(string(log), "action: sorteo | result: success") != 1 {
		r.figures.log++
	}
	return err
}

func count(bets []string) map[string]int {
	counts := map[string]int{}
	for _, bet := range bets {
		counts[bet]++
	}
	return counts
}
