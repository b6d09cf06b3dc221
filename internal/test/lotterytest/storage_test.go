//go:build unix

package lotterytest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A full disk: batches are refused, the server lives on, and once there is
// room everything completes, each bet exactly once, whether the server was
// stopped or killed.
func TestFullDisk(t *testing.T) {
	const limit = 10_000 // bytes; a batch of 50 bets takes about a quarter
	for _, tt := range []struct {
		name   string
		period string // without a pause all batches are one group
		end    func(*process)
	}{
		{"stopped", "1ms", func(s *process) { _ = s.cmd.Process.Signal(os.Interrupt); s.exit(0) }},
		{"killed", "1ms", (*process).kill},
		{"killed, one group", "0s", (*process).kill},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t)
			files := [][]string{l.generate(1, 500, 3), l.generate(2, 480, 2)}
			server := []string{"SERVER_AGENCIES=2", "SERVER_CONCURRENCY=0"}
			s := l.listening(append(server, fmt.Sprintf("%s=%d", sizeVariable, limit))...)
			agency := []string{"CLI_BATCH_MAXAMOUNT=50", "CLI_BATCH_PERIOD=" + tt.period, "CLI_RETRY_LIMIT=10m"}
			one := l.client(1, "lottery", agency...)
			s.wait(1, refused)
			before := s.count(accepted)
			two := l.client(2, "lottery", agency...)
			s.wait(before+2, accepted) // both come back, and are served
			s.wait(s.count(refused)+2, refused)
			tt.end(s)
			s.has(0, finished)
			if one.ended() || two.ended() {
				t.Fatalf("an agency gave up: %s\n%s", one.tail(), two.tail())
			}
			// What was acknowledged is there. A kill may leave more, which goes
			// at the next start.
			bets := l.read("bets.csv")
			if got, want := strings.Count(bets, "\n"), 50*s.count(received); len(bets) > limit || got < want {
				t.Errorf("bets.csv has %d bets in %d bytes, want %d bets", got, len(bets), want)
			} else if tt.name == "stopped" && (got > want || want == 0 || !strings.HasSuffix(bets, "\r\n")) {
				t.Errorf("bets.csv has %d bets, %d were acknowledged", got, want)
			}

			s = l.listening(server...)
			one.exit(0)
			two.exit(0)
			one.has(1, winnersLine(3))
			two.has(1, winnersLine(2))
			s.has(1, drawn)
			s.terminate(signalled, "action: close_storage", "action: shutdown_server")
			l.stored(files...)
		})
	}
}

// A bets.csv that cannot be written to, until it can, without a restart.
func TestReadOnlyFile(t *testing.T) {
	l := newLab(t)
	file := l.generate(1, 95, 2)
	l.write("bets.csv", "")
	path := filepath.Join(l.dir, "bets.csv")
	environ := []string{"SERVER_AGENCIES=1"}
	if os.Geteuid() == 0 {
		const nobody = 65534
		environ = append(environ, fmt.Sprintf("%s=%d", userVariable, nobody))
		for _, name := range []string{l.dir, path} {
			if err := os.Chown(name, nobody, nobody); err != nil {
				t.Skip(err)
			}
		}
	}
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	s := l.listening(environ...)
	c := l.client(1, "lottery", "CLI_RETRY_LIMIT=10m")
	s.wait(2, accepted) // it has come back
	s.wait(s.count(refused)+1, refused)
	s.has(0, received)
	l.stored()
	s.kill()
	s = l.listening(environ...)
	s.wait(1, refused)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	c.exit(0)
	c.has(1, winnersLine(2))
	s.has(10, received)
	l.stored(file)
	_ = s.cmd.Process.Signal(os.Interrupt)
	s.exit(0)
}
