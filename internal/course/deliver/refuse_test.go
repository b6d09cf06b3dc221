package deliver

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tp0-lab/composer/internal/course/git"
)

// refused says that Write fails with that error and those words, and changes
// nothing.
func refused(t *testing.T, at string, o Options, force bool, want error, words string) {
	t.Helper()
	d := plan(t, o)
	before := snapshot(t, at)
	err := d.Write(t.Context(), force)
	if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), words) {
		t.Errorf("error %v, want %v with %q", err, want, words)
	}
	if diff := cmp.Diff(before, snapshot(t, at)); diff != "" {
		t.Errorf("it changed %s", diff)
	}
}

func TestOtherBranches(t *testing.T) {
	dir := project(t)
	run(t, dir, "branch", "ej2")
	run(t, dir, "pack-refs", "--all")
	before := strings.TrimSpace(run(t, dir, "rev-parse", "ej2"))
	refused(t, dir, Options{Dir: dir}, false, ErrOtherCommit, "something else is there: ej2")

	d := plan(t, Options{Dir: dir})
	if d.Branches[1].Found != before {
		t.Errorf("found %s, want %s", d.Branches[1].Found, before)
	}
	if err := d.Write(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if got := remote(t, dir); got != d.listed() {
		t.Errorf("git ls-remote says\n%swant\n%s", got, d.listed())
	}
}

// A branch that a work tree is on stays where it is, forced or not, unless it
// is there already.
func TestCheckedOutBranches(t *testing.T) {
	dir := project(t)
	run(t, dir, "switch", "-q", "-c", "ej1")
	refused(t, dir, Options{Dir: dir}, true, ErrCheckedOut, "branch ej1 is checked out in "+dir)

	run(t, dir, "switch", "-q", "main")
	linked := filepath.Join(t.TempDir(), "linked")
	run(t, dir, "worktree", "add", "-q", linked, "ej1")
	refused(t, dir, Options{Dir: dir}, true, ErrCheckedOut, "branch ej1 is checked out in "+linked)
	refused(t, dir, Options{Dir: linked}, true, ErrCheckedOut, linked)

	run(t, linked, "switch", "-q", "--detach")
	if err := plan(t, Options{Dir: dir}).Write(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	run(t, linked, "switch", "-q", "ej1")
	deliver(t, Options{Dir: dir}) // nothing is to be moved

	// git bisect goes back to where it came from.
	run(t, linked, "bisect", "start")
	run(t, linked, "switch", "-q", "--detach")
	write(t, filepath.Join(dir, "more"), "more\n", 0o644)
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-q", "-m", "second")
	refused(t, dir, Options{Dir: dir}, true, ErrCheckedOut, "branch ej1 is checked out in "+linked)

	// One that has no commit yet is checked out all the same.
	unborn := t.TempDir()
	run(t, unborn, "init", "-q", "-b", "ej2")
	refused(t, unborn, Options{Dir: dir, Repo: unborn}, false, ErrCheckedOut, "branch ej2")
}

func TestBranchesInTheWay(t *testing.T) {
	for _, tt := range []struct{ branch, prefix, words string }{
		{"ej2/mine", "", "branch ej2/mine is in the way of ej2"},
		{"tp0", "tp0/", "branch tp0 is in the way of tp0/ej1"},
	} {
		dir := project(t)
		run(t, dir, "branch", tt.branch)
		refused(t, dir, Options{Dir: dir, Prefix: tt.prefix}, true, ErrInTheWay, tt.words)
		run(t, dir, "pack-refs", "--all")
		refused(t, dir, Options{Dir: dir, Prefix: tt.prefix}, true, ErrInTheWay, tt.words)
	}
}

// A branch that another process makes, moves or works at between the plan and
// the write stays as that process leaves it, and so do all others.
func TestAllOrNone(t *testing.T) {
	for name, tt := range map[string]struct {
		meanwhile func(t *testing.T, dir string)
		words     string
	}{
		"made":  {func(t *testing.T, dir string) { t.Helper(); run(t, dir, "branch", "ej2") }, "write the branch ej2: it has changed meanwhile: try again"},
		"moved": {func(t *testing.T, dir string) { t.Helper(); run(t, dir, "branch", "-f", "ej1", "ej1~") }, "write the branch ej1: it has changed meanwhile: try again"},
		"gone":  {func(t *testing.T, dir string) { t.Helper(); run(t, dir, "branch", "-D", "ej1") }, "write the branch ej1: it has changed meanwhile: try again"},
		"locked": {func(t *testing.T, dir string) {
			t.Helper()
			write(t, filepath.Join(dir, ".git/refs/heads/ej2.lock"), "", 0o644)
		}, "refs/heads/ej2.lock': File exists"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := project(t)
			run(t, dir, "commit", "-q", "--allow-empty", "-m", "second")
			run(t, dir, "branch", "ej1")
			d := plan(t, Options{Dir: dir})
			tt.meanwhile(t, dir)
			heads := filepath.Join(dir, ".git", "refs")
			before := snapshot(t, heads)
			if err := d.Write(t.Context(), true); err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("error %v, want %q", err, tt.words)
			}
			if diff := cmp.Diff(before, snapshot(t, heads), cmpopts.IgnoreMapEntries(func(_, text string) bool { return strings.HasPrefix(text, "d") })); diff != "" {
				t.Errorf("it changed %s", diff)
			}
		})
	}
}

