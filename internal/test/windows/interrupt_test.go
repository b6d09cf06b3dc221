//go:build linux && wine

package windows

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Wine hands SIGINT to a program as the Ctrl-C of its console. The services stop gracefully.
func TestInterruptUnderWine(t *testing.T) {
	wine, err := filepath.Abs("../../../.ci/wine")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "composer.exe")
	build := exec.Command("go", "build", "-o", program, "github.com/tp0-lab/composer/composer")
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	run := exec.Command(wine, program, "run", "--stage", "ej1", "-n", "2")
	run.Dir = t.TempDir()
	out, err := run.StdoutPipe()
	if err == nil {
		err = run.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	interrupted, stopped := false, 0
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "receive_message") && !interrupted {
			interrupted = true
			interrupt(t, program)
		}
		if strings.Contains(lines.Text(), "shutdown_") {
			stopped++
		}
	}
	_ = run.Wait() // the exit code says so
	if code := run.ProcessState.ExitCode(); code == 0 || stopped != 3 {
		t.Errorf("exit code %d, %d services stopped gracefully", code, stopped)
	}
}

// interrupt sends SIGINT to the process of `composer run`, and not to its services.
func interrupt(t *testing.T, program string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(text, []byte(program)) || !bytes.Contains(text, []byte("\x00--stage\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGINT)
		}
		if err != nil {
			t.Error(err)
		}
		return
	}
	t.Error("no process of composer run")
}
