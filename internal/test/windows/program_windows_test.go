// Package windows tests the program on Windows, with its paths, line ends, processes and consoles. On another system
// `make e2e-windows` runs these tests under Wine.
package windows

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/windows"

	"github.com/tp0-lab/composer/internal/cli"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/local"
)

// composerVariable has the test binary be composer.
const composerVariable = "WINDOWS_TEST_COMPOSER"

func TestMain(m *testing.M) {
	if os.Getenv(composerVariable) != "" || len(os.Args) > 1 && os.Args[1] == local.Argument {
		os.Exit(cli.Process())
	}
	os.Exit(m.Run())
}

// directory is a working directory of a test, and the directory of temporary files of its commands.
type directory struct {
	t         *testing.T
	dir, temp string
}

func newDirectory(t *testing.T, content map[string]string) directory {
	t.Helper()
	// Not t.TempDir: Wine cannot remove by handle, as its end does.
	top, err := os.MkdirTemp("", "windows-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := files.RemoveAll(top); err != nil {
			t.Error(err)
		}
	})
	d := directory{t, filepath.Join(top, "work"), filepath.Join(top, "temp")}
	if err := errors.Join(os.Mkdir(d.dir, 0o755), os.Mkdir(d.temp, 0o755)); err != nil {
		t.Fatal(err)
	}
	for name, text := range content {
		d.write(name, text)
	}
	return d
}

func (d directory) write(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		d.t.Fatal(err)
	}
}

func (d directory) command(arguments ...string) *exec.Cmd {
	d.t.Helper()
	self, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	c := exec.Command(self, arguments...)
	c.Dir, c.Env = d.dir, append(os.Environ(), composerVariable+"=1", "TMP="+d.temp, "TEMP="+d.temp)
	return c
}

// run runs composer and returns what it prints. It fails the test for another exit code.
func (d directory) run(code int, arguments ...string) (stdout, stderr string) {
	d.t.Helper()
	c := d.command(arguments...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); c.ProcessState == nil || c.ProcessState.ExitCode() != code {
		d.t.Fatalf("composer %s: %v, want exit code %d\n%s%s", strings.Join(arguments, " "), err, code, &out, &errs)
	}
	return out.String(), errs.String()
}

// empty fails the test if commands left temporary files.
func (d directory) empty() {
	d.t.Helper()
	left, err := os.ReadDir(d.temp)
	if err != nil || len(left) > 0 {
		d.t.Errorf("left in the directory of temporary files: %v, %v", left, err)
	}
}

// emptied waits until the temporary files of a killed command are gone.
func (d directory) emptied() {
	d.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		left, err := os.ReadDir(d.temp)
		if err == nil && len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("left: %v, %v", left, err)
		}
	}
}

