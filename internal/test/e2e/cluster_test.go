//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/dataset"
)

// cluster is an engine of several nodes that a script outside of the project starts on this machine.
type cluster struct {
	t        *testing.T
	script   string
	dir      string // of the script's state, and of the lab's files
	environ  []string
	composer string
	stack    string        // what docker stack deploy calls the lab, on Swarm
	explain  func() string // says how the cluster is, for a test that fails; may be nil
}

// newCluster skips the test where the script is missing. The script's state is named by variable.
func newCluster(t *testing.T, script, variable string) *cluster {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, "..", "shared", "tools", script))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("it needs a cluster, which ../shared/tools/%s starts where it exists", script)
	}
	if os.Getuid() != 0 {
		t.Skip("it needs root, to start nodes on this machine")
	}
	//nolint:usetesting // The script removes this directory itself, which has mounts.
	dir, err := os.MkdirTemp("", "composer-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, script: path, dir: dir, composer: filepath.Join(dir, "composer")}
	c.environ = append(os.Environ(), variable+"="+filepath.Join(dir, "state"))
	t.Cleanup(func() {
		c.endProcesses("")
		down := exec.Command(path, "down")
		down.Env = c.environ
		if out, err := down.CombinedOutput(); err != nil {
			t.Errorf("%s down: %v\n%s", script, err, out)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil { // containers of another user read it
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", c.composer, "./composer")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return c
}

// run runs a command, and returns its standard output.
func (c *cluster) run(stdin string, args ...string) string {
	c.t.Helper()
	out, err := c.try(stdin, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// try is run that returns an error. The longest command builds Kubernetes, on a machine with other work.
func (c *cluster) try(stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Env, command.Dir, command.Stdin = c.environ, root, strings.NewReader(stdin)
	var out, errors bytes.Buffer
	command.Stdout, command.Stderr = &out, &errors
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(args, " "), err, &out, &errors)
	}
	return out.String(), nil
}

// up starts the cluster, and takes over the variables that the script prints.
func (c *cluster) up(args ...string) {
	c.t.Helper()
	for line := range strings.Lines(c.run("", append([]string{c.script, "up"}, args...)...)) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if ok && strings.HasPrefix(line, "export ") {
			c.environ = append(c.environ, name+"="+os.Expand(value, os.Getenv))
		}
	}
	for _, variable := range c.environ { // exec looks for programs in this process's PATH
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			c.t.Setenv("PATH", path)
		}
	}
}

// render renders a stage with the images of these tests.
func (c *cluster) render(target, stage string, n int, more ...string) string {
	c.t.Helper()
	return c.run("", append([]string{
		c.composer, "render", "--target", target, "--stage", stage, "-n", strconv.Itoa(n),
		"--set", "server.image=" + serverImage, "--set", "client.image=" + clientImage,
		"--set", "cluster.agencies=" + filepath.Join(c.dir, "data", "agency-{id}.csv"),
		"--set", "cluster.bets=" + filepath.Join(c.dir, "bets"), "--set", "cluster.pull_policy=Never",
	}, more...)...)
}

// paced are flags for clients that take seconds to send a file.
func paced(period time.Duration) []string {
	return []string{"--set", `client.environment={CLI_MODE: lottery, CLI_BATCH_MAXAMOUNT: "10", CLI_BATCH_PERIOD: ` + period.String() + `}`}
}

// lottery makes the directories of the lab, with a file of so many bets for each agency.
func (c *cluster) lottery(agencies, bets, winners int) {
	c.t.Helper()
	for name, mode := range map[string]os.FileMode{"data": 0o755, "bets": 0o777} {
		if err := os.Mkdir(filepath.Join(c.dir, name), mode); err != nil {
			c.t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(c.dir, name), mode); err != nil {
			c.t.Fatal(err)
		}
	}
	for i := range agencies {
		var csv bytes.Buffer
		err := dataset.Generate(&csv, dataset.Options{Agency: uint32(i + 1), Bets: bets, Winners: winners, Seed: 1, Before: i * bets})
		if err == nil {
			err = os.WriteFile(c.agency(i+1), csv.Bytes(), 0o644)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *cluster) agency(id int) string {
	return filepath.Join(c.dir, "data", fmt.Sprintf("agency-%d.csv", id))
}

// stored returns the lines of bets.csv, each without its line end.
func (c *cluster) stored() []string {
	text, err := os.ReadFile(filepath.Join(c.dir, "bets", "bets.csv"))
	if err != nil {
		return nil // not yet
	}
	return linesOf(string(text))
}

func linesOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
}

// until waits until done reports true.
func (c *cluster) until(what string, limit time.Duration, done func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(limit); !done(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			now := ""
			if c.explain != nil {
				now = c.explain()
			}
			c.t.Fatalf("%s: not within %v, with %d bets stored\n%s", what, limit, len(c.stored()), now)
		}
	}
}

// checkBets checks that bets.csv has the bets of each agency, in their order, each once.
func (c *cluster) checkBets(agencies int) {
	c.t.Helper()
	got := map[string][]string{}
	for _, line := range c.stored() {
		id, bet, _ := strings.Cut(line, ",")
		got[id] = append(got[id], bet)
	}
	for i := range agencies {
		id := strconv.Itoa(i + 1)
		text, err := os.ReadFile(c.agency(i + 1))
		if err != nil {
			c.t.Fatal(err)
		}
		if want := linesOf(string(text)); !slices.Equal(got[id], want) {
			c.t.Errorf("agency %s: bets.csv has %d bets, and they are not the %d of its file", id, len(got[id]), len(want))
		}
		delete(got, id)
	}
	if len(got) > 0 {
		c.t.Errorf("bets.csv has bets of %d other agencies", len(got))
	}
}

// endProcesses kills what runs in containers whose file systems are below a folder of the script's state. The script does
// so, too, but passes over some of them while other processes of the machine come and go.
func (c *cluster) endProcesses(folder string) {
	below := filepath.Join(c.dir, "state", folder) + string(filepath.Separator)
	tables, err := filepath.Glob("/proc/[0-9]*/mountinfo")
	if err != nil {
		c.t.Error(err)
	}
	for _, table := range tables {
		content, err := os.ReadFile(table)
		if err != nil {
			continue // it has ended
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) < 5 || fields[4] != "/" || !strings.HasPrefix(fields[3], below) {
				continue
			}
			id, err := strconv.Atoi(filepath.Base(filepath.Dir(table)))
			if err == nil {
				_ = syscall.Kill(id, syscall.SIGKILL)
			}
		}
	}
}
