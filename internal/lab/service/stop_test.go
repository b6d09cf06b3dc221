package service_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// checkEnd checks a log from the line of a signal on: a line for each
// resource that was open, in any order but the last one's.
func checkEnd(t *testing.T, lines []string, want ...string) {
	t.Helper()
	all := strings.Join(lines, "\n")
	at := strings.Index(all, want[0])
	if at < 0 {
		t.Fatalf("no %q in\n%s", want[0], all)
	}
	rest := strings.Split(all[at:], "\n")
	if len(rest) != len(want) || rest[len(rest)-1] != want[len(want)-1] {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(rest, "\n"), strings.Join(want, "\n"))
	}
	for _, line := range want {
		if strings.Count(all, line) != 1 {
			t.Errorf("want one %q in\n%s", line, all)
		}
	}
	if strings.Contains(all, "result: fail") {
		t.Errorf("a stop is no failure:\n%s", all)
	}
}

func TestServerStops(t *testing.T) {
	for _, tt := range []struct {
		name    string
		mode    string
		connect string // what a peer sends first; "-" for no peer
		signal  syscall.Signal
		want    []string
	}{
		{"echo in accept", "echo", "-", syscall.SIGTERM, []string{signalTERM, socket, serverDown}},
		{"echo on SIGINT", "echo", "-", syscall.SIGINT, []string{signalINT, socket, serverDown}},
		{"echo in the first byte", "echo", "", syscall.SIGTERM, []string{signalTERM, socket, connection, serverDown}},
		{"echo in a message", "echo", "half", syscall.SIGINT, []string{signalINT, socket, connection, serverDown}},
		{"lottery in accept", "lottery", "-", syscall.SIGTERM, []string{signalTERM, socket, storage, serverDown}},
		{"lottery on SIGINT", "lottery", "-", syscall.SIGINT, []string{signalINT, socket, storage, serverDown}},
		{"lottery before HELLO", "lottery", "", syscall.SIGTERM, []string{signalTERM, socket, connection, storage, serverDown}},
		{"lottery in HELLO", "lottery", "\x00", syscall.SIGTERM, []string{signalTERM, socket, connection, storage, serverDown}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			port := freePort(t)
			p := start(t, "server", nil, fmt.Sprintf("SERVER_PORT=%d", port), "SERVER_MODE="+tt.mode)
			p.wait("action: accept_connections | result: in_progress")
			if tt.connect != "-" {
				conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				_, _ = io.WriteString(conn, tt.connect)
				p.wait("accept_connections | result: success")
				if tt.mode == "lottery" {
					p.wait("accept_connections | result: in_progress") // others may come
				}
			}
			checkEnd(t, p.stop(tt.signal), tt.want...)
		})
	}
}

func TestClientStops(t *testing.T) {
	port := freePort(t)
	start(t, "server", nil, fmt.Sprintf("SERVER_PORT=%d", port)).wait("accept_connections")
	echo := fmt.Sprintf("127.0.0.1:%d", port)
	nobody := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	for _, tt := range []struct {
		name, mode string
		address    string // empty: a server that says nothing
		until      string
		signal     syscall.Signal
		want       []string
	}{
		{"echo in sleep", "echo", echo, "action: receive_message | result: success", syscall.SIGTERM, []string{signalTERM, clientDown}},
		{"echo before a retry", "echo", nobody, "action: connect | result: in_progress", syscall.SIGINT, []string{signalINT, clientDown}},
		{"echo in read", "echo", "", "", syscall.SIGTERM, []string{signalTERM, "INFO     action: close_connection | result: success | client_id: 1", clientDown}},
		{"bet before a retry", "bet", nobody, "action: connect | result: in_progress", syscall.SIGTERM, []string{signalTERM, clientDown}},
		{"bet in read", "bet", "", "", syscall.SIGTERM, []string{signalTERM, "INFO     action: close_connection | result: success", clientDown}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var silent net.Listener
			if tt.address == "" {
				var err error
				if silent, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
					t.Fatal(err)
				}
				defer silent.Close()
				tt.address = silent.Addr().String()
			}
			p := start(t, "client", nil, "CLI_ID=1", "CLI_SERVER_ADDRESS="+tt.address, "CLI_MODE="+tt.mode, "CLI_LOOP_PERIOD=1m",
				"NOMBRE=a", "APELLIDO=b", "DOCUMENTO=1", "NACIMIENTO=2000-01-01", "NUMERO=1")
			if silent == nil {
				p.wait(tt.until)
			} else {
				conn, err := silent.Accept()
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				// Its message is here, so it waits for the answer.
				if _, err := conn.Read(make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
			}
			checkEnd(t, p.stop(tt.signal), tt.want...)
		})
	}
}

