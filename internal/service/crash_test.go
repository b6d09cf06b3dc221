package service_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/dataset"
)

// crashRounds is how often something is killed; COMPOSER_CRASH_ROUNDS is for more.
const crashRounds = 40

// spawned is a process that logs to a file of its own.
type spawned struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it has ended
}

func spawn(t *testing.T, dir, role string, environ ...string) *spawned {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.CreateTemp(dir, role+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s := &spawned{cmd: exec.Command(self), log: log.Name(), done: make(chan struct{})}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = dir, log, log
	s.cmd.Env = append([]string{roleVariable + "=" + role, "GORACE=atexit_sleep_ms=0"}, environ...)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(s.kill)
	return s
}

// kill is kill -9; it returns when the process is gone.
func (s *spawned) kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

func (s *spawned) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *spawned) text(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The server and the clients may be killed at any moment and started again: at
// the end each bet of each file is stored exactly once, in order, and every
// agency has its own winners.
func TestKillAnythingAnytime(t *testing.T) {
	rounds := crashRounds
	if n, err := strconv.Atoi(os.Getenv("COMPOSER_CRASH_ROUNDS")); err == nil {
		rounds = n
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))

	dir := t.TempDir()
	bets, winners := []int{100 * rounds, 60 * rounds, 40, 0}, []int{3, 0, 1, 0}
	files := make([]string, len(bets))
	for i := range bets {
		var csv bytes.Buffer
		err := dataset.Generate(&csv, dataset.Options{Agency: uint32(i + 1), Bets: bets[i], Winners: winners[i], Seed: 1, Before: 10_000 * i})
		if err != nil {
			t.Fatal(err)
		}
		files[i] = csv.String()
		if err := os.WriteFile(filepath.Join(dir, dataset.FileName(uint32(i+1))), csv.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	port := freePort(t)
	startServer := func() *spawned {
		return spawn(t, dir, "server", fmt.Sprintf("SERVER_PORT=%d", port), "SERVER_MODE=lottery",
			fmt.Sprintf("SERVER_AGENCIES=%d", len(bets)), "SERVER_CONCURRENCY=0", "SERVER_KEEPALIVE=100ms")
	}
	startClient := func(i int) *spawned {
		return spawn(t, dir, "client", fmt.Sprintf("CLI_ID=%d", i+1), fmt.Sprintf("CLI_SERVER_ADDRESS=127.0.0.1:%d", port),
			"CLI_MODE=lottery", "CLI_AGENCY_FILE="+dataset.FileName(uint32(i+1)), "CLI_BATCH_MAXAMOUNT=7", "CLI_BATCH_PERIOD=0s")
	}
	servers := []*spawned{startServer()}
	clients := make([]*spawned, len(bets))
	for i := range clients {
		clients[i] = startClient(i)
	}
	killed := 0
	for range rounds {
		// Any moment will do: this waits for nothing.
		time.Sleep(time.Duration(random.IntN(20_000)) * time.Microsecond)
		if i := random.IntN(2 * len(clients)); i >= len(clients) {
			servers[len(servers)-1].kill()
			servers = append(servers, startServer())
			killed++
		} else if !clients[i].ended() {
			clients[i].kill()
			clients[i] = startClient(i)
			killed++
		}
	}
	for i, c := range clients {
		select {
		case <-c.done:
		case <-time.After(60 * time.Second):
			t.Fatalf("client%d does not end:\n%s", i+1, c.text(t))
		}
		if code := c.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("client%d: exit code %d:\n%s", i+1, code, c.text(t))
		}
		if want := fmt.Sprintf("action: consulta_ganadores | result: success | cant_ganadores: %d\n", winners[i]); !strings.Contains(c.text(t), want) {
			t.Errorf("client%d: no %q in\n%s", i+1, want, c.text(t))
		}
	}
	last := servers[len(servers)-1]
	// It may have been started a moment ago, and not yet hear signals.
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(last.text(t), "accept_connections") && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	_ = last.cmd.Process.Signal(syscall.SIGTERM)
	<-last.done
	if code := last.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("server: exit code %d:\n%s", code, last.text(t))
	}
	draws := 0
	for _, s := range servers {
		draws += strings.Count(s.text(t), "action: sorteo | result: success")
	}
	if draws > 1 {
		t.Errorf("%d draws", draws)
	}
	stored, err := os.ReadFile(filepath.Join(dir, "bets.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		var own strings.Builder
		prefix := fmt.Sprintf("%d,", i+1)
		for line := range strings.Lines(string(stored)) {
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				own.WriteString(rest)
			}
		}
		if own.String() != file {
			t.Errorf("agency %d: %d bets stored, %d in its file, or others", i+1, strings.Count(own.String(), "\n"), bets[i])
		}
	}
	if got, want := strings.Count(string(stored), "\n"), bets[0]+bets[1]+bets[2]+bets[3]; got != want {
		t.Errorf("%d lines, want %d", got, want)
	}
	t.Logf("%d kills, %d lives of the server", killed, len(servers))
}
