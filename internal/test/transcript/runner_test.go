//go:build unix

// Package transcript tests the pages of the project: it runs the commands that a
// page shows and compares what they print with what the page shows of it.
package transcript

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// command is a command of a page and the lines of its output that the page shows.
type command struct {
	line   int // of the page, from 1
	text   string
	output []string // "…" stands for lines that are left out
}

// block is a fenced block whose language is console or sh. In a console block, "$ "
// begins a command and other lines are output; in an sh block, every line is a
// command.
type block []command

func blocks(page string) []block {
	var found []block
	language := "" // of the open block
	number := 0
	for line := range strings.Lines(page) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if fence, ok := strings.CutPrefix(line, "```"); ok {
			language, _, _ = strings.Cut(fence, " ")
			if language == "console" || language == "sh" {
				found = append(found, nil)
			}
			continue
		}
		text, prompted := strings.CutPrefix(line, "$ ")
		switch {
		case language == "console" && prompted, language == "sh" && line != "":
			last := &found[len(found)-1]
			*last = append(*last, command{line: number, text: text})
		case language == "console" && len(found[len(found)-1]) > 0:
			b := found[len(found)-1]
			b[len(b)-1].output = append(b[len(b)-1].output, line)
		}
	}
	return found
}

var dockerPattern = regexp.MustCompile(`\bdocker\b|validar-echo-server|verify .*--repo`)

// needsDocker reports whether a command of the block starts containers or builds
// images. The name of a Compose file does not count.
func (b block) needsDocker() bool {
	return slices.ContainsFunc(b, func(c command) bool {
		return dockerPattern.MatchString(strings.ReplaceAll(c.text, "docker-compose-dev.yaml", ""))
	})
}

// follows reports whether the command runs until it is interrupted.
func (c command) follows() bool {
	return strings.Contains(c.text, "logs -f") || strings.Contains(c.text, "docker-compose-logs")
}

