// Package deliver writes the branches in which the course takes the lab: one
// for each stage, each the project's last commit in the course's layout. It
// works on the repository's objects alone: no work tree and no index is
// touched.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/memory"
)

// The errors that callers tell apart with errors.Is.
var (
	ErrNoRepository = errors.New("no git repository")
	ErrNoProject    = errors.New("not the lab's project")
	ErrName         = errors.New("not a name for a branch")
	ErrOther        = errors.New("something else is there")
	ErrInTheWay     = errors.New("is in the way")
	ErrCheckedOut   = errors.New("is checked out")
	ErrMoved        = errors.New("has changed meanwhile")
	ErrIncomplete   = errors.New("the project's repository does not hold all of its history")
)

// Stage is what a branch is made for.
type Stage struct {
	Name    string // of the branch, behind the prefix, and the content of .stage
	Summary string // for the commit's message
}

// Options say what is delivered, and where.
type Options struct {
	Dir    string // in the project's work tree, at any depth
	Repo   string // the repository to write to, made if it is missing or an empty directory; "" is the project's own
	Prefix string // of the branches' names
	Stages []Stage
}

// Branch is one branch of a delivery.
type Branch struct {
	Name   string // without refs/heads/
	Stage  string
	Commit string // the commit that it gets, 40 hex digits
	Found  string // the commit that it had when the plan was made, "" if there was no branch
}

// Ref is the full name of the branch, refs/heads/….
func (b Branch) Ref() string { return plumbing.NewBranchReferenceName(b.Name).String() }

// Delivery is a plan: what Write would write. Nothing is written before.
type Delivery struct {
	Source   string   // the commit that is delivered
	Dirty    []string // paths of the work tree that differ from it, sorted: they are not delivered
	DirtyErr error    // why Dirty is unknown, for example because git is not installed
	Branches []Branch // in the order of the stages

	project *repository
	repo    *repository // nil: to be made at path
	path    string
	made    objects
}

// Plan makes the commits of all branches, in memory, and looks up what the
// repository has in their place.
//
// The source is the oldest of the commits that lead to HEAD with HEAD's very
// tree, so that the same tree of the same history gives the same commits. It is
// the parent of each branch's commit, and lends it author and date.
func Plan(o Options) (*Delivery, error) {
	names := make([]plumbing.ReferenceName, len(o.Stages))
	for i, s := range o.Stages {
		names[i] = plumbing.NewBranchReferenceName(o.Prefix + s.Name)
		if names[i].Validate() != nil {
			return nil, fmt.Errorf("%q is %w, see `git help check-ref-format`", o.Prefix+s.Name, ErrName)
		}
	}
	project, err := openProject(o.Dir)
	if err != nil {
		return nil, err
	}
	source, err := project.source()
	if err != nil {
		return nil, err
	}
	d := &Delivery{Source: source.Hash.String(), project: project, repo: project}
	d.Dirty, d.DirtyErr = project.dirty()
	if o.Repo != "" {
		if d.repo, d.path, err = openTarget(o.Repo); err != nil {
			return nil, err
		}
		if d.repo != nil && sameDir(d.repo.common, project.common) {
			d.repo = project
		}
	}
	d.made = objects{project.Storer, memory.NewStorage()}
	for i, s := range o.Stages {
		commit, err := d.commit(source, s, o.Stages)
		if err != nil {
			return nil, fmt.Errorf("make %s: %w", s.Name, err)
		}
		b := Branch{Name: names[i].Short(), Stage: s.Name, Commit: commit.String()}
		if d.repo != nil {
			if b.Found, err = d.repo.branch(names[i]); err != nil {
				return nil, err
			}
		}
		d.Branches = append(d.Branches, b)
	}
	return d, nil
}

// commit makes the commit of a stage.
func (d *Delivery) commit(source *object.Commit, s Stage, all []Stage) (plumbing.Hash, error) {
	root, err := source.Tree()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	tree, err := d.made.stageTree(root, s.Name, all)
	if err != nil {
		return plumbing.ZeroHash, err
	}
	return d.made.put(&object.Commit{
		Author:       source.Author,
		Committer:    source.Author,
		Message:      fmt.Sprintf("%s: %s\n\nMade by: composer deliver\n", s.Name, s.Summary),
		TreeHash:     tree,
		ParentHashes: []plumbing.Hash{source.Hash},
	})
}

// Changes returns the branches that Write would write.
func (d *Delivery) Changes() []Branch {
	return slices.DeleteFunc(slices.Clone(d.Branches), func(b Branch) bool { return b.Found == b.Commit })
}

// Write writes the branches that are not there yet: all of them or, with an
// error, none.
//
// It refuses, before it writes, to put a branch in the place of another one
// that holds something else (ErrOther), unless force is set; and,
// forced or not, to move a branch that a work tree of the repository has checked
// out (ErrCheckedOut), or to make one above or below another (ErrInTheWay).
//
// A repository that it makes gets the source as branch main, checked out, and
// appears at once or not at all. A bare one without commits gets the source
// under the name that its HEAD has.
func (d *Delivery) Write(ctx context.Context, force bool) error {
	changes := d.Changes()
	if d.repo == nil {
		return create(d.path, plumbing.NewHash(d.Source), func(r *repository) error {
			return d.write(ctx, r, changes)
		})
	}
	if len(changes) == 0 {
		return nil
	}
	if err := d.check(changes, force); err != nil {
		return err
	}
	return d.write(ctx, d.repo, changes)
}

func (d *Delivery) check(changes []Branch, force bool) error {
	taken, err := d.repo.checkedOut()
	if err != nil {
		return err
	}
	var others []string
	for _, b := range changes {
		if where, ok := taken[b.Ref()]; ok {
			return fmt.Errorf("branch %s %w in %s: switch to another one there first", b.Name, ErrCheckedOut, where)
		}
		if b.Found != "" {
			others = append(others, b.Name)
		}
		near, err := d.repo.inTheWay(b.Ref())
		if err != nil {
			return err
		}
		if near != "" {
			return fmt.Errorf("branch %s %w of %s: git keeps branches as files in folders", near, ErrInTheWay, b.Name)
		}
	}
	if len(others) > 0 && !force {
		return fmt.Errorf("%w: %s", ErrOther, strings.Join(others, ", "))
	}
	return nil
}

// write brings what the changes need into r, and then the branches.
func (d *Delivery) write(ctx context.Context, r *repository, changes []Branch) error {
	commits := make([]plumbing.Hash, len(changes))
	for i, b := range changes {
		commits[i] = plumbing.NewHash(b.Commit)
	}
	if err := d.copyObjects(ctx, r, commits); err != nil {
		return fmt.Errorf("write the objects: %w", err)
	}
	return r.setBranches(ctx, d.withHead(r, changes))
}

// withHead adds to the changes the branch that HEAD names, if a bare r has no
// such branch: a clone would have nothing to check out.
func (d *Delivery) withHead(r *repository, changes []Branch) []Branch {
	head, err := r.Storer.Reference(plumbing.HEAD)
	if err != nil || !r.bare || head.Type() != plumbing.SymbolicReference || !head.Target().IsBranch() {
		return changes
	}
	if _, err := r.Storer.Reference(head.Target()); !errors.Is(err, plumbing.ErrReferenceNotFound) {
		return changes
	}
	if slices.ContainsFunc(changes, func(b Branch) bool { return b.Ref() == head.Target().String() }) {
		return changes
	}
	return append(changes, Branch{Name: head.Target().Short(), Commit: d.Source})
}
