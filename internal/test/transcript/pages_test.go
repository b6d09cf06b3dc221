//go:build unix

package transcript

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/course/deliver"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/test/golden"
	"github.com/tp0-lab/composer/templates"
)

const root = "../../.."

// TestPages runs the commands of the pages that need no Docker. TestDockerPages
// runs the other ones.
func TestPages(t *testing.T) {
	t.Parallel()
	pages := []string{"docs/lint.md", "docs/values.md", "docs/bundles.md", "docs/output.md", "docs/targets.md", "docs/storage.md"}
	if !testing.Short() {
		pages = append(pages, "docs/lab.md", "docs/configuration.md", "docs/verify.md", "docs/security.md") // these run whole labs
	}
	dir := checkout(t)
	for _, page := range pages {
		runPage(t, dir, page)
	}
}

// TestTour compares README.md, docs/tour.md and docs/getting-started.md with what their commands print. With -update it
// writes the pages anew. The reader of the README has the program alone, in an empty directory. The files that the others
// use are in testdata/tour.
func TestTour(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-o", bin, "./composer")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	project, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	env := append(environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, name := range []string{"README.md", "docs/tour.md", "docs/getting-started.md"} {
		dir := t.TempDir()
		if name != "README.md" {
			err := errors.Join(os.CopyFS(dir, os.DirFS("testdata/tour")), os.Symlink(filepath.Join(project, "examples"), filepath.Join(dir, "examples")))
			if err != nil {
				t.Fatal(err)
			}
		}
		page := filepath.Join(root, name)
		golden.Check(t, page, (&shell{dir: dir, env: env, limit: time.Minute}).record(t, read(t, page)))
	}
}

// environ returns the environment without the settings of composer.
func environ() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "COMPOSER_") })
}

// On every branch of a delivery, in one clone, with what was generated on the
// branch before lying about. It is the clone of who works with Windows, too:
// without .gitattributes its scripts would not run.
func TestExercises(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it builds the program on each branch")
	}
	t.Parallel()
	delivered := filepath.Join(t.TempDir(), "delivered")
	stages := deliverTo(t, checkout(t), delivered)
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, delivered, "clone", "-q", "-c", "core.autocrlf=true", ".", clone)
	for _, s := range stages {
		t.Run(s.Name, func(t *testing.T) {
			git(t, clone, "switch", "-q", s.Name)
			readme := read(t, filepath.Join(clone, "README.md"))
			if title, _, _ := strings.Cut(readme, "\n"); !strings.HasSuffix(title, "("+s.Name+")") {
				t.Errorf("the title is %q", title)
			}
			checkLinks(t, clone, "README.md")
			runPage(t, clone, "README.md")
			// The file of Compose is the stage's, and what it mounts is there.
			compose := read(t, filepath.Join(clone, "docker-compose-dev.yaml"))
			if want := fmt.Sprintf("# Made by: composer render --stage %s -n 3\n", s.Name); !strings.HasPrefix(compose, want) {
				t.Errorf("want %q, got %.60q", want, compose)
			}
			for _, m := range regexp.MustCompile(`(?m)^ +source: "?(\./[^"\n]+)`).FindAllStringSubmatch(compose, -1) {
				if _, err := os.Stat(filepath.Join(clone, m[1])); err != nil {
					t.Error(err)
				}
			}
			if status := git(t, clone, "status", "--porcelain"); status != "" {
				t.Errorf("git status says\n%s", status)
			}
			editThroughLinks(t, clone)
		})
	}
}

// A student follows the page from its first step in a fresh clone, which has no branch but its own. TestDockerBranches
// runs the commands that need Docker.
func TestExercisesInAFreshClone(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it builds the program and runs a lottery")
	}
	t.Parallel()
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, checkout(t), "clone", "-q", ".", clone)
	runPage(t, clone, "docs/ejercicios.md")
}

// editThroughLinks edits both configuration files by the course's names, sees
// that the project's are edited, and takes it back.
func editThroughLinks(t *testing.T, dir string) {
	t.Helper()
	for name, project := range map[string]string{"client/config.yaml": "services/client/config.yaml", "server/config.ini": "services/server/config.ini"} {
		before := read(t, filepath.Join(dir, name))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(before+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := git(t, dir, "status", "--porcelain"); got != " M "+project+"\n" {
			t.Errorf("with %s edited, git status says %q", name, got)
		}
		git(t, dir, "checkout", "-q", ".")
		if after := read(t, filepath.Join(dir, name)); after != before {
			t.Errorf("%s is not as before: %q", name, after)
		}
	}
}

func runPage(t *testing.T, dir, page string) {
	t.Helper()
	// Without the directory in it, the cache of one build serves all.
	env := append(environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath"))
	sh := shell{env: env, limit: 5 * time.Minute}
	if err := sh.runPage(t.Context(), dir, read(t, filepath.Join(dir, page)), false); err != nil {
		t.Fatalf("%s: %v", page, err)
	}
}

// Each relative link of the pages leads somewhere.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"} {
		pages = append(pages, filepath.Join(root, page))
	}
	for _, page := range pages {
		name, err := filepath.Rel(root, page)
		if err != nil {
			t.Fatal(err)
		}
		checkLinks(t, root, name)
	}
}

var linkPattern = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)\s]*)?\)`)

func checkLinks(t *testing.T, dir, page string) {
	t.Helper()
	for _, m := range linkPattern.FindAllStringSubmatch(read(t, filepath.Join(dir, page)), -1) {
		if _, err := os.Stat(filepath.Join(dir, path.Join(path.Dir(page), m[1]))); err != nil {
			t.Errorf("%s: a link leads to %s: %v", page, m[1], err)
		}
	}
}

// The page in Spanish has the frames of docs/protocol.md, and its conversations.
func TestExercisesAgreeWithTheProtocol(t *testing.T) {
	protocol, exercises := read(t, root+"/docs/protocol.md"), read(t, root+"/docs/ejercicios.md")
	frames := regexp.MustCompile(`(?m)^\| (0x[0-9A-F]{2}) \| ([A-Z]+) \|`)
	want, got := frames.FindAllStringSubmatch(protocol, -1), frames.FindAllStringSubmatch(exercises, -1)
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("the tables of frames: %s", diff)
	}
	all := conversations(exercises)
	for _, c := range conversations(protocol) {
		if !slices.Contains(all, c) {
			t.Errorf("docs/ejercicios.md has no diagram of\n%s", c)
		}
	}
}

// conversations returns of each diagram of a page who sends which frame to
// whom.
func conversations(page string) []string {
	arrow := regexp.MustCompile(`(?m)^ +([A-Z]->>[A-Z]): ([A-Z]+)\b.*`)
	var found []string
	for _, diagram := range strings.Split(page, "```mermaid\n")[1:] {
		diagram, _, _ = strings.Cut(diagram, "```")
		var frames strings.Builder
		for _, m := range arrow.FindAllStringSubmatch(diagram, -1) {
			frames.WriteString(m[1] + " " + m[2] + "\n")
		}
		found = append(found, frames.String())
	}
	return found
}

// deliverTo writes the branches of the project at dir to repo, "" for its own
// repository, and returns the stages.
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
	d, err := deliver.Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Write(t.Context(), false), d.Close()); err != nil {
		t.Fatal(err)
	}
	return o.Stages
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	c := exec.Command("git", args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