// Backslashes, drive letters, CRLF.
func TestPaths(t *testing.T) {
	d := newDirectory(t, nil)
	d.run(0, "render", "--stage", "ej2", "-n", "2", "-o", `sub.yaml`)
	drive := filepath.Join(d.dir, "drive.yaml")
	if filepath.VolumeName(drive) == "" {
		t.Fatalf("%s has no drive", drive)
	}
	d.run(0, "render", "--stage", "ej2", "-n", "2", "-o", drive)
	d.run(0, "render", "--stage", "ej2", "-n", "2", "--check", "-o", `.\drive.yaml`)
	d.run(1, "render", "--stage", "ej2", "-n", "3", "--check", "-o", `.\drive.yaml`)
	d.run(0, "init", `.\bundle`)
	plain, _ := d.run(0, "render", "--bundle", `.\bundle`)
	all, err := filepath.Glob(filepath.Join(d.dir, "bundle", "*"))
	if err != nil || len(all) < 3 {
		t.Fatal(all, err)
	}
	for _, file := range all {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crlf := bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		if err := os.WriteFile(file, crlf, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	lines, _ := d.run(0, "render", "--bundle", filepath.Join(d.dir, "bundle"))
	if got, want := body(lines), body(plain); got != want {
		t.Errorf("templates with CRLF render\n%q, want\n%q", got, want)
	}
	text, err := os.ReadFile(drive)
	if err != nil {
		t.Fatal(err)
	}
	d.write("crlf.yaml", strings.ReplaceAll(string(text), "\n", "\r\n"))
	d.run(0, "lint", `.\crlf.yaml`, drive)
	d.write("bad.yaml", "services:\r\n  a:\r\n    imgae: x\r\n")
	if out, _ := d.run(1, "lint", drive, `.\bad.yaml`); !strings.Contains(out, `bad.yaml:3:5`) {
		t.Errorf("lint prints %q", out)
	}
	d.run(0, "diff", "--normalize", "--exit-code", `.\crlf.yaml`, drive)
	d.run(0, "graph", "-f", `.\crlf.yaml`, "--format", "svg", "-o", `.\graph.svg`)
	d.empty()
}

// body is a document without its first line, which names the command, and with plain line ends.
func body(document string) string {
	_, rest, _ := strings.Cut(strings.ReplaceAll(document, "\r\n", "\n"), "\n")
	return rest
}

func TestConfigAndData(t *testing.T) {
	d := newDirectory(t, map[string]string{
		`services\server\config.ini`: "[DEFAULT]\r\nSERVER_PORT = 12345\r\n",
		`names.csv`:                  "",
	})
	d.run(0, "config", "check", `services\server\config.ini`)
	d.run(0, "config", "show", "--service", "server")
	d.run(0, "data", "generate", "-n", "2", "--bets", "10", "-o", `data`)
	d.run(0, "data", "check", `data\agency-1.csv`, filepath.Join(d.dir, "data", "agency-2.csv"))
	d.write("crlf.csv", "\ufeffAna,Paz,30904465,2000-01-02,7574\r\nEva,\"Díaz, h.\",30904466,2000-01-02,7\r\n")
	if out, _ := d.run(0, "data", "check", `.\crlf.csv`); !strings.Contains(out, "2 bets, 1 winner") {
		t.Errorf("data check prints %q", out)
	}
	d.empty()
}

// A run of five agencies; mounts are given with backslashes and drive letters.
func TestRun(t *testing.T) {
	d := newDirectory(t, map[string]string{"quick.yaml": "loop:\r\n  amount: 2\r\n  period: 1ms\r\n"})
	out, _ := d.run(0, "run", "--stage", "ej8", "-n", "5", "--set", "client.linger=0s", "--json")
	var sum local.Summary
	if err := json.Unmarshal([]byte(out), &sum); err != nil || !sum.OK || sum.Bets != 5000 || sum.Winners != 9 {
		t.Errorf("%v: %s", err, out)
	}
	d.write("compose.yaml", `services:
  server: {image: server}
  client1: {image: client, depends_on: [server], environment: {CLI_ID: 1}, volumes: ['.\quick.yaml:/config.yaml']}
  client2:
    image: client
    depends_on: [server]
    environment: {CLI_ID: 2}
    volumes: [{type: bind, source: '`+filepath.Join(d.dir, "quick.yaml")+`', target: /config.yaml}]
`)
	out, stderr := d.run(0, "run", "-f", `.\compose.yaml`, "--json")
	sum = local.Summary{}
	if err := json.Unmarshal([]byte(out), &sum); err != nil || !sum.OK || len(sum.Services) != 3 || sum.Services[1].Messages != 2 || sum.Services[2].Messages != 2 {
		t.Errorf("%v: %s\n%s", err, out, stderr)
	}
	d.empty()
}

func TestVerify(t *testing.T) {
	d := newDirectory(t, nil)
	out, _ := d.run(0, "verify", "--engine", "local", "--stage", "ej8")
	if !strings.Contains(out, " 0 failed, 0 skipped") {
		t.Errorf("verify prints\n%s", out)
	}
	d.empty()
}

// begin starts a run that goes on until it is stopped, and returns when it is at work.
func (d directory) begin(group uint32) (*exec.Cmd, *bufio.Reader) {
	d.t.Helper()
	c := d.command("run", "--stage", "ej1", "-n", "2")
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: group}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		d.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	d.t.Cleanup(func() { // a test that ended early leaves services, which hold the directory
		_ = c.Process.Kill()
		_, _ = io.Copy(io.Discard, lines)
		_ = c.Wait()
		d.emptied()
	})
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			d.t.Fatalf("the run ended early: %v", err)
		}
		if strings.Contains(line, "receive_message") {
			return c, lines
		}
	}
}

// Ctrl-C, here Ctrl-Break, stops the services gracefully.
func TestInterrupt(t *testing.T) {
	d := newDirectory(t, nil)
	c, lines := d.begin(syscall.CREATE_NEW_PROCESS_GROUP)
	if err := windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(c.Process.Pid)); err != nil {
		t.Skip("no console here: ", err)
	}
	stopped := 0
	for {
		line, err := lines.ReadString('\n')
		if strings.Contains(line, "shutdown_") {
			stopped++
		}
		if err != nil {
			break
		}
	}
	_ = c.Wait()
	if c.ProcessState.ExitCode() == 0 || stopped != 3 {
		t.Errorf("exit code %d, %d services ended gracefully", c.ProcessState.ExitCode(), stopped)
	}
	d.empty()
}

// Nothing is left after the end of a program that could do nothing about it.
func TestKill(t *testing.T) {
	d := newDirectory(t, nil)
	c, lines := d.begin(0)
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := lines.ReadString('\n'); err != nil { // the services hold the pipe no longer
			break
		}
	}
	_ = c.Wait()
	d.emptied()
}
