// Package deliver writes the git branches that the course asks for: one for each stage, with the project's last commit
// in the course's layout. It writes only objects and branches, never a work tree or an index.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/course/git"
	"github.com/tp0-lab/composer/internal/files"
)

// Plan and Write wrap these errors, and those of package git.
var (
	ErrNoProject   = errors.New("not the lab's project")
	ErrName        = errors.New("not a name for a branch")
	ErrOtherCommit = errors.New("something else is there") // a branch has another commit
	ErrInTheWay    = errors.New("is in the way")           // a branch's name is a folder in another one's, as tp is in tp/ej1
	ErrCheckedOut  = errors.New("is checked out")          // a work tree is on a branch that Write would move
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

// maxRef is the limit for a small file of a git directory, in bytes.
const maxRef = 1 << 20

// Branch is a branch of a delivery.
type Branch struct {
	Name   string `json:"name"` // without refs/heads/
	Stage  string `json:"stage"`
	Ref    string `json:"ref"`    // refs/heads/ and the name
	Commit string `json:"commit"` // the new commit, in hex digits
	Found  string `json:"found"`  // the commit at the time of the plan, "" if there was no branch
}

const heads = "refs/heads/"

// Delivery is a plan of branches, which Write writes. It has a temporary directory until Close.
type Delivery struct {
	Source   string   // the commit that is delivered
	Dirty    []string // paths of the work tree that differ from Source and are not delivered, sorted
	DirtyErr error    // why Dirty is unknown
	Branches []Branch // in the order of the stages

	made *git.Repository // the project's, with the new objects in a directory of their own
	dir  string          // that directory
	repo *git.Repository // nil: Write makes it at path
	path string
}

// Plan makes the commits of all branches in a temporary directory and looks up the branches that the repository has. It
// writes nothing else.
//
// Each commit's parent is the source, which also gives its author and date. The source is HEAD or, as long as a commit
// has the same tree as its first parent, that parent. So the same tree on the same history gives the same commits.
//
// Its error is git.ErrNoRepository, ErrNoProject, ErrName or ErrInTheWay, or is about reading a repository. The caller
// closes the Delivery.
func Plan(ctx context.Context, o Options) (_ *Delivery, err error) {
	project, err := git.OpenAbove(o.Dir)
	if err != nil {
		return nil, err
	}
	d := &Delivery{repo: project}
	for _, s := range o.Stages {
		d.Branches = append(d.Branches, Branch{Name: o.Prefix + s.Name, Stage: s.Name, Ref: heads + o.Prefix + s.Name})
	}
	if name := d.Branches[0].Name; !git.IsBranchName(name) { // names of stages are plain, so the prefix decides
		return nil, fmt.Errorf("%q is %w, see `git help check-ref-format`", name, ErrName)
	}
	if d.Source, err = source(ctx, project); err != nil {
		return nil, err
	}
	if o.Repo != "" {
		if d.repo, d.path, err = git.Find(o.Repo); err != nil {
			return nil, err
		}
	}
	d.Dirty, d.DirtyErr = project.Status(ctx)
	if d.dir, err = os.MkdirTemp("", "composer-deliver-"); err != nil {
		return nil, err
	}
	d.made = project.Quarantine(d.dir)
	if err := d.makeCommits(ctx, o.Stages); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	if d.repo != nil {
		if err := d.find(ctx); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	return d, nil
}

// Close removes the temporary directory.
func (d *Delivery) Close() error { return files.RemoveAll(d.dir) }

// source returns the commit to deliver, as Plan describes it.
func source(ctx context.Context, project *git.Repository) (string, error) {
	if _, err := project.Output(ctx, nil, "rev-parse", "--verify", "-q", "HEAD"); err != nil {
		return "", fmt.Errorf("%w: it has no commit yet, and composer delivers the last one", ErrNoProject)
	}
	history, err := project.Text(ctx, "", "log", "--first-parent", "--format=%H %T", "HEAD")
	if err != nil {
		return "", fmt.Errorf("read HEAD: %w", err)
	}
	var oldest, tree string
	for line := range strings.Lines(history) {
		commit, its, _ := strings.Cut(strings.TrimSpace(line), " ")
		if oldest != "" && its != tree {
			break
		}
		oldest, tree = commit, its
	}
	return oldest, nil
}

// makeCommits makes the commit of each branch.
func (d *Delivery) makeCommits(ctx context.Context, stages []Stage) error {
	commit, err := d.made.Read(ctx, "commit", d.Source)
	if err != nil {
		return err
	}
	author := ""
	for line := range strings.Lines(commit) {
		if rest, ok := strings.CutPrefix(line, "author "); ok {
			author = rest
			break
		}
	}
	c, err := d.readContent(ctx)
	if err != nil {
		return err
	}
	for i, s := range stages {
		tree, err := d.stageTree(ctx, c, s.Name, stages)
		if err == nil {
			text := fmt.Sprintf("tree %s\nparent %s\nauthor %scommitter %s\n%s: %s\n\nMade by: composer deliver\n", tree, d.Source, author, author, s.Name, s.Summary)
			d.Branches[i].Commit, err = d.made.WriteObject(ctx, "commit", text)
		}
		if err != nil {
			return fmt.Errorf("make %s: %w", s.Name, err)
		}
	}
	return nil
}

// find notes which commits the branches have in the repository that Write will write to.
func (d *Delivery) find(ctx context.Context) error {
	refs, err := d.repo.Refs(ctx, heads)
	if err != nil {
		return err
	}
	for i := range d.Branches {
		b := &d.Branches[i]
		text, _ := files.ReadRegular(filepath.Join(d.repo.Common, filepath.FromSlash(b.Ref)), maxRef) // one that leads nowhere is not in refs
		if target, ok := strings.CutPrefix(string(text), "ref: "); ok {
			return fmt.Errorf("branch %s %w: it is another name of %s", b.Name, ErrInTheWay, strings.TrimPrefix(strings.TrimSpace(target), heads))
		}
		at := slices.IndexFunc(refs, func(r git.Ref) bool { return r.Name == b.Ref })
		if at >= 0 {
			b.Found = refs[at].Commit
		}
	}
	return nil
}

// Changes returns the branches that do not have their new commit yet.
func (d *Delivery) Changes() []Branch {
	return slices.DeleteFunc(slices.Clone(d.Branches), func(b Branch) bool { return b.Found == b.Commit })
}

// Write writes the branches that Changes returns: all of them or, with an error, none.
//
// Without force, it refuses to replace a branch that holds something else (ErrOtherCommit). In any case it refuses to
// move a branch that a work tree has checked out (ErrCheckedOut) and to make a branch whose name is a folder of another
// one's (ErrInTheWay). It also fails if another process moves one of the branches at the same time.
//
// A new repository gets the source as branch main, checked out, and appears as a whole or not at all. A bare repository
// without commits gets the source as the branch that its HEAD names.
func (d *Delivery) Write(ctx context.Context, force bool) error {
	changes := d.Changes()
	if d.repo == nil {
		if err := d.create(ctx, changes); err != nil {
			return fmt.Errorf("make the repository %s: %w", d.path, err)
		}
		return nil
	}
	if len(changes) == 0 {
		return nil
	}
	if err := d.check(ctx, changes, force); err != nil {
		return err
	}
	return d.write(ctx, d.repo, changes)
}

func (d *Delivery) check(ctx context.Context, changes []Branch, force bool) error {
	taken, err := checkedOut(d.repo)
	if err != nil {
		return err
	}
	refs, err := d.repo.Refs(ctx, heads)
	if err != nil {
		return err
	}
	var others []string
	for _, b := range changes {
		if where, ok := taken[b.Ref]; ok {
			return fmt.Errorf("branch %s %w in %s: switch to another one there first", b.Name, ErrCheckedOut, where)
		}
		if b.Found != "" {
			others = append(others, b.Name)
		}
		for _, r := range refs {
			if strings.HasPrefix(r.Name, b.Ref+"/") || strings.HasPrefix(b.Ref, r.Name+"/") {
				return fmt.Errorf("branch %s %w of %s: git keeps branches as files in folders", strings.TrimPrefix(r.Name, heads), ErrInTheWay, b.Name)
			}
		}
	}
	if len(others) > 0 && !force {
		return fmt.Errorf("%w: %s", ErrOtherCommit, strings.Join(others, ", "))
	}
	return nil
}

// checkedOut returns the branches that a work tree of the repository has checked out, rebases or bisects, by full name,
// and the root of that work tree (gitrepository-layout(5)).
func checkedOut(r *git.Repository) (map[string]string, error) {
	trees := map[string]string{} // roots by git directory
	if !r.Bare {
		trees[r.Common] = r.MainTree()
	}
	linked, err := os.ReadDir(filepath.Join(r.Common, "worktrees"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	for _, e := range linked {
		dir := filepath.Join(r.Common, "worktrees", e.Name())
		text, _ := files.ReadRegular(filepath.Join(dir, "gitdir"), maxRef) // only for the message
		trees[dir] = filepath.Dir(strings.TrimSpace(string(text)))
	}
	taken := map[string]string{}
	for dir, root := range trees {
		for _, name := range []string{"HEAD", "rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"} {
			text, err := files.ReadRegular(filepath.Join(dir, filepath.FromSlash(name)), maxRef)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
			ref := strings.TrimPrefix(strings.TrimSpace(string(text)), "ref: ")
			if name == "BISECT_START" {
				ref = heads + ref
			}
			taken[ref] = root
		}
	}
	return taken, nil
}

// write copies the objects that the changes need into r and writes the branches.
func (d *Delivery) write(ctx context.Context, r *git.Repository, branches []Branch) error {
	changes := make([]git.Change, len(branches))
	for i, b := range branches {
		changes[i] = git.Change{Ref: b.Ref, Old: b.Found, New: b.Commit}
	}
	if head, ok := unbornHead(ctx, r); ok && r.Bare && !slices.ContainsFunc(changes, func(c git.Change) bool { return c.Ref == head }) {
		changes = append(changes, git.Change{Ref: head, New: d.Source}) // or a clone would check nothing out
	}
	err := d.made.Push(ctx, r.Dir, d.Source, changes)
	if err != nil && d.written(ctx, r, branches) {
		return nil // another delivery did it meanwhile
	}
	return err
}

// written reports whether all branches have their new commits.
func (d *Delivery) written(ctx context.Context, r *git.Repository, branches []Branch) bool {
	refs, err := r.Refs(ctx, heads)
	return err == nil && !slices.ContainsFunc(branches, func(b Branch) bool { return !slices.Contains(refs, git.Ref{Name: b.Ref, Commit: b.Commit}) })
}

// unbornHead returns the branch that HEAD names, if it has no commit.
func unbornHead(ctx context.Context, r *git.Repository) (string, bool) {
	head, err := r.Text(ctx, "", "symbolic-ref", "-q", "HEAD")
	if err != nil {
		return "", false
	}
	_, err = r.Output(ctx, nil, "rev-parse", "--verify", "-q", "HEAD")
	return head, err != nil
}

// create makes a repository with the branches at d.path, which is missing or an empty directory. The source becomes its
// branch main, which is checked out. The repository is made beside the path and moved there as a whole.
func (d *Delivery) create(ctx context.Context, branches []Branch) (err error) {
	if err := os.MkdirAll(filepath.Dir(d.path), 0o777); err != nil {
		return err
	}
	around, err := os.MkdirTemp(filepath.Dir(d.path), ".deliver-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.RemoveAll(around)) }()
	r := &git.Repository{Dir: around}
	if _, err := r.Output(ctx, nil, "init", "-q", "--template=", "-b", "unborn", "repository"); err != nil {
		return err
	}
	r.Dir = filepath.Join(around, "repository") // on a branch that is not pushed: git refuses to push the one that is checked out
	main := Branch{Ref: heads + "main", Commit: d.Source}
	if err := d.write(ctx, r, append(slices.Clone(branches), main)); err != nil {
		return err
	}
	if _, err := r.Output(ctx, nil, "checkout", "-q", "main"); err != nil {
		return err
	}
	// os.Rename replaces no directory, and os.Remove removes none that has been filled meanwhile.
	if err := os.Remove(d.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Rename(r.Dir, d.path)
}
