package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/course/git"
	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/text"
)

// DefaultBranches is the course's pattern of the names of branches.
const DefaultBranches = "ej" + stageNumber

// stageNumber is the part of a pattern that stands for the number of a stage.
const stageNumber = "{N}"

// branchOf returns the name of a stage's branch.
func branchOf(pattern, stage string) string {
	return strings.ReplaceAll(pattern, stageNumber, strings.TrimPrefix(stage, "ej"))
}

// CheckBranches returns an error unless a pattern gives every stage a name of its own that git allows.
func CheckBranches(pattern string) error {
	if !strings.Contains(pattern, stageNumber) {
		return fmt.Errorf("--branches %q has no %s, which stands for the number of a stage: want a pattern such as 'ejercicio-%[2]s'", pattern, stageNumber)
	}
	if !git.IsBranchName(branchOf(pattern, "ej1")) {
		return fmt.Errorf("--branches %q: git allows no branch of the name %s", pattern, branchOf(pattern, "ej1"))
	}
	return nil
}

// Branches returns the branches of the stages that the options choose, with their commits. If the repository has none
// of these branches, it returns an error.
func Branches(ctx context.Context, o Options) ([]report.Branch, error) {
	chosen, err := Chosen(o)
	if err != nil {
		return nil, err
	}
	r, err := openRepo(o.Repo, o.Branches)
	if err != nil {
		return nil, err
	}
	return r.commits(ctx, Stages(chosen))
}

// commits returns the branches of stages with their commits. If the repository has none of these branches, it returns
// an error.
func (r *repo) commits(ctx context.Context, stages []string) ([]report.Branch, error) {
	var found []report.Branch
	var missing error
	for _, stage := range stages {
		b := report.Branch{Stage: stage, Name: branchOf(r.branches, stage)}
		own, remote, err := r.find(ctx, stage)
		switch {
		case err == nil:
			b.Commit = cmp.Or(own.Commit, remote.Commit)
			r.compare(ctx, &b, remote)
		case !errors.Is(err, errNoBranch):
			return nil, err
		case missing == nil:
			missing = err
		}
		found = append(found, b)
	}
	if !slices.ContainsFunc(found, func(b report.Branch) bool { return b.Commit != "" }) {
		return nil, missing
	}
	return found, nil
}

// compare sets Remote, Behind and Ahead of a branch that lacks commits of a remote's branch. In a shallow or damaged
// clone it sets nothing, because the clone cannot count the commits.
func (r *repo) compare(ctx context.Context, b *report.Branch, remote git.Ref) {
	if remote.Commit == "" || remote.Commit == b.Commit {
		return
	}
	ahead, behind, err := r.git.Differ(ctx, b.Commit, remote.Commit)
	if err == nil && behind > 0 && !r.git.Shallow(ctx) {
		b.Remote, b.Behind, b.Ahead = strings.TrimPrefix(remote.Name, remotes), behind, ahead
	}
}

// hint returns the end of an error about a stage's missing branch: the branches that may be meant, or the branches that
// the repository has.
func (r *repo) hint(refs []git.Ref, stage string) string {
	found := make(map[string]bool)
	for _, ref := range refs {
		name, own := strings.CutPrefix(ref.Name, heads)
		if !own {
			name = withoutRemote(ref.Name)
		}
		found[name] = true
	}
	delete(found, "HEAD")
	names := slices.Sorted(maps.Keys(found))
	if len(names) == 0 {
		return "; it has no branches at all"
	}
	pattern, count := likelyPattern(names)
	name := branchOf(pattern, stage)
	if count > 0 && pattern != r.branches && slices.Contains(names, name) {
		return fmt.Sprintf("; it has %s: `--branches '%s'` names them", sentence(matching(names, pattern)), pattern)
	}
	return "; it has " + sentence(names)
}

// likelyPattern returns the pattern that most stages' branches have and the number of these stages.
func likelyPattern(names []string) (pattern string, count int) {
	counts := make(map[string]int)
	for _, name := range names {
		for i, digit := range name {
			number := i > 0 && text.IsDigit(name[i-1]) && name[i-1] != '0' || i+1 < len(name) && text.IsDigit(name[i+1])
			if digit >= '1' && digit <= '8' && !number { // 12 is not a stage, but 01 is
				counts[name[:i]+stageNumber+name[i+1:]]++
			}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(counts)) {
		if counts[p] > count {
			pattern, count = p, counts[p]
		}
	}
	return pattern, count
}

// matching returns the names that a pattern gives to a stage.
func matching(names []string, pattern string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		before, after, _ := strings.Cut(pattern, stageNumber)
		number, ok := strings.CutPrefix(name, before)
		number, found := strings.CutSuffix(number, after)
		return !ok || !found || len(number) != 1 || number < "1" || number > "8"
	})
}

// sentence joins the first names of a list.
func sentence(names []string) string {
	const most = 10
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}
