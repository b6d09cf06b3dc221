package deliver

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestBranchesOfThisRepository(t *testing.T) {
	dir := project(t)
	source := strings.TrimSpace(run(t, dir, "rev-parse", "HEAD"))
	index, err := os.ReadFile(filepath.Join(dir, ".git", "index"))
	if err != nil {
		t.Fatal(err)
	}
	d := deliver(t, Options{Dir: filepath.Join(dir, "services", "server")})

	if d.Source != source || len(d.Dirty) != 0 {
		t.Errorf("source %s, want %s; dirty %v", d.Source, source, d.Dirty)
	}
	if got := remote(t, dir); got != d.listed() {
		t.Errorf("git ls-remote says\n%swant\n%s", got, d.listed())
	}
	run(t, dir, "fsck", "--full", "--strict")
	want := strings.Join([]string{
		"100644 .gitignore", "100644 .stage", "120000 PROTOCOL", "100644 README.md", "120000 client",
		"100644 docs/ejercicios.md", "100644 docs/protocol.md", "100755 generar-compose.sh", "120000 server",
		"100644 services/client/Dockerfile", "100644 services/server/config.ini", "100644 services/server/main.go", "",
	}, "\n")
	if got := run(t, dir, "ls-tree", "-r", "--format=%(objectmode) %(path)", "ej2"); got != want {
		t.Errorf("the tree of ej2: %s", cmp.Diff(want, got))
	}
	for file, want := range map[string]string{
		".stage": "ej2\n", ".gitignore": "/bin/\n", "client": "services/client", "server": "services/server",
	} {
		if got := run(t, dir, "show", "ej2:"+file); got != want {
			t.Errorf("%s of ej2 holds %q, want %q", file, got, want)
		}
	}
	const who = "Ana <ana@example.com> 2024-03-05T10:00:00-03:00"
	wantCommit := source + "\n" + who + "\n" + who + "\nej2: the second\n\nMade by: composer deliver\n\n"
	if got := run(t, dir, "show", "-s", "--format=%P%n%an <%ae> %aI%n%cn <%ce> %cI%n%B", "ej2"); got != wantCommit {
		t.Errorf("the commit of ej2: %s", cmp.Diff(wantCommit, got))
	}
	if got, err := os.ReadFile(filepath.Join(dir, ".git", "index")); err != nil || string(got) != string(index) {
		t.Errorf("the index has changed, error %v", err)
	}
	if status := run(t, dir, "status", "--porcelain", "--branch"); status != "## main\n" {
		t.Errorf("git status says %q", status)
	}
}

func TestASecondDeliveryChangesNothing(t *testing.T) {
	dir := project(t)
	for _, repo := range []string{"", filepath.Join(t.TempDir(), "new")} {
		first := deliver(t, Options{Dir: dir, Repo: repo})
		at := dir
		if repo != "" {
			at = repo
		}
		before := snapshot(t, at)
		second := deliver(t, Options{Dir: dir, Repo: repo})
		if len(first.Changes()) != 2 || len(second.Changes()) != 0 || first.listed() != second.listed() {
			t.Errorf("first %v, second %v", first.Branches, second.Branches)
		}
		used := cmpopts.IgnoreMapEntries(func(path, _ string) bool { return strings.HasSuffix(path, ".pack") }) // git notes the time
		if diff := cmp.Diff(before, snapshot(t, at), used); diff != "" {
			t.Errorf("the second delivery changed %s", diff)
		}
	}
}

// The same tree gives the same commits: in another clone, from a linked work
// tree, from a shallow clone, from one that borrows its objects, from a detached
// HEAD, after commits that change no file.
func TestTheSameTreeGivesTheSameCommits(t *testing.T) {
	dir := project(t)
	write(t, filepath.Join(dir, "more"), "more\n", 0o644)
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-q", "-m", "second")
	want := plan(t, Options{Dir: dir}).listed()

	around := t.TempDir()
	linked, clone, shallow, borrowing := filepath.Join(around, "l"), filepath.Join(around, "c"), filepath.Join(around, "s"), filepath.Join(around, "b")
	run(t, dir, "worktree", "add", "-q", "-b", "other", linked)
	run(t, dir, "clone", "-q", dir, clone)
	run(t, dir, "clone", "-q", "--depth", "1", "file://"+dir, shallow)
	run(t, dir, "clone", "-q", "--shared", dir, borrowing)
	run(t, clone, "commit", "-q", "--allow-empty", "-m", "no file")
	run(t, borrowing, "switch", "-q", "--detach")
	run(t, borrowing, "sparse-checkout", "set", "docs", "services") // an extension, and no file of the root's others
	for _, from := range []string{linked, clone, shallow, borrowing} {
		target := filepath.Join(t.TempDir(), "out")
		if got := deliver(t, Options{Dir: from, Repo: target}).listed(); got != want {
			t.Errorf("from %s:\n%swant\n%s", from, got, want)
		}
		if got := remote(t, target); got != want {
			t.Errorf("from %s, git ls-remote says\n%s", from, got)
		}
		run(t, target, "fsck", "--full", "--strict")
		run(t, target, "log", "--oneline", "ej1")
		deliver(t, Options{Dir: from})
		if got := remote(t, from); got != want {
			t.Errorf("in %s, git ls-remote says\n%s", from, got)
		}
	}
}

