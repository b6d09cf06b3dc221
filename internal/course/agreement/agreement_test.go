package agreement

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/course/report"
)

const corpusFile = "testdata/corpus.yaml"

func readCorpus(t *testing.T) Corpus {
	t.Helper()
	f, err := os.Open(corpusFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Each solution has the commits that were read, and is there once.
func TestCorpus(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range readCorpus(t).Solutions {
		if seen[s.Repo] {
			t.Errorf("%s is there twice", s.Repo)
		}
		seen[s.Repo] = true
		if len(s.Branches) == 0 {
			t.Errorf("%s has no commits", s.Repo)
		}
		for stage, commit := range s.Branches {
			if len(commit) != 40 {
				t.Errorf("%s %s: %q is no full commit", s.Repo, stage, commit)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"solutions: [{repo: ana}]":                                                      "want OWNER/NAME",
		"solutions: [{repo: ana/tp0, wrong: {ej6 one-bett: x}}]":                        `did you mean "ej6 one-bet"`,
		"solutions: [{repo: ana/tp0, wrong: {ej6 one-bet: ''}}]":                        "a reason",
		"solutions: [{repo: ana/tp0, open: {ej9: x}}]":                                  "a scenario or a stage",
		"solutions: [{repo: ana/tp0, wrong: {ej6 one-bet: x}, open: {ej6 one-bet: y}}]": `"ej6 one-bet" is wrong and open`,
		"solutions: [{repo: ana/tp0, rihgt: {ej6 one-bet: yes}}]":                       "rihgt",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestAdd(t *testing.T) {
	s := Solution{
		Repo: "ana/tp0", Branches: map[string]string{"ej6": "c6"},
		Wrong: map[string]string{"ej6 one-bet": "it stores nothing", "ej6 odd": "x", "ej6 follows": "x", "ej3 wrong": "it hangs"},
		Open:  map[string]string{"ej3": "no image", "ej6 open": "nobody knows"},
	}
	scenario := func(stage, name string, status report.Status) report.Scenario {
		return report.Scenario{Stage: stage, Name: name, Status: status, Reason: "why"}
	}
	found := report.Report{Branches: []report.Branch{{Stage: "ej6", Commit: "c6"}}, Scenarios: []report.Scenario{
		scenario("ej6", "one-bet", report.Passed), scenario("ej6", "odd", report.Failed), scenario("ej6", "follows", report.Skipped),
		scenario("ej6", "right", report.Failed), scenario("ej6", "fine", report.Passed), scenario("ej6", "later", report.Unjudged),
		scenario("ej6", "open", report.Failed), scenario("ej3", "x", report.Failed), scenario("ej3", "wrong", report.Passed), scenario("ej6", "beyond", report.Unasked),
	}}
	var got Agreement
	got.Add(s, found)
	want := Agreement{
		Same: 3, Guilty: []string{"ana/tp0 ej6 right"}, Innocent: []string{"ana/tp0 ej6 one-bet: it stores nothing", "ana/tp0 ej3 wrong: it hangs"},
		Unjudged: []string{"ana/tp0 ej6 later: why"}, Open: 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.Right() {
		t.Error("false verdicts are right")
	}
	found.Branches[0].Commit = "d6"
	got = Agreement{}
	got.Add(s, found)
	if len(got.OtherCommits) != 1 || got.Same > 0 || got.Right() {
		t.Errorf("other commits are compared: %+v", got)
	}
}

// TestAgreement judges the solutions of the corpus and compares. It is `make agreement`, which sets the variables: REPOS, a
// directory of clones named OWNER+NAME; REPORTS, in which composer leaves its reports; and FLAGS, more flags of composer verify.
// Reports that are there already are compared as they are if JUDGE is empty.
func TestAgreement(t *testing.T) {
	repos, reports, judge := os.Getenv("AGREEMENT_REPOS"), os.Getenv("AGREEMENT_REPORTS"), os.Getenv("AGREEMENT_JUDGE")
	if reports == "" {
		t.Skip("it takes hours: make agreement")
	}
	corpus := readCorpus(t)
	if judge != "" {
		judgeAll(t, corpus, repos, reports, judge, strings.Fields(os.Getenv("AGREEMENT_FLAGS")))
	}
	var all Agreement
	compared := 0
	for _, s := range corpus.Solutions {
		f, err := os.Open(filepath.Join(reports, "students", studentName(s)+".json"))
		if err != nil {
			t.Logf("%s: not judged here: %v", s.Repo, err)
			continue
		}
		found, err := report.ReadJSON(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", s.Repo, err)
		}
		compared++
		all.Add(s, found)
	}
	fmt.Printf("%d of %d solutions\n", compared, len(corpus.Solutions))
	if err := all.Write(os.Stdout); err != nil {
		t.Fatal(err)
	}
	if !all.Right() || compared == 0 {
		t.Error("verify and the corpus do not agree")
	}
}

func studentName(s Solution) string { return strings.ReplaceAll(s.Repo, "/", "+") }

// judgeAll has composer judge the solutions of which there is a clone, after cloning the others.
func judgeAll(t *testing.T, corpus Corpus, repos, reports, composer string, flags []string) {
	t.Helper()
	var list strings.Builder
	list.WriteString("name,repo\n")
	for _, s := range corpus.Solutions {
		dir := filepath.Join(repos, studentName(s))
		if _, err := os.Stat(dir); err != nil {
			out, err := exec.Command("git", "clone", "--quiet", "--bare", "https://github.com/"+s.Repo, dir).CombinedOutput()
			if err != nil {
				t.Logf("%s cannot be had: %v\n%s", s.Repo, err, out)
				continue
			}
		}
		fmt.Fprintf(&list, "%s,%s\n", studentName(s), rootOf(dir))
	}
	path := filepath.Join(t.TempDir(), "solutions.csv")
	if err := os.WriteFile(path, []byte(list.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(composer, append([]string{"verify", "--repos", path, "--report-dir", reports}, flags...)...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Run(); err != nil && !judged(c.ProcessState.ExitCode()) {
		t.Fatalf("%s: %v", strings.Join(c.Args, " "), err)
	}
}

// rootOf returns the repository in a directory: the directory, or the directory repo in it.
func rootOf(dir string) string {
	if inner := filepath.Join(dir, "repo"); exec.Command("git", "-C", dir, "rev-parse", "--git-dir").Run() != nil {
		return inner
	}
	return dir
}

// judged reports whether composer verify with this exit code has judged: 1 says that a solution is wrong, and 3 that not
// all could be judged. With another code the reports are missing or old.
func judged(code int) bool { return code == 0 || code == 1 || code == 3 }
