//go:build unix

package lotterytest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/dataset"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// The variables that tell the test binary to be something else.
const (
	roleVariable = "LOTTERYTEST_ROLE"       // server or client
	sizeVariable = "LOTTERYTEST_FILE_BYTES" // no file may grow beyond: a full disk
	userVariable = "LOTTERYTEST_USER"       // who to be instead of root, for whom no file is read-only
)

// patience bounds every wait; nothing waits so long unless it fails.
const patience = 30 * time.Second

// The test binary is the services as well: what runs is what main runs.
func TestMain(m *testing.M) {
	role := os.Getenv(roleVariable)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := restrict(os.Getenv(sizeVariable), os.Getenv(userVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	switch role {
	case "server":
		os.Exit(service.Main(server.Run))
	case "client":
		os.Exit(service.Main(client.Run))
	}
	fmt.Fprintf(os.Stderr, "unknown role %q\n", role)
	os.Exit(2)
}

func restrict(size, user string) error {
	if size != "" {
		n, err := strconv.ParseUint(size, 10, 64)
		if err != nil {
			return err
		}
		signal.Ignore(syscall.SIGXFSZ) // writes then fail with EFBIG
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return fmt.Errorf("set RLIMIT_FSIZE: %w", err)
		}
	}
	if user != "" {
		id, err := strconv.Atoi(user)
		if err != nil {
			return err
		}
		if err := syscall.Setgroups(nil); err != nil {
			return fmt.Errorf("setgroups: %w", err)
		}
		if err := syscall.Setgid(id); err != nil {
			return fmt.Errorf("setgid: %w", err)
		}
		if err := syscall.Setuid(id); err != nil {
			return fmt.Errorf("setuid: %w", err)
		}
	}
	return nil
}

// lab is a directory with the files of agencies, and a port for a server.
type lab struct {
	t    *testing.T
	dir  string
	port int
}

func newLab(t *testing.T) *lab {
	t.Helper()
	return &lab{t: t, dir: t.TempDir(), port: freePort(t)}
}

// freePort returns a port that nobody listens on. It lies below those that
// the kernel gives to outgoing connections: a client that connects while the
// server is down must not take the server's own port.
func freePort(t *testing.T) int {
	t.Helper()
	for range 1000 {
		port := 15_000 + rand.IntN(15_000)
		l, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// write writes a file of the lab.
func (l *lab) write(name, text string) {
	l.t.Helper()
	if err := os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o644); err != nil {
		l.t.Fatal(err)
	}
}

// read returns a file of the lab, "" if there is none.
func (l *lab) read(name string) string {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(l.dir, name))
	if err != nil && !os.IsNotExist(err) {
		l.t.Fatal(err)
	}
	return string(text)
}

// generate writes agency's file and returns its lines, each with its CRLF.
func (l *lab) generate(agency, bets, winners int) []string {
	l.t.Helper()
	var csv bytes.Buffer
	err := dataset.Generate(&csv, dataset.Options{
		Agency: uint32(agency), Bets: bets, Winners: winners, Seed: 1, Before: 100_000 * agency,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.write(dataset.FileName(uint32(agency)), csv.String())
	lines := strings.SplitAfter(csv.String(), "\n")
	return lines[:len(lines)-1]
}

// server starts the server of the lab. environ comes last and counts.
func (l *lab) server(environ ...string) *process {
	l.t.Helper()
	return l.start("server", append([]string{
		fmt.Sprintf("SERVER_PORT=%d", l.port), "SERVER_MODE=lottery", "LOGGING_LEVEL=DEBUG", "SERVER_LISTEN_BACKLOG=64",
	}, environ...)...)
}

// listening starts the server and waits until it listens.
func (l *lab) listening(environ ...string) *process {
	l.t.Helper()
	s := l.server(environ...)
	s.wait(1, "action: accept_connections | result: in_progress")
	return s
}

// client starts the client of that number on its own file.
func (l *lab) client(id int, mode string, environ ...string) *process {
	l.t.Helper()
	return l.start("client", append([]string{
		fmt.Sprintf("CLI_ID=%d", id), fmt.Sprintf("CLI_SERVER_ADDRESS=127.0.0.1:%d", l.port), "CLI_MODE=" + mode,
		"CLI_AGENCY_FILE=" + dataset.FileName(uint32(id)), "CLI_BATCH_MAXAMOUNT=10", "CLI_BATCH_PERIOD=0s",
	}, environ...)...)
}

// output is what a process has written so far. It is a pipe's end in the test,
// so no limit of the process applies to it, and no kill loses any of it.
type output struct {
	mu   sync.Mutex // guards text and more
	text bytes.Buffer
	more chan struct{} // closed by the next write
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.text.Write(b)
}

func (o *output) read() (text string, more <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.more
}

type process struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	output *output
	done   chan struct{} // closed when it has ended and all it wrote is in output
}

func (l *lab) start(role string, environ ...string) *process {
	l.t.Helper()
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	p := &process{
		t: l.t, name: role, cmd: exec.Command(self), output: &output{more: make(chan struct{})}, done: make(chan struct{}),
	}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = l.dir, p.output, p.output
	// The race detector would sleep for a second before it exits.
	p.cmd.Env = append([]string{roleVariable + "=" + role, "GORACE=atexit_sleep_ms=0"}, environ...)
	if err := p.cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit code says it
		close(p.done)
	}()
	l.t.Cleanup(p.kill)
	return p
}

// kill is kill -9; it returns when the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// text is all that the process has written.
func (p *process) text() string {
	text, _ := p.output.read()
	return text
}

// tail is the last of it, for messages.
func (p *process) tail() string {
	text := p.text()
	return p.name + ":\n" + text[max(0, len(text)-3000):]
}

func (p *process) count(line string) int { return strings.Count(p.text(), line) }

// wait waits until the text has been written n times.
func (p *process) wait(n int, text string) {
	p.t.Helper()
	limit := time.After(patience)
	for {
		all, more := p.output.read()
		if strings.Count(all, text) >= n {
			return
		}
		select {
		case <-more:
		case <-p.done:
			if p.count(text) < n {
				p.t.Fatalf("ended before %q (%d times), %s", text, n, p.tail())
			}
		case <-limit:
			p.t.Fatalf("fewer than %d times %q, %s", n, text, p.tail())
		}
	}
}

// exit waits for the end and checks the exit code.
func (p *process) exit(want int) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("does not end, %s", p.tail())
	}
	if code := p.cmd.ProcessState.ExitCode(); code != want {
		p.t.Fatalf("exit code %d, want %d, %s", code, want, p.tail())
	}
}

