package cli

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// interrupted runs a command line whose input is text, and then nothing more if end is true, or else a silence. It sends a
// signal once the text is read, and returns the exit code, the output and how long the program went on.
func interrupted(t *testing.T, args, text string, end bool, signal syscall.Signal) (code int, output string, after time.Duration) {
	t.Helper()
	in, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	defer to.Close()
	c := exec.CommandContext(t.Context(), "composer", strings.Fields(args)...)
	var out bytes.Buffer
	c.Dir, c.Stdin, c.Stdout, c.Stderr = t.TempDir(), in, &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := to.WriteString(text); err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		left, err := unix.IoctlGetInt(int(in.Fd()), unix.TIOCINQ)
		if err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break // the program has read it, so it is prepared for signals
		}
		if time.Now().After(limit) {
			t.Fatal("the program does not read")
		}
	}
	if end {
		_ = to.Close()
	}
	begin := time.Now()
	if err := c.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	hangs := time.AfterFunc(30*time.Second, func() { _ = c.Process.Kill() })
	defer hangs.Stop()
	_ = c.Wait() // the exit code says it
	return c.ProcessState.ExitCode(), out.String(), time.Since(begin)
}

// stopWithin is the promise, and time for a busy machine.
const stopWithin = 2*time.Second + 8*time.Second

// A signal ends a command that waits for its input, and one that is inside of a library.
func TestSignals(t *testing.T) {
	var large strings.Builder // most of it is read by compose-go, for seconds
	large.WriteString("services:\n")
	for i := range 4000 {
		large.WriteString("  s" + strconv.Itoa(i) + ": {image: x, labels: {a: b, c: d}, ports: [\"80\"], environment: {A: b}}\n")
	}
	for _, tt := range []struct {
		args, text string
		end        bool
	}{
		{"lint -", "services:\n", false},
		{"graph -f -", "services:\n", false},
		{"diff - ej1", "services:\n", false},
		{"run -f -", "services:\n", false},
		{"render --values -", "project: x\n", false},
		{"values --values -", "project: x\n", false},
		{"data check -", "a,b,1,2000-01-01,1\n", false},
		{"config check -s client -", "id: 1\n", false},
		{"lint -", large.String(), true},
		{"graph -f -", large.String(), true},
		{"diff - ej1", large.String(), true},
		{"run -f -", large.String(), true},
	} {
		for signal, want := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
			t.Run(tt.args+" "+signal.String(), func(t *testing.T) {
				t.Parallel()
				code, output, after := interrupted(t, tt.args, tt.text, tt.end, signal)
				if after > stopWithin {
					t.Errorf("it went on for %v", after)
				}
				if code != want && !tt.end { // or it was ready before the signal came
					t.Errorf("exit code %d, want %d\n%s", code, want, output)
				}
				if strings.Contains(output, "goroutine") {
					t.Error(output)
				}
			})
		}
	}
}
