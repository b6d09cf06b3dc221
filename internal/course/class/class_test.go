package class

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/course/verify"
)

// repository makes a repository with branches.
func repository(t *testing.T, dir string, branches ...string) {
	t.Helper()
	script := "git init -q && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x && for b in " + strings.Join(branches, " ") + "; do git branch $b; done"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", "-c", script)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// judge returns a run of verify that finds the solution of each repository right or, if its name says so, wrong. It counts
// its calls.
type judge struct {
	mu     sync.Mutex
	judged []string
	stop   func(name string)
}

func (j *judge) run(ctx context.Context, o verify.Options) (report.Report, error) {
	name := filepath.Base(o.Repo)
	j.mu.Lock()
	j.judged = append(j.judged, name)
	j.mu.Unlock()
	if j.stop != nil {
		j.stop(name)
	}
	if ctx.Err() != nil {
		return report.Report{}, ctx.Err()
	}
	if strings.Contains(name, "engine") {
		return report.Report{}, errors.New("the Docker engine does not answer")
	}
	branches, err := verify.Branches(ctx, o)
	if err != nil {
		return report.Report{}, err
	}
	r := report.Report{Target: o.Repo, Composer: o.Version, Engine: "docker", Branches: branches, Started: o.Now(), Duration: time.Minute, Building: time.Second}
	chosen, err := verify.Chosen(o)
	for i, s := range chosen {
		sc := report.Scenario{Stage: s.Stage, Name: s.Name, Title: s.Title, Status: report.Passed, Duration: time.Second, Timeline: []report.Line{{Container: "server", Text: "x"}}}
		switch {
		case strings.Contains(name, "wrong") && i == 0:
			sc.Status, sc.Problems = report.Failed, []report.Problem{{Expected: "a line in 3 seconds", Seen: "none", Around: []report.Line{}}}
		case strings.Contains(name, "unclear") && i == 0:
			sc.Status, sc.Reason = report.Unjudged, "too quick"
		}
		r.Scenarios = append(r.Scenarios, sc)
	}
	return r, err
}

func options(t *testing.T, dir string, j *judge) Options {
	t.Helper()
	list, err := ReadList(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		List: list, Dir: filepath.Join(t.TempDir(), "out"), Jobs: 2, Weights: report.Weights{"ej5": 2, "ej6": 3}, Judge: j.run, Now: time.Now,
		Verify: verify.Options{Docker: true, Stages: []string{"ej5", "ej6"}, Version: "v1.2.3", Now: time.Now},
	}
}

func classOf(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		repository(t, filepath.Join(dir, name), "ej5", "ej6")
	}
	return dir
}

// A spreadsheet that writes semicolons reads them.
func TestGradesAreLikeTheList(t *testing.T) {
	t.Parallel()
	dir := classOf(t, "right")
	o := options(t, dir, &judge{})
	var err error
	if o.List, err = ReadList(write(t, filepath.Join(dir, "list.csv"), "name;repo\nNúñez, María;right\n"), o.Dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	grades, err := os.ReadFile(filepath.Join(o.Dir, gradesFile))
	if want := "\uFEFFname;repo;ej5;ej6;points;of;remark\nNúñez, María;"; err != nil || !strings.HasPrefix(string(grades), want) {
		t.Errorf("%v in\n%s", err, grades)
	}
}

// One repository that is none, and one that the engine fails for, stop nobody.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := classOf(t, "right", "wrong-1", "wrong-2", "unclear", "engine")
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	o := options(t, dir, &judge{})
	c, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	grades, err := os.ReadFile(filepath.Join(o.Dir, gradesFile))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(grades)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		rows[i] = slices.Delete(rows[i], 1, 2) // the path
		rows[i][len(rows[i])-1] = strings.ReplaceAll(rows[i][len(rows[i])-1], dir, "DIR")
	}
	want := [][]string{
		{"name", "ej5", "ej6", "points", "of", "remark"},
		{"empty", "not judged", "not judged", "0", "5", "DIR/empty is no git repository: it is missing or empty; name the root directory of a clone"},
		{"engine", "not judged", "not judged", "0", "5", "the Docker engine does not answer"},
		{"right", "right", "right", "5", "5", ""},
		{"unclear", "not judged", "right", "3", "5", "ej5: too quick"},
		{"wrong-1", "wrong", "right", "3", "5", ""},
		{"wrong-2", "wrong", "right", "3", "5", ""},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if c.Verdict() != report.Failed || c.Count(report.Unjudged) != 3 || c.Count(report.Passed) != 1 {
		t.Errorf("verdict %s, %d unjudged, %d right", c.Verdict(), c.Count(report.Unjudged), c.Count(report.Passed))
	}
	content, err := os.ReadFile(filepath.Join(o.Dir, classFile))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Students []struct{ Name, Page, Verdict string }
		Failures []report.Failure
	}
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	failure := report.Failure{Stage: "ej5", Scenario: c.Students[4].Report.Scenarios[0].Name, Expected: "a line in 3 seconds", Students: []string{"wrong-1", "wrong-2"}}
	if diff := cmp.Diff([]report.Failure{failure}, file.Failures); diff != "" {
		t.Error(diff)
	}
	page, err := os.ReadFile(filepath.Join(o.Dir, classPage))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range file.Students {
		if s.Page == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(o.Dir, s.Page)); err != nil {
			t.Error(err)
		}
		if !bytes.Contains(page, []byte(`href="`+s.Page+`"`)) {
			t.Errorf("the page has no link to %s", s.Page)
		}
	}
}

