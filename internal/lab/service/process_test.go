package service_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// The test binary is the services as well: what runs is what main runs.
const roleVariable = "SERVICE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "server":
		os.Exit(service.Main(server.Run))
	case "client":
		os.Exit(service.Main(client.Run))
	case "stubborn":
		os.Exit(service.Main(stubborn))
	default:
		goleak.VerifyTestMain(m)
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
	p := prepare(t, role, files, environ...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		for range p.lines { // to its end
		}
		_ = p.cmd.Wait()
	})
	return p
}

// prepare makes a process that has not begun. A file whose text is "/" is a
// directory.
func prepare(t *testing.T, role string, files map[string]string, environ ...string) *process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command(self), lines: make(chan string, 1000)}
	p.cmd.Dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(p.cmd.Dir, name)
		if text == "/" {
			err = os.Mkdir(path, 0o755)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// The race detector would sleep for a second before it exits.
	p.cmd.Env = append([]string{roleVariable + "=" + role, "GORACE=atexit_sleep_ms=0"}, environ...)
	p.cmd.Stderr = os.Stderr
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

// stop sends the signal and returns all lines of the process, which ends well
// and soon.
func (p *process) stop(s syscall.Signal) []string {
	p.t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
	lines, code := p.end()
	if took := time.Since(began); took > time.Second {
		p.t.Errorf("took %v", took)
	}
	if code != 0 {
		p.t.Errorf("exit code %d", code)
	}
	return lines
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

func TestConfigurationLines(t *testing.T) {
	port := freePort(t)
	s := start(t, "server", map[string]string{"config.ini": fmt.Sprintf("[DEFAULT]\nSERVER_PORT = %d\nSERVER_LISTEN_BACKLOG = 8\nLOGGING_LEVEL = DEBUG\nSERVER_PROT = 1", port)})
	s.wait(fmt.Sprintf("DEBUG    action: config | result: success | port: %d | listen_backlog: 8 | logging_level: DEBUG", port))
	s.wait("WARNING  action: config_key | result: success | warning: config.ini:5:1: unknown key SERVER_PROT, did you mean SERVER_PORT?")
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
			`CRITICAL action: config | result: fail | error: config.yaml:2:11: loop.amount="x": want a whole number`,
			`CRITICAL action: config | result: fail | error: CLI_LOG_LEVEL="y" from environment: unknown level "y": have DEBUG, INFO, WARNING, ERROR, CRITICAL`,
		}},
		{"client", nil, []string{"CLI_ID=1", "CLI_MODE=bet", "NOMBRE=a", "APELLIDO=b", "DOCUMENTO=1", "NACIMIENTO=2000-01-01"}, []string{
			"CRITICAL action: config | result: fail | error: NUMERO is not set",
		}},
		{"server", nil, []string{"SERVER_LISTEN_BACKLOG=none", "LOGGING_LEVEL=CRITICAL", "SERVER_PORT=65536"}, []string{
			`CRITICAL action: config | result: fail | error: SERVER_PORT="65536" from environment: want a whole number, at most 65535`,
			`CRITICAL action: config | result: fail | error: SERVER_LISTEN_BACKLOG="none" from environment: want a whole number`,
		}},
		{"server", map[string]string{"config.ini": "[DEFAULT]\nSERVER_MODE = x | y\n"}, nil, []string{
			`CRITICAL action: config | result: fail | error: config.ini:2:15: SERVER_MODE="x \x7c y": want echo or lottery`,
		}},
		{"server", map[string]string{"config.ini": "/"}, nil, []string{"CRITICAL action: config | result: fail | error: config.ini is a directory"}},
		{"client", map[string]string{"config.yaml": "/"}, []string{"CLI_ID=1"}, []string{"CRITICAL action: config | result: fail | error: config.yaml is a directory"}},
		{"client", map[string]string{"config.yaml": "a: b: c"}, []string{"CLI_ID=1"}, []string{"CRITICAL action: config | result: fail | error: config.yaml:1:5: mapping values"}},
		{"server", map[string]string{"config.ini": "nonsense"}, nil, []string{"CRITICAL action: config | result: fail | error: config.ini:1:1: want `KEY = value`"}},
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

const recovered = "INFO     action: recover_storage | result: success | file: bets.csv | bets: 0 | agencies: 0 | finished: 0 | drawn: false"

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	want := fmt.Sprintf("ERROR    action: shutdown_server | result: fail | error: listen tcp :%d: bind: address already in use", port)
	for mode, before := range map[string][]string{"echo": nil, "lottery": {recovered, storage}} {
		lines, code := start(t, "server", nil, fmt.Sprintf("SERVER_PORT=%d", port), "SERVER_MODE="+mode).end()
		if all := strings.Join(lines, "\n"); code != 1 || all != strings.Join(append(before, want), "\n") {
			t.Errorf("exit code %d, lines\n%s", code, all)
		}
	}
}

// A service whose level is higher than a line's does not write it.
func TestLevels(t *testing.T) {
	port := freePort(t)
	s := start(t, "server", nil, fmt.Sprintf("SERVER_PORT=%d", port), "LOGGING_LEVEL=info")
	s.wait("action: accept_connections | result: in_progress")
	if len(s.seen) != 2 || !strings.Contains(s.seen[0], "action: listen") {
		t.Errorf("got\n%s", strings.Join(s.seen, "\n"))
	}
	lines, code := start(t, "client", nil, "CLI_ID=1", fmt.Sprintf("CLI_SERVER_ADDRESS=127.0.0.1:%d", port), "CLI_LOOP_AMOUNT=1", "CLI_LOOP_PERIOD=0s", "CLI_LOG_LEVEL=Warning", "CLI_LOOP_AMUONT=2").end()
	if want := "WARNING  action: config_key | result: success | warning: unknown key CLI_LOOP_AMUONT in the environment, did you mean CLI_LOOP_AMOUNT?"; code != 0 || len(lines) != 1 || lines[0] != want {
		t.Errorf("exit code %d, lines\n%s", code, strings.Join(lines, "\n"))
	}
}

func TestArguments(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self, "--help")
	c.Env = []string{roleVariable + "=server", "SERVER_PORT=0"}
	out, _ := c.CombinedOutput()
	if code := c.ProcessState.ExitCode(); code != 2 || !strings.Contains(string(out), `unexpected argument "--help"`) {
		t.Errorf("exit code %d: %s", code, out)
	}
}