// Nothing is left behind that says more than what was written.
func TestNoRoomForObjects(t *testing.T) {
	dir, shallow, target := project(t), filepath.Join(t.TempDir(), "shallow"), t.TempDir()
	write(t, filepath.Join(dir, "more"), "more\n", 0o644)
	run(t, dir, "add", "-A")
	run(t, dir, "commit", "-q", "-m", "second")
	run(t, dir, "clone", "-q", "--depth", "1", "file://"+dir, shallow)
	run(t, target, "init", "-q", "--bare")
	packs := filepath.Join(target, "objects", "pack")
	if err := os.Remove(packs); err != nil {
		t.Fatal(err)
	}
	write(t, packs, "no folder", 0o644)
	refused(t, target, Options{Dir: shallow, Repo: target}, false, nil, "git push: ")
}

func TestPlanRefuses(t *testing.T) {
	good := project(t)
	full := t.TempDir()
	write(t, filepath.Join(full, "file"), "", 0o644)
	nothing, nowhere := t.TempDir(), filepath.Join(t.TempDir(), "link")
	run(t, nothing, "init", "-q")
	if err := os.Symlink("nowhere", nowhere); err != nil {
		t.Fatal(err)
	}
	changed := func(change func(dir string)) string {
		dir := project(t)
		change(dir)
		run(t, dir, "add", "-A")
		run(t, dir, "commit", "-q", "-m", "changed")
		return dir
	}
	for name, tt := range map[string]struct {
		o     Options
		want  error
		words string
	}{
		"no repository":       {Options{Dir: t.TempDir()}, git.ErrNoRepository, "no git repository here or above"},
		"a line break":        {Options{Dir: good, Prefix: "\n"}, ErrName, `"\nej1" is not a name for a branch`},
		"a link to nowhere":   {Options{Dir: good, Repo: nowhere}, git.ErrNoRepository, "a link that leads nowhere"},
		"full directory":      {Options{Dir: good, Repo: full}, git.ErrNoRepository, full + " is no git repository: it holds other files"},
		"a new folder in one": {Options{Dir: good, Repo: filepath.Join(good, "new", "deep")}, git.ErrNoRepository, "deep is no git repository: it is inside one; name its root " + good},
		"a git directory":     {Options{Dir: good, Repo: filepath.Join(good, ".git")}, git.ErrNoRepository, ".git is no git repository: it is inside one; name its root " + good},
		"a folder of one":     {Options{Dir: good, Repo: filepath.Join(good, "docs")}, git.ErrNoRepository, "docs is no git repository: it is inside one; name its root " + good},
		"a URL":               {Options{Dir: good, Repo: "ssh://example.com/tp0"}, git.ErrNoRepository, "it is a URL"},
		"a file":              {Options{Dir: good, Repo: filepath.Join(full, "file")}, nil, "not a directory"},
		"no commit":           {Options{Dir: nothing}, ErrNoProject, "it has no commit yet"},
		"two dots":            {Options{Dir: good, Prefix: "a..b"}, ErrName, `"a..bej1" is not a name for a branch`},
		"a space":             {Options{Dir: good, Prefix: "a b"}, ErrName, `"a bej1" is`},
		"a dash":              {Options{Dir: good, Prefix: "-"}, ErrName, ""},
		"a slash first":       {Options{Dir: good, Prefix: "/"}, ErrName, ""},
		"two slashes":         {Options{Dir: good, Prefix: "a//"}, ErrName, ""},
		"a lock":              {Options{Dir: good, Prefix: "a.lock/"}, ErrName, ""},
		"a control":           {Options{Dir: good, Prefix: "a\x01"}, ErrName, ""},
		"a dot first":         {Options{Dir: good, Prefix: "x/."}, ErrName, ""},
		"a bracket":           {Options{Dir: good, Prefix: "["}, ErrName, ""},
		"no services/client":  {Options{Dir: changed(func(dir string) { os.RemoveAll(filepath.Join(dir, "services", "client")) })}, ErrNoProject, "no folder services/client"},
		"a server":            {Options{Dir: changed(func(dir string) { write(t, filepath.Join(dir, "server", "a"), "", 0o644) })}, ErrNoProject, "a server that is no link to services/server"},
		"no page":             {Options{Dir: changed(func(dir string) { os.Remove(filepath.Join(dir, "docs", "ejercicios.md")) })}, ErrNoProject, "no file docs/ejercicios.md"},
		"a page of nothing":   {Options{Dir: changed(func(dir string) { write(t, filepath.Join(dir, "docs", "ejercicios.md"), "# TP0\n", 0o644) })}, nil, "make ej1: docs/ejercicios.md has no section about ej1 alone"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.o.Stages = stages
			_, err := Plan(t.Context(), tt.o)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("error %v, want %v with %q", err, tt.want, tt.words)
			}
		})
	}
}

