package deliver

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/memory"
)

// objects reads objects of the project and of the delivery. The delivery's are only in memory.
type objects struct {
	storer.EncodedObjectStorer
	made *memory.Storage
}

// EncodedObject implements storer.EncodedObjectStorer.
func (o objects) EncodedObject(t plumbing.ObjectType, h plumbing.Hash) (plumbing.EncodedObject, error) {
	if obj, err := o.made.EncodedObject(t, h); err == nil {
		return obj, nil
	}
	return o.EncodedObjectStorer.EncodedObject(t, h)
}

func (o objects) put(from object.Object) (plumbing.Hash, error) {
	obj := o.made.NewEncodedObject()
	if err := from.Encode(obj); err != nil {
		return plumbing.ZeroHash, err
	}
	return o.made.SetEncodedObject(obj)
}

func (o objects) putBlob(content string) (plumbing.Hash, error) {
	obj := new(plumbing.MemoryObject)
	obj.SetType(plumbing.BlobObject)
	_, _ = obj.Write([]byte(content)) // in memory, it cannot fail
	return o.made.SetEncodedObject(obj)
}

// copyObjects copies the commits and every object that they reach into r, as one pack, without those that r has.
func (d *Delivery) copyObjects(ctx context.Context, r *repository, commits []plumbing.Hash) error {
	w := walk{ctx: ctx, from: d.made, to: r, atHome: r == d.project, seen: map[plumbing.Hash]bool{}}
	var err error
	if w.shallow, err = d.project.Storer.Shallow(); err != nil {
		return err
	}
	for _, c := range commits {
		if err = w.commits(c); err != nil {
			break
		}
	}
	if err == nil && len(w.missing) > 0 {
		err = r.writePack(d.made, w.missing)
	}
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return fmt.Errorf("%w: %w: after a partial clone, `git fetch --refetch --no-filter` brings the rest", ErrIncomplete, err)
	}
	if err != nil {
		return err
	}
	if r == d.project {
		return nil
	}
	before, err := r.Storer.Shallow()
	if err != nil {
		return err
	}
	cut := slices.DeleteFunc(w.cut, func(h plumbing.Hash) bool { return slices.Contains(before, h) })
	if len(cut) > 0 {
		err = r.Storer.SetShallow(append(before, cut...))
	}
	return err
}

// writePack stores objects as one pack. If it fails, it leaves nothing behind.
func (r *repository) writePack(from storer.EncodedObjectStorer, hashes []plumbing.Hash) error {
	packs, ok := r.Storer.(storer.PackfileWriter)
	if !ok {
		return errors.New("the repository takes no packs")
	}
	pack, err := packs.PackfileWriter()
	if err != nil {
		return err
	}
	const window = 10 // as git's pack.window
	_, err = packfile.NewEncoder(pack, from, false).Encode(hashes, window)
	if closeErr := pack.Close(); err == nil {
		err = closeErr // after an error of Encode, Close only says that the pack ends too early
	}
	return err
}

// walk follows commits to every object that they reach and collects those that are missing in a repository. It looks at
// everything, because a repository may have an object and not the objects that it refers to. In the project's own
// repository only new objects can be missing: a partial clone has the other ones or knows where to get them.
type walk struct {
	ctx     context.Context
	from    objects
	to      *repository
	atHome  bool            // to is the project's repository
	shallow []plumbing.Hash // commits whose parents are not in from
	seen    map[plumbing.Hash]bool

	missing []plumbing.Hash
	cut     []plumbing.Hash // shallow commits whose parents are missing in to, too
}

func (w *walk) see(h plumbing.Hash) (before bool) {
	if w.seen[h] {
		return true
	}
	w.seen[h] = true
	if w.atHome && w.from.made.HasEncodedObject(h) != nil {
		return true
	}
	if w.to.Storer.HasEncodedObject(h) != nil {
		w.missing = append(w.missing, h)
	}
	return false
}

// commits walks the history with a list instead of recursion: a history may be deeper than a stack should be.
func (w *walk) commits(first plumbing.Hash) error {
	for todo := []plumbing.Hash{first}; len(todo) > 0; {
		h := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if w.see(h) {
			continue
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
		c, err := object.GetCommit(w.from, h)
		if err != nil {
			return err
		}
		if err := w.tree(c.TreeHash); err != nil {
			return err
		}
		if !slices.Contains(w.shallow, h) {
			todo = append(todo, c.ParentHashes...)
		} else if slices.ContainsFunc(c.ParentHashes, func(p plumbing.Hash) bool { return w.to.Storer.HasEncodedObject(p) != nil }) {
			w.cut = append(w.cut, h)
		}
	}
	return nil
}

func (w *walk) tree(h plumbing.Hash) error {
	if w.see(h) {
		return nil
	}
	t, err := object.GetTree(w.from, h)
	if err != nil {
		return err
	}
	for _, e := range t.Entries {
		switch e.Mode {
		case filemode.Dir:
			if err := w.tree(e.Hash); err != nil {
				return err
			}
		case filemode.Submodule: // a commit of another repository
		default:
			w.see(e.Hash)
		}
	}
	return nil
}