func TestANewRepository(t *testing.T) {
	dir := project(t)
	empty := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{filepath.Join(t.TempDir(), "new"), empty, link} {
		d := deliver(t, Options{Dir: dir, Repo: target})
		if got := remote(t, target); got != d.listed() {
			t.Errorf("git ls-remote says\n%swant\n%s", got, d.listed())
		}
		run(t, target, "fsck", "--full", "--strict")
		if status := run(t, target, "status", "--porcelain", "--branch"); status != "## main\n" {
			t.Errorf("git status says %q", status)
		}
		if head := strings.TrimSpace(run(t, target, "rev-parse", "main")); head != d.Source {
			t.Errorf("main is %s, want %s", head, d.Source)
		}
		clone := filepath.Join(t.TempDir(), "clone")
		run(t, dir, "clone", "-q", target, clone)
		run(t, clone, "switch", "-q", "ej2")
		if text, err := os.ReadFile(filepath.Join(clone, "server", "config.ini")); err != nil || string(text) != "[DEFAULT]\n" {
			t.Errorf("server/config.ini of a clone holds %q, error %v", text, err)
		}
		if info, err := os.Stat(filepath.Join(clone, "generar-compose.sh")); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("generar-compose.sh of a clone: %v, error %v", info.Mode(), err)
		}
		if left, _ := filepath.Glob(filepath.Join(filepath.Dir(target), ".deliver-*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

func TestABareRepository(t *testing.T) {
	dir, bare := project(t), t.TempDir()
	run(t, bare, "init", "-q", "--bare", "-b", "trunk")
	d := deliver(t, Options{Dir: dir, Repo: bare})
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, dir, "clone", "-q", bare, clone)
	if got := strings.TrimSpace(run(t, clone, "rev-parse", "trunk")); got != d.Source {
		t.Errorf("a clone is on %s, want %s", got, d.Source)
	}
	run(t, bare, "fsck", "--full", "--strict")

	// HEAD is a branch of the delivery: that one, and moving it moves nobody's files.
	run(t, bare, "symbolic-ref", "HEAD", "refs/heads/ej1")
	write(t, filepath.Join(dir, "more"), "more\n", 0o644)
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-q", "-m", "second")
	if err := plan(t, Options{Dir: dir, Repo: bare}).Write(t.Context(), true); err != nil {
		t.Error(err)
	}
}

// A repository that is there keeps what it has, and gets only what is missing.
func TestAnExistingRepository(t *testing.T) {
	dir := project(t)
	clone := filepath.Join(t.TempDir(), "clone")
	run(t, dir, "clone", "-q", dir, clone)
	write(t, filepath.Join(clone, "notes"), "mine\n", 0o644)
	d := deliver(t, Options{Dir: dir, Repo: clone, Prefix: "tp0/"})
	if got := run(t, clone, "ls-remote", ".", "refs/heads/tp0/*"); got != d.listed() {
		t.Errorf("git ls-remote says\n%swant\n%s", got, d.listed())
	}
	if status := run(t, clone, "status", "--porcelain"); status != "?? notes\n" {
		t.Errorf("git status says %q", status)
	}
	// Commit, root, README.md and .stage of each branch, and what they share: .gitignore, client and server.
	if made := run(t, clone, "count-objects", "-v"); !strings.Contains(made, "in-pack: 11\npacks: 1\n") {
		t.Errorf("want 11 new objects in a pack, git says\n%s", made)
	}
	run(t, clone, "fsck", "--full", "--strict")
}

// From a delivered branch everything is as from the project.
func TestDeliveryOfADelivery(t *testing.T) {
	dir, second := project(t), filepath.Join(t.TempDir(), "second")
	deliver(t, Options{Dir: dir})
	run(t, dir, "switch", "-q", "ej2")
	if d := deliver(t, Options{Dir: dir, Repo: second}); len(d.Dirty) > 0 {
		t.Errorf("dirty: %v", d.Dirty)
	}
	if diff := run(t, second, "diff", "--stat", "main", "ej2"); diff != "" {
		t.Errorf("ej2 made from ej2 differs:\n%s", diff)
	}
}

func TestBrokenOff(t *testing.T) {
	dir, parent := project(t), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := plan(t, Options{Dir: dir, Repo: filepath.Join(parent, "new")}).Write(ctx, false); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
}
