//go:build e2e

package transcript

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The pages show what people type, so these tests use the lab's own names, of
// project, images and containers.

// TestDockerBranches runs, on each branch of a delivery, every command of its README that
// needs Docker, on a machine without Go. One clone goes from branch to branch,
// with what was generated before lying about.
func TestDockerBranches(t *testing.T) {
	delivered := filepath.Join(t.TempDir(), "delivered")
	stages := deliverTo(t, checkout(t), delivered)
	clone := filepath.Join(t.TempDir(), "clone")
	if out, err := exec.Command("git", "clone", "-q", delivered, clone).CombinedOutput(); err != nil {
		t.Fatalf("clone: %v\n%s", err, out)
	}
	sh := labShell(t, clone)
	sh.env = withoutGo(t)
	for _, s := range stages {
		t.Run(s.Name, func(t *testing.T) {
			for _, text := range []string{"git switch -q " + s.Name, "rm -rf bin", "bash generar-compose.sh docker-compose-dev.yaml 3"} {
				if err := sh.run(t.Context(), command{text: text}); err != nil {
					t.Fatal(err)
				}
			}
			runDockerPage(t, sh, filepath.Join(clone, "README.md"))
			err := sh.run(t.Context(), command{text: "git status --porcelain | sed 's/^/dirty: /' | (! grep dirty)"})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestDockerPages runs the commands of docs/lab.md and docs/verify.md that need
// Docker. A delivered branch has a README that goes from branch to branch.
func TestDockerPages(t *testing.T) {
	dir := checkout(t)
	deliverTo(t, dir, "")
	sh := labShell(t, dir)
	sh.before = map[string]string{
		"./validar-echo-server.sh": "docker compose -f docker-compose-dev.yaml up -d", // "with an echo stage running"
	}
	for _, name := range []string{"lab.md", "verify.md"} {
		page := filepath.Join(dir, name) // where the paths of both hold
		if err := os.Rename(filepath.Join(dir, "docs", name), page); err != nil {
			t.Fatal(err)
		}
		runDockerPage(t, sh, page)
		sh.before = nil
	}
}

// A lab that was started with more clients than its file has now is taken down
// whole: a container that stays behind would keep the next lab from starting.
func TestDockerDownTakesAllDown(t *testing.T) {
	sh := labShell(t, checkout(t))
	for _, text := range []string{
		"COMPOSER_STAGE=ej1 ./generar-compose.sh docker-compose-dev.yaml 2 && make docker-compose-up",
		"COMPOSER_STAGE=ej1 ./generar-compose.sh docker-compose-dev.yaml 1",
		"make docker-compose-down GRACE=2",
	} {
		if err := sh.run(t.Context(), command{text: text}); err != nil {
			t.Fatal(err)
		}
	}
	left := command{text: "docker ps -aq --filter label=com.docker.compose.project=tp0 | wc -l", output: []string{"0"}}
	if err := sh.run(t.Context(), left); err != nil {
		t.Error(err)
	}
}

// runDockerPage runs the blocks of a page that need Docker, in its directory.
func runDockerPage(t *testing.T, sh *shell, page string) {
	t.Helper()
	if err := sh.runPage(t.Context(), filepath.Dir(page), read(t, page), true); err != nil {
		t.Fatalf("%s: %v", filepath.Base(page), err)
	}
}

// labShell returns a shell in dir and sees to it that the lab is free before and
// gone after.
func labShell(t *testing.T, dir string) *shell {
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
	return &shell{dir: dir, env: os.Environ(), limit: 3 * time.Minute, watch: 2 * time.Second}
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