func TestLinger(t *testing.T) {
	port := freePort(t)
	start(t, "server", nil, fmt.Sprintf("SERVER_PORT=%d", port)).wait("accept_connections")
	environ := []string{"CLI_ID=1", fmt.Sprintf("CLI_SERVER_ADDRESS=127.0.0.1:%d", port), "CLI_LOOP_AMOUNT=1", "CLI_LOOP_PERIOD=0s"}

	began := time.Now()
	lines, code := start(t, "client", nil, append(environ, "CLI_LINGER=300ms")...).end()
	if took := time.Since(began); code != 0 || took < 300*time.Millisecond || lines[len(lines)-1] != "INFO     action: loop_finished | result: success | client_id: 1" {
		t.Errorf("exit code %d after %v:\n%s", code, took, strings.Join(lines, "\n"))
	}
	p := start(t, "client", nil, append(environ, "CLI_LINGER=1m")...)
	p.wait("action: loop_finished | result: success | client_id: 1")
	checkEnd(t, p.stop(syscall.SIGTERM), signalTERM, clientDown)
}

// A signal at any time either ends a process that has not begun, or stops it
// as ever: no failure, and no half of it.
func TestSignalAtTheStart(t *testing.T) {
	begun := 0
	for _, role := range []string{"server", "client"} {
		for delay := time.Duration(0); delay < 40*time.Millisecond; delay += 4 * time.Millisecond {
			p := start(t, role, nil, "SERVER_PORT=0", "LOGGING_LEVEL=DEBUG", "CLI_ID=1", "CLI_SERVER_ADDRESS=127.0.0.1:1")
			time.Sleep(delay)
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
			lines, code := p.end()
			all := strings.Join(lines, "\n")
			if code == -1 && len(lines) == 0 {
				continue // before main
			}
			begun++
			if code != 0 || strings.Contains(all, "result: fail") || !strings.Contains(all, signalTERM) ||
				!strings.HasSuffix(all, serverDown) && !strings.HasSuffix(all, clientDown) {
				t.Errorf("%s after %v: exit code %d, lines\n%s", role, delay, code, all)
			}
		}
	}
	if begun == 0 {
		t.Log("no process had begun within 40 ms")
	}
}

