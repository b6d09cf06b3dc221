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

// objects are those of the project, and those of the delivery, which are only
// in memory.
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

func (o objects) put(from interface {
	Encode(o plumbing.EncodedObject) error
},
) (plumbing.Hash, error) {
	obj := o.made.NewEncodedObject()
	if err := from.Encode(obj); err != nil {
		return plumbing.ZeroHash, err
	}
	return o.made.SetEncodedObject(obj)
}

func (o objects) putBlob(content []byte) (plumbing.Hash, error) {
	obj := o.made.NewEncodedObject()
	obj.SetType(plumbing.BlobObject)
	w, err := obj.Writer()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if _, err := w.Write(content); err != nil {
		return plumbing.ZeroHash, err
	}
	return o.made.SetEncodedObject(obj)
}

// copyObjects brings into r the commits and what they reach, as far as r does
// not have it, as one pack.
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
	if err == nil {
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
	if len(cut) == 0 {
		return nil
	}
	return r.Storer.SetShallow(append(before, cut...))
}

// writePack stores the objects. It leaves nothing behind if it fails.
func (r *repository) writePack(from storer.EncodedObjectStorer, hashes []plumbing.Hash) error {
	if len(hashes) == 0 {
		return nil
	}
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
		err = closeErr // else it only says that the pack ends too early
	}
	return err
}

// walk goes from commits to all that they reach and collects what is missing.
// That an object is there does not say that what it reaches is, too, so it
// looks at everything; but in the project's own repository, only what was made
// can be missing: a partial clone has the rest, or knows where to get it.
type walk struct {
	ctx     context.Context
	from    objects
	to      *repository
	atHome  bool            // from and to are one repository
	shallow []plumbing.Hash // commits whose parents are not in from
	seen    map[plumbing.Hash]bool

	missing []plumbing.Hash
	cut     []plumbing.Hash // of the shallow ones, those whose parents are missing in to, too
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

// commits goes along the history. It keeps a list of its own: a history may be
// deeper than a stack should be.
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
