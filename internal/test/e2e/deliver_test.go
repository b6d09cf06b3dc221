//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/deliver"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/test/transcript"
	"github.com/tp0-lab/composer/templates"
)

// The pages show what people type, so these tests use the lab's own names, of
// project, images and containers. internal/test/transcript runs what needs no Docker.

// TestDeliveredBranches runs, on each branch of a delivery, every command of its README that
// needs Docker, on a machine without Go. One clone goes from branch to branch,
// with what was generated before lying about.
func TestDeliveredBranches(t *testing.T) {
	delivered := filepath.Join(t.TempDir(), "delivered")
	stages := deliverTo(t, checkout(t), delivered)
	clone := filepath.Join(t.TempDir(), "clone")
	if out, err := exec.Command("git", "clone", "-q", delivered, clone).CombinedOutput(); err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	shell := labShell(t, clone)
	shell.Env = withoutGo(t)
	for _, s := range stages {
		t.Run(s.Name, func(t *testing.T) {
			for _, text := range []string{"git switch -q " + s.Name, "rm -rf bin", "bash generar-compose.sh docker-compose-dev.yaml 3"} {
				if err := shell.Run(t.Context(), transcript.Command{Text: text}); err != nil {
					t.Fatal(err)
				}
			}
			runPage(t, shell, filepath.Join(clone, "README.md"))
			err := shell.Run(t.Context(), transcript.Command{Text: "git status --porcelain | sed 's/^/dirty: /' | (! grep dirty)"})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReadmeWithDocker runs the commands of the project's README that need
// Docker. A delivered branch has another README, which goes from branch to branch.
func TestReadmeWithDocker(t *testing.T) {
	dir := checkout(t)
	deliverTo(t, dir, "")
	shell := labShell(t, dir)
	shell.Before = map[string]string{
		"./validar-echo-server.sh": "docker compose -f docker-compose-dev.yaml up -d", // "with an echo stage running"
	}
	runPage(t, shell, filepath.Join(dir, "README.md"))
	shell.Before = nil
	page := filepath.Join(dir, "verify.md") // where the others' paths hold, too
	if err := os.Rename(filepath.Join(dir, "docs/verify.md"), page); err != nil {
		t.Fatal(err)
	}
	runPage(t, shell, page)
}

// A lab that was started with more clients than its file has now is taken down
// whole: a container that stays behind would keep the next lab from starting.
func TestDownTakesAllDown(t *testing.T) {
	shell := labShell(t, checkout(t))
	for _, text := range []string{
		"COMPOSER_STAGE=ej1 ./generar-compose.sh docker-compose-dev.yaml 2 && make docker-compose-up",
		"COMPOSER_STAGE=ej1 ./generar-compose.sh docker-compose-dev.yaml 1",
		"make docker-compose-down GRACE=2",
	} {
		if err := shell.Run(t.Context(), transcript.Command{Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	left := transcript.Command{Text: "docker ps -aq --filter label=com.docker.compose.project=tp0 | wc -l", Output: []string{"0"}}
	if err := shell.Run(t.Context(), left); err != nil {
		t.Error(err)
	}
}

// runPage runs the blocks of a page that need Docker, in its directory.
func runPage(t *testing.T, shell *transcript.Shell, page string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.RunPage(t.Context(), filepath.Dir(page), string(text), true); err != nil {
		t.Fatalf("%s: %v", filepath.Base(page), err)
	}
}

// labShell returns a shell in dir and sees to it that the lab is free before and
// gone after.
func labShell(t *testing.T, dir string) *transcript.Shell {
	t.Helper()
	names, err := exec.Command("docker", "ps", "-a", "--format", "{{.Names}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	if slices.Contains(strings.Fields(string(names)), "server") {
		t.Fatal("there is a container called server: this test needs that name")
	}
	t.Cleanup(func() {
		down := exec.Command("docker", "compose", "-p", "tp0", "down", "-t", "1", "--remove-orphans")
		down.Dir = t.TempDir() // without a file: all that belongs to the project
		if out, err := down.CombinedOutput(); err != nil {
			t.Errorf("take the lab down: %v\n%s", err, out)
		}
	})
	return &transcript.Shell{Dir: dir, Env: os.Environ(), Limit: 3 * time.Minute, Watch: 2 * time.Second}
}

// withoutGo returns the environment without the folders of PATH that have Go.
func withoutGo(t *testing.T) []string {
	t.Helper()
	var path []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(dir, "go")); err != nil {
			path = append(path, dir)
		}
	}
	return append(os.Environ(), "PATH="+strings.Join(path, string(os.PathListSeparator)))
}

// checkout returns a repository of what the work tree holds now.
func checkout(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "checkout")
	if err := transcript.Checkout(t.Context(), root, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func deliverTo(t *testing.T, dir, repo string) []deliver.Stage {
	t.Helper()
	b, err := bundle.Open(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	o := deliver.Options{Dir: dir, Repo: repo}
	for _, s := range b.Stages {
		o.Stages = append(o.Stages, deliver.Stage{Name: s.Name, Summary: s.Summary})
	}
	d, err := deliver.Plan(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	return o.Stages
}