// terminate sends SIGTERM and checks that the process ends well within a
// second, and that these lines are among its last, in this order.
func (p *process) terminate(lines ...string) {
	p.t.Helper()
	before := len(p.text())
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	p.exit(0)
	if took := time.Since(began); took > time.Second {
		p.t.Errorf("%s took %v to end", p.name, took)
	}
	rest := p.text()[before:]
	for _, line := range lines {
		_, behind, found := strings.Cut(rest, line)
		if !found {
			p.t.Errorf("no %q in its place, %s", line, p.tail())
			return
		}
		rest = behind
	}
	p.has(0, "result: fail")
}

// has checks how often the text has been written. What a running process has written may still be on its way here.
func (p *process) has(n int, text string) {
	p.t.Helper()
	if !p.ended() {
		p.wait(n, text)
	}
	if got := p.count(text); got != n {
		p.t.Errorf("%d times %q, want %d, %s", got, text, n, p.tail())
	}
}

// stored checks that bets.csv holds, of agency i+1, the lines of files[i],
// each once and in their order, and nothing else.
func (l *lab) stored(files ...[]string) {
	l.t.Helper()
	at := make([]int, len(files))
	number := 0
	for line := range strings.SplitAfterSeq(l.read("bets.csv"), "\n") {
		if line == "" {
			continue // behind the last line end
		}
		number++
		prefix, rest, _ := strings.Cut(line, ",")
		agency, err := strconv.Atoi(prefix)
		if err != nil || agency < 1 || agency > len(files) {
			l.t.Fatalf("bets.csv:%d: no record: %q", number, line)
		}
		i := agency - 1
		switch {
		case at[i] == len(files[i]):
			l.t.Fatalf("bets.csv:%d: one bet too many: %q", number, line)
		case rest != files[i][at[i]]:
			l.t.Fatalf("bets.csv:%d: %q, want bet %d of agency %d: %q", number, rest, at[i], agency, files[i][at[i]])
		}
		at[i]++
	}
	for i, file := range files {
		if at[i] != len(file) {
			l.t.Errorf("agency %d: %d bets stored, want %d", i+1, at[i], len(file))
		}
	}
}

const (
	received  = "action: apuesta_recibida | result: success | cantidad: "
	refused   = "action: apuesta_recibida | result: fail | cantidad: "
	finished  = "action: fin_apuestas | result: success"
	drawn     = "action: sorteo | result: success"
	accepted  = "action: accept_connections | result: success"
	signalled = "action: receive_signal | result: success | signal: SIGTERM"
)

func winnersLine(n int) string {
	return fmt.Sprintf("action: consulta_ganadores | result: success | cant_ganadores: %d\n", n)
}