// The same without luck: the context has ended before anything begins.
func TestStoppedBeforeItBegins(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("agency.csv", []byte("Ana,Paz,1,2000-01-01,1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		name    string
		run     service.Run
		environ []string
		last    string
	}{
		{"echo server", server.Run, []string{"SERVER_PORT=0"}, serverDown},
		{"lottery server", server.Run, []string{"SERVER_PORT=0", "SERVER_MODE=lottery"}, serverDown},
		{"echo client", client.Run, []string{"CLI_ID=1", "CLI_SERVER_ADDRESS=127.0.0.1:1"}, clientDown},
		{"lottery client", client.Run, []string{"CLI_ID=1", "CLI_SERVER_ADDRESS=127.0.0.1:1", "CLI_MODE=batch"}, clientDown},
	} {
		for range 20 {
			var out bytes.Buffer
			err := tt.run(ctx, service.Machine{Environ: tt.environ, Stdout: &out})
			all := out.String()
			if err != nil || strings.Contains(all, "result: fail") || !strings.HasSuffix(all, tt.last+"\n") || strings.Count(all, "receive_signal") != 1 {
				t.Errorf("%s: %v\n%s", tt.name, err, all)
				break
			}
			if tt.last == serverDown && strings.Index(all, "close_server_socket") < strings.Index(all, "receive_signal") {
				t.Errorf("%s: the signal comes first:\n%s", tt.name, all)
				break
			}
		}
	}
}

func TestStoppingWithoutAnEnd(t *testing.T) {
	var out bytes.Buffer
	stopping, stop := service.Stopping(t.Context(), logline.New(&out, slog.LevelInfo))
	if stopping.Err() != nil {
		t.Error("has ended")
	}
	stop()
	if stopping.Err() == nil || out.Len() > 0 {
		t.Errorf("ended %v, logged %q", stopping.Err(), &out)
	}
}

// stubborn is a service that does not stop.
func stubborn(ctx context.Context, m service.Machine) error {
	ctx, stop := service.Stopping(ctx, logline.New(m.Stdout, slog.LevelInfo))
	defer stop()
	_, _ = fmt.Fprintln(m.Stdout, "2026-01-01 00:00:00 begun")
	<-ctx.Done()
	time.Sleep(time.Minute)
	return nil
}

func TestSecondSignalCutsItShort(t *testing.T) {
	for _, second := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := start(t, "stubborn", nil)
		p.wait("begun")
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		p.wait("receive_signal")
		_ = p.cmd.Process.Signal(second)
		_, _ = p.end()
		if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != second {
			t.Errorf("%v: ended with %v", second, p.cmd.ProcessState)
		}
	}
}