// A second run judges only what may have changed: who could not be judged, and who has a new commit.
func TestRunGoesOn(t *testing.T) {
	t.Parallel()
	dir := classOf(t, "right", "wrong", "unclear", "engine", "newer")
	j := &judge{}
	o := options(t, dir, j)
	first, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", "-c", "git checkout -q ej6 && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m y")
	c.Dir = filepath.Join(dir, "newer")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	j.judged = nil
	second, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range second.Students {
		for _, sc := range s.Report.Scenarios {
			if len(sc.Timeline) > 0 || len(sc.Problems) > 0 && sc.Problems[0].Around != nil {
				t.Errorf("%s: the logs of %s stay in memory", s.Name, sc.Name)
			}
		}
	}
	slices.Sort(j.judged)
	if diff := cmp.Diff([]string{"engine", "newer", "unclear"}, j.judged); diff != "" {
		t.Error(diff)
	}
	for i, s := range second.Students {
		if kept := s.Name == "right" || s.Name == "wrong"; s.Kept != kept || s.Verdict() != first.Students[i].Verdict() || s.Page != first.Students[i].Page {
			t.Errorf("%s: kept %v, %s", s.Name, s.Kept, s.Verdict())
		}
	}
	for name, change := range map[string]func(*Options){
		"another composer": func(o *Options) { o.Verify.Version = "v2" },
		"another stage":    func(o *Options) { o.Verify.Stages = []string{"ej5"} },
		"more than asked":  func(o *Options) { o.Verify.Beyond = true },
		"no version":       func(o *Options) { o.Verify.Version = report.Unreleased },
	} {
		t.Run(name, func(t *testing.T) {
			o := o
			change(&o)
			j.judged = nil
			if _, err := Run(t.Context(), o); err != nil || len(j.judged) != len(o.Students) {
				t.Errorf("judged %v, %v", j.judged, err)
			}
		})
	}
}

// A fetch brings commits of a remote, which are not judged: the report is kept, and says it.
func TestFetchKeepsReports(t *testing.T) {
	t.Parallel()
	dir := classOf(t, "ana")
	j := &judge{}
	o := options(t, dir, j)
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", "-c", "git update-ref refs/remotes/origin/ej6 $(git -c user.name=a -c user.email=a@b commit-tree -p ej6 -m y 'ej6^{tree}')")
	c.Dir = filepath.Join(dir, "ana")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	j.judged = nil
	for range 2 {
		found, err := Run(t.Context(), o)
		if err != nil || len(j.judged) > 0 || len(found.Students) != 1 || !found.Students[0].Kept || len(found.Students[0].Report.Behind()) != 1 {
			t.Fatalf("judged %v, %v, %+v", j.judged, err, found.Students)
		}
	}
	for name, wants := range map[string][]string{
		gradesFile:                             {"which is 1 commit behind origin/ej6"},
		filepath.Join(studentsDir, "ana.html"): {"which is 1 commit behind origin/ej6", "1 line"},
		filepath.Join(studentsDir, "ana.json"): {`"remote": "origin/ej6"`, `"text": "x"`},
	} {
		content, err := os.ReadFile(filepath.Join(o.Dir, name))
		if err != nil {
			t.Error(err)
		}
		for _, want := range wants {
			if !bytes.Contains(content, []byte(want)) {
				t.Errorf("%s: no %q in %s", name, want, content)
			}
		}
	}
}

// What was finished before an interruption is on disk and is kept.
func TestInterruption(t *testing.T) {
	t.Parallel()
	dir := classOf(t, "a", "b", "c")
	ctx, cancel := context.WithCancel(t.Context())
	j := &judge{stop: func(name string) {
		if name == "b" {
			cancel()
		}
	}}
	o := options(t, dir, j)
	o.Jobs = 1
	version := o.Verify.Version
	c, err := Run(ctx, o)
	if err == nil || err.Error() != "verify: interrupted after 1 of 3 students; the same command goes on" || len(c.Students) != 3 || c.Students[1].Error != notReached {
		t.Errorf("%d students, %v", len(c.Students), err)
	}
	o.Verify.Version = report.Unreleased
	again, cancelAgain := context.WithCancel(t.Context())
	cancelAgain()
	if _, err := Run(again, o); err == nil || !strings.Contains(err.Error(), "has no version, so it judges all of them again") {
		t.Errorf("without a version: %v", err)
	}
	o.Verify.Version = version
	j.judged, j.stop = nil, nil
	c, err = Run(t.Context(), o)
	if diff := cmp.Diff([]string{"b", "c"}, j.judged); err != nil || diff != "" || len(c.Students) != 3 {
		t.Errorf("%v\n%s", err, diff)
	}
}

// A directory that cannot be written to is told, and does not stop the others.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	o := options(t, classOf(t, "a", "b"), &judge{})
	if err := os.MkdirAll(filepath.Join(o.Dir, studentsDir, "a.html"), 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := Run(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "a.html") || len(c.Students) != 2 || c.Students[0].Page != "" || c.Students[1].Page == "" {
		t.Errorf("%v, %+v", err, c.Students)
	}
}
