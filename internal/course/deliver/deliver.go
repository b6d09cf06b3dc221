// Package deliver writes the git branches that the course asks for: one for each stage, with the project's last commit
// in the course's layout. It writes only objects and branches, never a work tree or an index.
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

// Plan, Write and Open wrap these errors.
var (
	ErrNoRepository = errors.New("no git repository")
	ErrNoProject    = errors.New("not the lab's project")
	ErrName         = errors.New("not a name for a branch")
	ErrOther        = errors.New("something else is there") // a branch has another commit
	ErrInTheWay     = errors.New("is in the way")           // a branch is a folder of another's name
	ErrCheckedOut   = errors.New("is checked out")          // a work tree is on a branch that Write would move
	ErrMoved        = errors.New("has changed meanwhile")   // another process moved a branch
	ErrIncomplete   = errors.New("the project's repository does not hold all of its history")
)

// Stage is a stage of the lab, for which Plan makes a branch.
type Stage struct {
	Name    string // follows the prefix in the branch's name; content of the file .stage
	Summary string // for the commit's message
}

// Options are the options of Plan.
type Options struct {
	Dir    string // a directory in the project's work tree
	Repo   string // root of the repository to write to, or a missing or empty directory for a new one; "" is the project's
	Prefix string // of the branches' names
	Stages []Stage
}

// Branch is a branch of a delivery.
type Branch struct {
	Name   string // without refs/heads/
	Stage  string
	Commit string // the new commit, 40 hex digits
	Found  string // the commit at the time of the plan, "" if there was no branch
}

// Ref returns the full name of the branch, refs/heads/….
func (b Branch) Ref() string { return plumbing.NewBranchReferenceName(b.Name).String() }

// Delivery is a plan of branches, which Write writes.
type Delivery struct {
	Source   string   // the commit that is delivered
	Dirty    []string // paths of the work tree that differ from Source and are not delivered, sorted
	DirtyErr error    // why Dirty is unknown, for example because git is not installed
	Branches []Branch // in the order of the stages

	project *repository
	repo    *repository // nil: Write makes it at path
	path    string
	made    objects
}

// Plan makes the commits of all branches in memory and looks up the branches that the repository has. It writes
// nothing.
//
// Each commit's parent is the source, which also gives its author and date. The source is the oldest commit that leads
// to HEAD and has HEAD's tree: the same tree on the same history gives the same commits.
//
// Its error is ErrNoRepository, ErrNoProject, ErrName or ErrInTheWay, or is about reading a repository.
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

// Changes returns the branches that do not have their new commit yet.
func (d *Delivery) Changes() []Branch {
	return slices.DeleteFunc(slices.Clone(d.Branches), func(b Branch) bool { return b.Found == b.Commit })
}

// Write writes the branches that Changes returns: all of them or, with an error, none.
//
// Without force, it refuses to replace a branch that holds something else (ErrOther). In any case it refuses to move a
// branch that a work tree has checked out (ErrCheckedOut) and to make a branch whose name is a folder of another one's
// (ErrInTheWay). It fails with ErrMoved if another process moves a branch meanwhile.
//
// A new repository gets the source as branch main, checked out, and appears as a whole or not at all. A bare repository
// without commits gets the source as the branch that its HEAD names.
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

// write copies the objects that the changes need into r and writes the branches.
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

// withHead adds the branch that HEAD names to the changes if a bare r lacks it: a clone would check nothing out.
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