// varying lists parts of output lines that differ from run to run: times, an
// address in the lab's network, and the width to which Compose pads names.
var varying = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\r|\x1b\[[0-9;]*[A-Za-z]`), ""},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`in \d+\.\ds`), "in a while"},
	{regexp.MustCompile(`composer (\(devel\)|v\d[^ )]*)`), "composer VERSION"},
	{regexp.MustCompile(`172\.25\.125\.\d+`), "ADDRESS"},
	{regexp.MustCompile(`^(\S+) +\| `), "$1 | "},
}

func normal(line string) string {
	for _, v := range varying {
		line = v.pattern.ReplaceAllString(line, v.instead)
	}
	return strings.TrimRight(line, " ")
}

// missing returns the lines of the page that are not in the output.
func (c command) missing(output string) []string {
	have := map[string]bool{}
	for line := range strings.Lines(output) {
		have[normal(strings.TrimSuffix(line, "\n"))] = true
	}
	return slices.DeleteFunc(slices.Clone(c.output), func(line string) bool { return line == "…" || have[normal(line)] })
}

// whole reports whether the page shows every line of the output.
func (c command) whole() bool {
	return len(c.output) > 0 && !c.follows() && !slices.Contains(c.output, "…")
}

// shell runs commands with bash, one after another. Each command begins in the
// directory in which the command before it ended.
type shell struct {
	dir    string
	env    []string
	limit  time.Duration     // of each command
	watch  time.Duration     // for how long a command that follows runs if the page shows no output
	before map[string]string // commands to run before those of the page with this prefix
}

// runPage runs the blocks of a page that need Docker, or the other ones, each from
// dir. A page without such a block is an error.
func (s *shell) runPage(ctx context.Context, dir, page string, docker bool) error {
	ran := 0
	for _, b := range blocks(page) {
		if b.needsDocker() != docker {
			continue
		}
		s.dir = dir
		for _, c := range b {
			for prefix, first := range s.before {
				if strings.HasPrefix(c.text, prefix) {
					if err := s.run(ctx, command{line: c.line, text: first}); err != nil {
						return err
					}
				}
			}
			if err := s.run(ctx, c); err != nil {
				return err
			}
			ran++
		}
	}
	if ran == 0 {
		return fmt.Errorf("the page has no such command (docker: %v)", docker)
	}
	return nil
}

var testsPattern = regexp.MustCompile(`^make (test|check|race|ci|lint|portable|fmt|fuzz|e2e|golden|browser|bench\S*)\b`)

// withoutTests replaces a target of make that runs the project's tests, of which
// this is one, by a dry run.
func withoutTests(text string) string { return testsPattern.ReplaceAllString(text, "make -n $1") }

// run runs a command. The error says that it failed or that its output differs:
// every line of the page must be in the output, in any order, because containers
// write in any order; and the output has no other lines if the page leaves none
// out. A command that follows is interrupted when the lines are there.
func (s *shell) run(ctx context.Context, c command) error {
	var stdout, stderr buffer
	err := s.exec(ctx, c, withoutTests(c.text), &stdout, &stderr)
	missing := c.missing(stdout.String())
	if lines := strings.Count(strings.TrimSuffix(stdout.String(), "\n"), "\n") + 1; err == nil && len(missing) == 0 && c.whole() && lines != len(c.output) {
		err = fmt.Errorf("the output has %d lines, and the page %d", lines, len(c.output))
	}
	if err == nil && len(missing) > 0 || errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(err, fmt.Errorf("there is no %q", missing))
	}
	if err != nil {
		return fmt.Errorf("line %d: %s: %w\n%s%s", c.line, c.text, err, stderr.String(), stdout.String())
	}
	return nil
}

// exec runs a line of bash and keeps the directory in which it ends.
func (s *shell) exec(ctx context.Context, c command, line string, stdout, stderr *buffer) error {
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	end, err := os.CreateTemp("", "transcript-*")
	if err != nil {
		return err
	}
	defer os.Remove(end.Name())
	defer end.Close()
	cmd := exec.CommandContext(ctx, "bash", "-c", line+"\ncode=$?; pwd >\"$TRANSCRIPT_END\"; exit $code")
	cmd.Dir, cmd.Env = s.dir, slices.Concat(s.env, []string{"TRANSCRIPT_END=" + end.Name()})
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if c.follows() {
		err = s.follow(c, stdout, cmd.Process.Pid, ended)
	} else {
		err = <-ended
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if dir, readErr := os.ReadFile(end.Name()); readErr == nil && len(dir) > 0 {
		s.dir = strings.TrimSpace(string(dir))
	}
	return err
}

// follow interrupts a process group as soon as every line of the page is there. It
// returns the error of a command that ends before.
func (s *shell) follow(c command, stdout *buffer, group int, ended <-chan error) error {
	began := time.Now()
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		select {
		case err := <-ended:
			tick.Stop()
			return err
		case <-tick.C:
		}
		if len(c.missing(stdout.String())) > 0 || len(c.output) == 0 && time.Since(began) < s.watch {
			continue
		}
		tick.Stop()
		err := syscall.Kill(-group, syscall.SIGINT)
		code := <-ended
		if errors.Is(err, syscall.ESRCH) {
			return code // it ended by itself meanwhile
		}
		return err
	}
}

// buffer is a bytes.Buffer that may be read while it is written.
type buffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// record runs the commands of a page's console blocks and returns the page with all
// that they print, on stderr too, and with their exit codes that are not 0.
func (s *shell) record(t *testing.T, page string) string {
	t.Helper()
	lines := strings.Split(page, "\n")
	var recorded []string
	next := 0 // line that is not copied yet
	for _, c := range slices.Concat(blocks(page)...) {
		recorded = append(recorded, lines[next:c.line]...)
		next = c.line + len(c.output)
		var out buffer
		err := s.exec(t.Context(), c, c.text, &out, &out)
		if out.String() != "" {
			recorded = append(recorded, strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")...)
		}
		if exited := new(exec.ExitError); errors.As(err, &exited) {
			recorded = append(recorded, fmt.Sprintf("(exit code %d)", exited.ExitCode()))
		} else if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
	}
	return strings.Join(append(recorded, lines[next:]...), "\n")
}

// checkout makes a git repository in a new directory. Its one commit, on main,
// holds the work tree of this project as it is now, committed or not.
func checkout(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "checkout")
	const script = `git init -q -b main "$1"
git ls-files -z --cached --others --exclude-standard --deduplicate |
  tar --create --null --files-from - --ignore-failed-read 2>/dev/null | tar --extract --directory "$1"
cd "$1"
git config user.name 'The Lab'
git config user.email lab@example.com
git add -A
git commit -q --no-gpg-sign -m 'the project'`
	c := exec.Command("bash", "-euc", script, "checkout", dir)
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("make a checkout: %v\n%s", err, out)
	}
	return dir
}
