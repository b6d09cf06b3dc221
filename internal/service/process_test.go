package service_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/client"
	"github.com/tp0-lab/composer/internal/server"
	"github.com/tp0-lab/composer/internal/service"
)

// The test binary is the services as well: what runs is what main runs.
const roleVariable = "SERVICE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "server":
		os.Exit(service.Main(server.Run))
	case "client":
		os.Exit(service.Main(client.Run))
	default:
		os.Exit(m.Run())
	}
}

// process is a service that runs in a directory of its own.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string
	seen  []string
}

func start(t *testing.T, role string, files map[string]string, environ ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(self), lines: make(chan string, 1000)}
	p.cmd.Dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(p.cmd.Dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// The race detector would sleep for a second before it exits.
	p.cmd.Env = append([]string{roleVariable + "=" + role, "GORACE=atexit_sleep_ms=0"}, environ...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// stamp is what each line begins with.
var stamp = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d `)

// wait reads lines up to one with text.
func (p *process) wait(text string) {
	p.t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				p.t.Fatalf("ended before %q:\n%s", text, strings.Join(p.seen, "\n"))
			}
			if !stamp.MatchString(line) {
				p.t.Errorf("no time before %q", line)
			}
			line = stamp.ReplaceAllString(line, "")
			p.seen = append(p.seen, line)
			if strings.Contains(line, text) {
				return
			}
		case <-limit:
			p.t.Fatalf("no %q in\n%s", text, strings.Join(p.seen, "\n"))
		}
	}
}

// end reads the rest and returns all lines and the exit code.
func (p *process) end() (lines []string, code int) {
	p.t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				_ = p.cmd.Wait()
				return p.seen, p.cmd.ProcessState.ExitCode()
			}
			p.seen = append(p.seen, stamp.ReplaceAllString(line, ""))
		case <-limit:
			p.t.Fatalf("does not end:\n%s", strings.Join(p.seen, "\n"))
		}
	}
}

// stop sends the signal and checks that the process ends well, soon, and with
// these lines last.
func (p *process) stop(s syscall.Signal, want ...string) {
	p.t.Helper()
	before := len(p.seen)
	began := time.Now()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
	lines, code := p.end()
	if took := time.Since(began); took > time.Second {
		p.t.Errorf("took %v", took)
	}
	if got := strings.Join(lines[before:], "\n"); code != 0 || !strings.HasSuffix(got, strings.Join(want, "\n")) {
		p.t.Errorf("exit code %d, lines\n%s\nwant\n%s", code, got, strings.Join(want, "\n"))
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

const (
	signalTERM = "INFO     action: receive_signal | result: success | signal: SIGTERM"
	signalINT  = "INFO     action: receive_signal | result: success | signal: SIGINT"
	socket     = "INFO     action: close_server_socket | result: success"
	connection = "INFO     action: close_client_connection | result: success | ip: 127.0.0.1"
	storage    = "INFO     action: close_storage | result: success"
	serverDown = "INFO     action: shutdown_server | result: success"
	clientDown = "INFO     action: shutdown_client | result: success | client_id: 1"
)

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
		{"echo in read", "echo", "half a message", syscall.SIGTERM, []string{serverDown}},
		{"lottery in accept", "lottery", "-", syscall.SIGTERM, []string{signalTERM, socket, storage, serverDown}},
		{"lottery before HELLO", "lottery", "", syscall.SIGTERM, []string{storage, serverDown}},
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
				p.wait("action: accept_connections | result: success | ip: 127.0.0.1")
			}
			p.stop(tt.signal, tt.want...)
			all := strings.Join(p.seen, "\n")
			for _, line := range []string{socket, serverDown} {
				if strings.Count(all, line) != 1 {
					t.Errorf("want one %q in\n%s", line, all)
				}
			}
			if tt.connect != "-" && strings.Count(all, connection) != 1 {
				t.Errorf("the connection is not closed once:\n%s", all)
			}
			if strings.Index(all, "receive_signal") > strings.Index(all, "close_server_socket") {
				t.Errorf("the signal comes first:\n%s", all)
			}
		})
	}
}

func TestClientStops(t *testing.T) {
	server := start(t, "server", nil, "SERVER_PORT=0")
	server.wait("accept_connections")
	port := freePort(t)
	echo := start(t, "server", nil, fmt.Sprintf("SERVER_PORT=%d", port))
	echo.wait("accept_connections")
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, tt := range []struct {
		name, address, mode, until string
	}{
		{"echo in sleep", fmt.Sprintf("127.0.0.1:%d", port), "echo", "action: receive_message | result: success"},
		{"echo in connect", fmt.Sprintf("127.0.0.1:%d", freePort(t)), "echo", "action: connect | result: in_progress"},
		{"echo in read", silent.Addr().String(), "echo", "action: config"},
		{"lottery in connect", fmt.Sprintf("127.0.0.1:%d", freePort(t)), "bet", "action: connect | result: in_progress"},
		{"lottery in read", silent.Addr().String(), "bet", "action: config"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := start(t, "client", nil, "CLI_ID=1", "CLI_SERVER_ADDRESS="+tt.address, "CLI_MODE="+tt.mode, "CLI_LOOP_PERIOD=1m",
				"NOMBRE=a", "APELLIDO=b", "DOCUMENTO=1", "NACIMIENTO=2000-01-01", "NUMERO=1")
			p.wait(tt.until)
			p.stop(syscall.SIGTERM, clientDown)
			if strings.Contains(strings.Join(p.seen, "\n"), "result: fail") {
				t.Errorf("a stop is no failure:\n%s", strings.Join(p.seen, "\n"))
			}
		})
	}
}

func TestLingerEndsWithASignal(t *testing.T) {
	port := freePort(t)
	start(t, "server", nil, fmt.Sprintf("SERVER_PORT=%d", port)).wait("accept_connections")
	p := start(t, "client", nil, "CLI_ID=1", fmt.Sprintf("CLI_SERVER_ADDRESS=127.0.0.1:%d", port), "CLI_LOOP_AMOUNT=1", "CLI_LOOP_PERIOD=0s", "CLI_LINGER=1m")
	p.wait("action: loop_finished | result: success | client_id: 1")
	p.stop(syscall.SIGTERM, signalTERM, clientDown)
}

func TestConfigurationLines(t *testing.T) {
	port := freePort(t)
	s := start(t, "server", map[string]string{"config.ini": fmt.Sprintf("[DEFAULT]\nSERVER_PORT = %d\nSERVER_LISTEN_BACKLOG = 8\nLOGGING_LEVEL = DEBUG\nSERVER_PROT = 1", port)})
	s.wait(fmt.Sprintf("DEBUG    action: config | result: success | port: %d | listen_backlog: 8 | logging_level: DEBUG", port))
	s.wait("WARNING  action: config_key | result: success | warning: unknown key SERVER_PROT in config.ini:5, did you mean SERVER_PORT?")
	c := start(t, "client", map[string]string{"config.yaml": fmt.Sprintf("server: {address: \"127.0.0.1:%d\"}\nloop: {amount: 1, period: 100ms}\nlog: {level: debug}", port)}, "CLI_ID=2")
	c.wait(fmt.Sprintf("INFO     action: config | result: success | client_id: 2 | server_address: 127.0.0.1:%d | loop_amount: 1 | loop_period: 100ms | log_level: DEBUG", port))
	if _, code := c.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.wait("INFO     action: receive_message | result: success | ip: 127.0.0.1 | msg: [CLIENT 2] Message N°1")
}

func TestWrongConfiguration(t *testing.T) {
	for _, tt := range []struct {
		role    string
		file    map[string]string
		environ []string
		want    []string
	}{
		{"client", map[string]string{"config.yaml": "loop:\n  amount: x"}, []string{"CLI_LOG_LEVEL=y"}, []string{
			"CRITICAL action: config | result: fail | error: CLI_ID is not set: want the client's number, from 1",
			`CRITICAL action: config | result: fail | error: CLI_LOOP_AMOUNT="x" from config.yaml:2: want a whole number`,
			`CRITICAL action: config | result: fail | error: CLI_LOG_LEVEL="y" from environment: unknown level "y": have DEBUG, INFO, WARNING, ERROR, CRITICAL`,
		}},
		{"client", nil, []string{"CLI_ID=1", "CLI_MODE=bet", "NOMBRE=a", "APELLIDO=b", "DOCUMENTO=1", "NACIMIENTO=2000-01-01"}, []string{
			"CRITICAL action: config | result: fail | error: NUMERO is not set",
		}},
		{"server", map[string]string{"config.ini": "nonsense"}, nil, []string{"CRITICAL action: config | result: fail | error: config.ini:1: want `KEY = value`"}},
	} {
		lines, code := start(t, tt.role, tt.file, tt.environ...).end()
		if code != 1 || len(lines) != len(tt.want) {
			t.Errorf("exit code %d, lines\n%s", code, strings.Join(lines, "\n"))
			continue
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("got %s\nwant %s", lines[i], want)
			}
		}
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	lines, code := start(t, "server", nil, fmt.Sprintf("SERVER_PORT=%d", l.Addr().(*net.TCPAddr).Port)).end()
	if all := strings.Join(lines, "\n"); code != 1 || strings.Count(all, "result: fail") != 1 || !strings.Contains(all, "address already in use") {
		t.Errorf("exit code %d, lines\n%s", code, all)
	}
}