// A branch's file without a commit, which a full disk may leave, is told with what to do.
func TestAnEmptyBranchFile(t *testing.T) {
	dir := project(t)
	write(t, filepath.Join(dir, ".git", "refs", "heads", "ej2"), "", 0o644)
	if _, err := Plan(t.Context(), Options{Dir: dir, Stages: stages}); err == nil || !strings.Contains(err.Error(), "broken ref refs/heads/ej2: remove its file below "+dir) {
		t.Errorf("error %v", err)
	}
}

// Some deliveries at once all find or make the same branches, and one waits for
// a lock that is held for a moment.
func TestAtOnce(t *testing.T) {
	dir := project(t)
	plans := make([]*Delivery, 8)
	for i := range plans {
		plans[i] = plan(t, Options{Dir: dir})
	}
	var writers sync.WaitGroup
	for _, d := range plans {
		writers.Go(func() {
			if err := d.Write(t.Context(), false); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	if got := remote(t, dir); got != plans[0].listed() {
		t.Errorf("git ls-remote says\n%swant\n%s", got, plans[0].listed())
	}
	run(t, dir, "fsck", "--full", "--strict")
}

// A partial clone has no files of older commits. For branches of its own it needs none. For those of another repository
// git fetches them, or says what is missing.
func TestPartialClones(t *testing.T) {
	dir, partial := project(t), filepath.Join(t.TempDir(), "partial")
	write(t, filepath.Join(dir, "services", "server", "main.go"), "package later\n", 0o644)
	run(t, dir, "commit", "-q", "-a", "-m", "second")
	run(t, dir, "config", "uploadpack.allowFilter", "true")
	run(t, dir, "config", "uploadpack.allowAnySHA1InWant", "true")
	run(t, dir, "clone", "-q", "--filter=blob:none", "file://"+dir, partial)
	missing := run(t, partial, "rev-list", "--objects", "--all", "--missing=print")
	d := deliver(t, Options{Dir: partial, Repo: partial})
	if got := remote(t, partial); got != d.listed() {
		t.Errorf("git ls-remote says\n%swant\n%s", got, d.listed())
	}
	if after := run(t, partial, "rev-list", "--objects", "main", "--missing=print"); !strings.Contains(missing, "\n?") || !strings.Contains(after, "\n?") {
		t.Errorf("missing before:\n%safter:\n%s", missing, after)
	}
	run(t, partial, "fsck", "--strict")
	bare := t.TempDir()
	run(t, bare, "init", "-q", "--bare")
	run(t, partial, "remote", "set-url", "origin", "file://"+dir+"-gone")
	refused(t, bare, Options{Dir: partial, Repo: bare}, false, nil, "-gone")
	run(t, partial, "remote", "set-url", "origin", "file://"+dir)
	d = deliver(t, Options{Dir: partial, Repo: bare})
	if got := remote(t, bare); got != d.listed() {
		t.Errorf("git ls-remote says\n%swant\n%s", got, d.listed())
	}
	run(t, bare, "fsck", "--full", "--strict")
}

// The branch of a submodule is checked out in its work tree, not where git keeps
// its repository.
func TestSubmodules(t *testing.T) {
	dir, around := project(t), t.TempDir()
	run(t, around, "init", "-q")
	run(t, around, "-c", "protocol.file.allow=always", "submodule", "-q", "add", dir, "lab")
	lab := filepath.Join(around, "lab")
	run(t, lab, "switch", "-q", "-c", "ej1")
	refused(t, lab, Options{Dir: lab}, true, ErrCheckedOut, "branch ej1 is checked out in "+lab)
}

// A branch that is another name of one is not moved, and neither is that one.
func TestSymbolicBranches(t *testing.T) {
	for _, target := range []string{"main", "nothing"} {
		dir := project(t)
		run(t, dir, "symbolic-ref", "refs/heads/ej2", "refs/heads/"+target)
		_, err := Plan(t.Context(), Options{Dir: dir, Stages: stages})
		if !errors.Is(err, ErrInTheWay) || !strings.Contains(err.Error(), "branch ej2 is in the way: it is another name of "+target) {
			t.Errorf("error %v", err)
		}
	}
}

// What git leaves of branches that are gone is in nobody's way.
func TestAnEmptyFolder(t *testing.T) {
	dir := project(t)
	if err := os.Mkdir(filepath.Join(dir, ".git", "refs", "heads", "ej1"), 0o755); err != nil {
		t.Fatal(err)
	}
	d := deliver(t, Options{Dir: dir})
	if got := remote(t, dir); got != d.listed() {
		t.Errorf("git ls-remote says\n%swant\n%s", got, d.listed())
	}
}

// The objects of a repository have one format: git does not mix them.
func TestOtherFormats(t *testing.T) {
	dir, other := project(t), t.TempDir()
	run(t, other, "init", "-q", "--object-format=sha256")
	refused(t, other, Options{Dir: dir, Repo: other}, true, nil, "hash algorithm")
}

// A page with the ends of lines of Windows is the same page.
func TestReadmeOfWindows(t *testing.T) {
	want, err := readme(page, "ej1", stages)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readme(strings.ReplaceAll(page, "\n", "\r\n"), "ej1", stages)
	if diff := cmp.Diff(want, strings.ReplaceAll(got, "\r\n", "\n")); diff != "" || err != nil {
		t.Errorf("error %v, %s", err, diff)
	}
}

func TestReadme(t *testing.T) {
	const want = `# TP0 (ej1)

See [the protocol](docs/protocol.md#frames) and [the site](https://example.com/a).

## Ejercicio 1

Only [the first](services/server/main.go).

` + "```sh\n## no heading, [no link](protocol.md)\n```" + `

## Both

For both.

## All

For all.
`
	got, err := readme(page, "ej1", stages)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("error %v, %s", err, diff)
	}
	if _, err := readme(page, "ej1", stages[:1]); err == nil || !strings.Contains(err.Error(), `docs/ejercicios.md:15: section "## Ejercicio 2" is about "ej2", which is no stage`) {
		t.Errorf("error %v", err)
	}
	before := strings.Replace(page, "## Ejercicio 1", "## In a new clone\n<!-- main -->\n\nFor nobody's README.\n\n## Ejercicio 1", 1)
	if got, err := readme(before, "ej1", stages); got != want || err != nil {
		t.Errorf("with a section about main: error %v, %s", err, cmp.Diff(want, got))
	}
}