// A log that cannot be written costs the lines and nothing else.
func TestStdoutThatFails(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	reader, broken, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	defer broken.Close()
	for name, stdout := range map[string]*os.File{"full": full, "broken pipe": broken} {
		t.Run(name, func(t *testing.T) {
			port := freePort(t)
			p := prepare(t, "server", nil, fmt.Sprintf("SERVER_PORT=%d", port))
			p.cmd.Stdout = stdout
			if err := p.cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = p.cmd.Process.Kill() })
			// A client waits for it, and shows that it works.
			lines, code := start(t, "client", nil, "CLI_ID=1", fmt.Sprintf("CLI_SERVER_ADDRESS=127.0.0.1:%d", port), "CLI_LOOP_AMOUNT=2", "CLI_LOOP_PERIOD=0s").end()
			if code != 0 {
				t.Errorf("the client fails:\n%s", strings.Join(lines, "\n"))
			}
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
			if err := p.cmd.Wait(); err != nil {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// The log of a whole run of both, byte for byte but the times.
func TestWholeLogs(t *testing.T) {
	port := freePort(t)
	s := start(t, "server", map[string]string{"config.ini": fmt.Sprintf("[DEFAULT]\nSERVER_PORT = %d", port)}, "LOGGING_LEVEL=DEBUG")
	c := start(t, "client", map[string]string{"config.yaml": fmt.Sprintf("server:\n  address: \"127.0.0.1:%d\"\nloop:\n  amount: 2\n  period: \"10ms\"\n", port)}, "CLI_ID=1", "CLI_LOG_LEVEL=DEBUG")
	lines, code := c.end()
	// The server may come up later than the client.
	waiting := regexp.MustCompile(`(?m)^INFO     action: connect \| result: in_progress .*\n`)
	want := fmt.Sprintf(`INFO     action: config | result: success | client_id: 1 | server_address: 127.0.0.1:%d | loop_amount: 2 | loop_period: 10ms | log_level: DEBUG
INFO     action: close_connection | result: success | client_id: 1
INFO     action: receive_message | result: success | client_id: 1 | msg: [CLIENT 1] Message N°1
INFO     action: close_connection | result: success | client_id: 1
INFO     action: receive_message | result: success | client_id: 1 | msg: [CLIENT 1] Message N°2
INFO     action: loop_finished | result: success | client_id: 1`, port)
	if got := waiting.ReplaceAllString(strings.Join(lines, "\n"), ""); code != 0 || got != want {
		t.Errorf("exit code %d, got\n%s\nwant\n%s", code, got, want)
	}
	for range 3 {
		s.wait("accept_connections | result: in_progress")
	}
	want = fmt.Sprintf(`DEBUG    action: config | result: success | port: %d | listen_backlog: 5 | logging_level: DEBUG
INFO     action: listen | result: success | port: %d | mode: echo
INFO     action: accept_connections | result: in_progress
INFO     action: accept_connections | result: success | ip: 127.0.0.1
INFO     action: receive_message | result: success | ip: 127.0.0.1 | msg: [CLIENT 1] Message N°1
INFO     action: close_client_connection | result: success | ip: 127.0.0.1
INFO     action: accept_connections | result: in_progress
INFO     action: accept_connections | result: success | ip: 127.0.0.1
INFO     action: receive_message | result: success | ip: 127.0.0.1 | msg: [CLIENT 1] Message N°2
INFO     action: close_client_connection | result: success | ip: 127.0.0.1
INFO     action: accept_connections | result: in_progress
INFO     action: receive_signal | result: success | signal: SIGTERM
INFO     action: close_server_socket | result: success
INFO     action: shutdown_server | result: success`, port, port)
	if got := strings.Join(s.stop(syscall.SIGTERM), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// unread returns a pipe that is full, whose reader has stopped reading.
func unread(t *testing.T) *os.File {
	t.Helper()
	reader, full, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = reader.Close(), full.Close() })
	_ = full.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	for err == nil {
		_, err = full.Write(make([]byte, 4096))
	}
	return full
}

// A service whose output nobody reads is stopped as ever, and within a second.
func TestStopsWhileNobodyReadsTheOutput(t *testing.T) {
	for name, environ := range map[string][]string{
		"echo server": {"SERVER_PORT=0"}, "lottery server": {"SERVER_PORT=0", "SERVER_MODE=lottery"},
		"echo client":    {"CLI_ID=1", "CLI_SERVER_ADDRESS=127.0.0.1:1", "CLI_LOG_LEVEL=DEBUG"},
		"lottery client": {"CLI_ID=1", "CLI_SERVER_ADDRESS=127.0.0.1:1", "CLI_MODE=bet", "NOMBRE=a", "APELLIDO=b", "DOCUMENTO=1", "NACIMIENTO=2000-01-01", "NUMERO=1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, role, _ := strings.Cut(name, " ")
			var began time.Time
			for delay := 300 * time.Millisecond; ; delay *= 2 {
				p := prepare(t, role, nil, append(environ, "LOGGING_LEVEL=DEBUG")...)
				p.cmd.Stdout = unread(t)
				if err := p.cmd.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = p.cmd.Process.Kill() })
				time.Sleep(delay) // by then it is in its first line
				began = time.Now()
				_ = p.cmd.Process.Signal(syscall.SIGTERM)
				err := p.cmd.Wait()
				if err == nil {
					break
				}
				// Or it has not begun.
				if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGTERM || delay > 5*time.Second {
					t.Fatalf("ended with %v", err)
				}
			}
			if took := time.Since(began); took > time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// For an engine that takes exit code 0 for done, a client that is stopped before that exits with 1; after that with 0.
func TestStopThatFails(t *testing.T) {
	nobody := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p := start(t, "client", nil, "CLI_INDEX=0", "CLI_STOP_FAILS=true", "CLI_SERVER_ADDRESS="+nobody)
	p.wait("action: connect | result: in_progress")
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	lines, code := p.end()
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	checkEnd(t, lines, signalTERM, clientDown)

	port := freePort(t)
	start(t, "server", nil, fmt.Sprintf("SERVER_PORT=%d", port)).wait("accept_connections")
	p = start(t, "client", nil, "CLI_INDEX=0", "CLI_STOP_FAILS=true", fmt.Sprintf("CLI_SERVER_ADDRESS=127.0.0.1:%d", port), "CLI_LOOP_AMOUNT=1", "CLI_LOOP_PERIOD=0s", "CLI_LINGER=1m")
	p.wait("action: loop_finished")
	p.stop(syscall.SIGTERM)
}
