package verify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/course/report"
)

// branched makes a repository with one commit that branches point to, and returns its path and the commit.
func branched(t *testing.T, names ...string) (path, commit string) {
	t.Helper()
	s := checkout(t, "first", map[string]string{"server/Dockerfile": "FROM scratch\n"})
	commit = strings.TrimSpace(gitIn(t, s.repo.path, "rev-parse", "first"))
	for _, name := range names {
		gitIn(t, s.repo.path, "update-ref", name, commit)
	}
	gitIn(t, s.repo.path, "update-ref", "-d", "refs/heads/first")
	return s.repo.path, commit
}

// The branches have any names, and a message about a missing one lists the others.
func TestBranches(t *testing.T) {
	heads := func(names ...string) []string {
		for i := range names {
			names[i] = "refs/heads/" + names[i]
		}
		return names
	}
	tests := []struct {
		name, pattern string
		refs          []string
		says          string // at the end of the error about ej2; "" if there is a branch
	}{
		{"the course's", "", heads("ej1", "ej2"), ""},
		{"others", "ejercicio-{N}", heads("ejercicio-1", "ejercicio-2"), ""},
		{"within a folder", "tp0/{N}/end", heads("tp0/2/end"), ""},
		{"a remote's", "e{N}", []string{"refs/remotes/origin/e2"}, ""},
		{"likely ones", "", heads("main", "ejercicio-1", "ejercicio-2"), "it has ejercicio-1, ejercicio-2: `--branches 'ejercicio-{N}'` names them"},
		{"with a zero", "", heads("tp0-ej01", "tp0-ej02", "tp0-ej12"), "it has tp0-ej01, tp0-ej02: `--branches 'tp0-ej0{N}'` names them"},
		{"in another case", "", heads("EJ2"), "it has EJ2: `--branches 'EJ{N}'` names them"},
		{"likely ones of a remote", "", []string{"refs/remotes/origin/exercise-2", "refs/remotes/origin/HEAD"}, "it has exercise-2: `--branches 'exercise-{N}'` names them"},
		{"only another", "", heads("main"), "no branch ej2, neither of its own nor of a remote; it has main"},
		{"one that is not there", "", heads("ej1", "ej3", "parte-2"), "it has ej1, ej3, parte-2"},
		{"none", "", nil, "it has no branches at all"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, _ := branched(t, tt.refs...)
			r, err := openRepo(path, tt.pattern)
			if err != nil {
				t.Fatal(err)
			}
			_, err = r.commit(t.Context(), "ej2")
			switch {
			case tt.says == "" && err != nil:
				t.Error(err)
			case tt.says != "" && (err == nil || !strings.HasSuffix(err.Error(), tt.says)):
				t.Errorf("error %v, want %q", err, tt.says)
			}
		})
	}
}

// A run without any branch is an error, and the report of one with some names their commits.
func TestCommits(t *testing.T) {
	path, commit := branched(t, "refs/heads/ej1", "refs/heads/ej6")
	r, err := openRepo(path, "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.commits(t.Context(), []string{"ej1", "ej2"})
	if diff := cmp.Diff([]report.Branch{{Stage: "ej1", Name: "ej1", Commit: commit}, {Stage: "ej2", Name: "ej2"}}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	found, err := Run(t.Context(), Options{Repo: path, Stages: []string{"ej7"}, Docker: true, Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), filepath.Base(path)+" has no branch ej7") || len(found.Scenarios) > 0 {
		t.Errorf("got %v, %v", found, err)
	}
}

// The repository's own branch is judged, and the report says that a remote's has more commits.
func TestBranchBehindItsRemote(t *testing.T) {
	path, first := branched(t, "refs/heads/ej1")
	commit := func(parent string) string {
		return strings.TrimSpace(gitIn(t, path, "-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", "-p", parent, "-m", "x", parent+"^{tree}"))
	}
	second := commit(first)
	third := commit(second)
	aside := strings.TrimSpace(gitIn(t, path, "-c", "user.name=b", "-c", "user.email=a@b", "commit-tree", "-p", first, "-m", "y", first+"^{tree}"))
	for name, tt := range map[string]struct {
		own, origin, other string
		want               report.Branch
		says               string
	}{
		"equal":           {first, first, "", report.Branch{Commit: first}, ""},
		"behind by one":   {second, third, "", report.Branch{Commit: second, Remote: "origin/ej5", Behind: 1}, ", which is 1 commit behind origin/ej5"},
		"behind by two":   {first, third, "", report.Branch{Commit: first, Remote: "origin/ej5", Behind: 2}, ", which is 2 commits behind origin/ej5"},
		"ahead":           {third, first, "", report.Branch{Commit: third}, ""},
		"diverged":        {aside, third, "", report.Branch{Commit: aside, Remote: "origin/ej5", Behind: 2, Ahead: 1}, ", which is 2 commits behind and 1 ahead of origin/ej5"},
		"another remote":  {first, "", second, report.Branch{Commit: first, Remote: "fork/ej5", Behind: 1}, ", which is 1 commit behind fork/ej5"},
		"origin first":    {first, first, second, report.Branch{Commit: first}, ""},
		"a remote's only": {"", third, first, report.Branch{Commit: third}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for ref, to := range map[string]string{"refs/heads/ej5": tt.own, "refs/remotes/origin/ej5": tt.origin, "refs/remotes/fork/ej5": tt.other} {
				if to != "" {
					gitIn(t, path, "update-ref", ref, to)
					defer gitIn(t, path, "update-ref", "-d", ref)
				}
			}
			got, err := Branches(t.Context(), Options{Repo: path, Stages: []string{"ej5"}})
			tt.want.Stage, tt.want.Name = "ej5", "ej5"
			if diff := cmp.Diff([]report.Branch{tt.want}, got); err != nil || diff != "" {
				t.Fatalf("%v\n%s", err, diff)
			}
			if want := "ej5 at " + tt.want.Commit[:12] + tt.says; got[0].String() != want {
				t.Errorf("%s, want %s", got[0], want)
			}
		})
	}
}

// A shallow clone lacks the commits that it would have to count.
func TestShallowCloneCountsNothing(t *testing.T) {
	path, first := branched(t, "refs/heads/ej1")
	next := strings.TrimSpace(gitIn(t, path, "-c", "user.name=a", "-c", "user.email=a@b", "commit-tree", "-p", first, "-m", "x", first+"^{tree}"))
	gitIn(t, path, "update-ref", "refs/remotes/origin/ej1", next)
	shallow := filepath.Join(strings.TrimSpace(gitIn(t, path, "rev-parse", "--absolute-git-dir")), "shallow")
	if err := os.WriteFile(shallow, []byte(next+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Branches(t.Context(), Options{Repo: path, Stages: []string{"ej1"}})
	if diff := cmp.Diff([]report.Branch{{Stage: "ej1", Name: "ej1", Commit: first}}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
