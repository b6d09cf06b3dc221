//go:build unix

package server_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// childVariable makes the test's program a server that may have that many files open.
const childVariable = "SERVER_TEST_FILES"

func TestMain(m *testing.M) {
	if limit, err := strconv.ParseUint(os.Getenv(childVariable), 10, 16); err == nil {
		if err := os.Unsetenv(childVariable); err != nil {
			panic(err)
		}
		r := syscall.Rlimit{Cur: limit, Max: limit}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
			panic(err)
		}
		os.Exit(service.RunOn(service.ThisMachine(), server.Run))
	}
	os.Exit(m.Run())
}

// A server that has no descriptor left, and a full backlog, goes on with those whom it serves, says what happens in few
// lines, and takes new connections when there is room again.
func TestMoreConnectionsThanDescriptors(t *testing.T) {
	const descriptors, strangers, batches = 40, 400, 300
	root := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Dir = root
	child.Env = append(os.Environ(), childVariable+"="+strconv.Itoa(descriptors), "SERVER_MODE=lottery", "SERVER_PORT=0",
		"SERVER_AGENCIES=2", "SERVER_CONCURRENCY=0", "SERVER_HELLO_TIMEOUT=2s", "SERVER_STORAGE_SYNC=false")
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	ports, counts := make(chan string, 1), make(chan map[string]int, 1)
	began := make(chan struct{})
	var worst time.Duration // between two batches of agency 1; read after counts
	go func() {
		count, last, scanner := map[string]int{}, time.Time{}, bufio.NewScanner(out)
		for scanner.Scan() {
			line := scanner.Text()
			if m := listening.FindStringSubmatch(line); m != nil {
				ports <- m[1]
			}
			_, action, _ := strings.Cut(line, "action: ")
			action, _, _ = strings.Cut(action, " | ")
			if strings.Contains(line, "result: fail") {
				action += " fails"
			}
			if count[action]++; action == "apuesta_recibida" && count[action] <= batches {
				if count[action] == 1 {
					close(began)
				} else {
					worst = max(worst, time.Since(last))
				}
				last = time.Now()
			}
		}
		counts <- count
	}()
	address := net.JoinHostPort("127.0.0.1", <-ports)
	play := func(agency, bets, batch int) <-chan error {
		dir, ended := t.TempDir(), make(chan error, 1)
		var text strings.Builder
		for i := range bets {
			fmt.Fprintf(&text, "A,B,%d,2000-01-01,1\n", agency*100_000+i)
		}
		if err := os.WriteFile(filepath.Join(dir, "agency.csv"), []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		environ := []string{
			"CLI_ID=" + strconv.Itoa(agency), "CLI_MODE=batch", "CLI_SERVER_ADDRESS=" + address, "CLI_LOOP_PERIOD=0s",
			"CLI_BATCH_PERIOD=10ms", "CLI_BATCH_MAXAMOUNT=" + strconv.Itoa(batch), "CLI_RETRY_LIMIT=20s", "CLI_TIMEOUT=10s",
		}
		go func() {
			ended <- client.Run(t.Context(), service.Machine{Environ: environ, Stdout: new(log), Root: dir})
		}()
		return ended
	}
	served := play(1, batches*2, 2)
	<-began
	for range strangers {
		conn, err := net.DialTimeout("tcp", address, 100*time.Millisecond)
		if err == nil { // the backlog had room
			defer conn.Close()
		}
		if err != nil && len(served) > 0 {
			break
		}
	}
	if err := <-served; err != nil {
		t.Errorf("the agency that is served: %v", err)
	}
	if err := <-play(2, 10, 5); err != nil {
		t.Errorf("an agency that comes later: %v", err)
	}
	if err := child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	count := <-counts
	if err := child.Wait(); err != nil {
		t.Errorf("the server: %v", err)
	}
	if worst > time.Second {
		t.Errorf("a batch took %v", worst)
	}
	if n := count["accept_connections fails"]; n == 0 || n > 50 {
		t.Errorf("%d lines of no descriptor", n)
	}
	if n := count["apuesta_recibida"]; n != batches+2 {
		t.Errorf("%d batches, want %d", n, batches+2)
	}
	t.Logf("the longest pause between two batches of %d was %v; lines: %v", batches, worst, count)
}
