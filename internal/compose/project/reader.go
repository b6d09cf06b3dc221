package project

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// reader reads the files of a project.
type reader struct {
	*Project
	left   int              // values that may still be copied
	full   bool             // a problem says that the limit is reached
	parsed map[string]*File // by path
	pools  map[string]*pool // by path
	// imported are the results of included files, by their paths, folder and variables.
	imported map[string]*yaml.Node
	opening  []string // files that are being included, to find circles
}

// read reads the text of a file by get, unless it has one, and notes it.
func (r *reader) read(f *File, get func(name string, limit int64) ([]byte, error)) error {
	if len(r.Files) == maxFiles {
		return fmt.Errorf("%s: a project has at most %d files", f.Name, maxFiles)
	}
	if f.Text == nil {
		content, err := get(f.Name, MaxFile)
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, files.Cause(err))
		}
		f.Text = content
	}
	r.Files = append(r.Files, f)
	r.parsed[key(f.Name)] = f
	return nil
}

func key(name string) string {
	if path, err := filepath.Abs(name); err == nil {
		return path
	}
	return name
}

// open returns the file of a path that a node names, or nil after it has noted a fault.
func (r *reader) open(at *yaml.Node, path string) *File {
	if f := r.parsed[key(path)]; f != nil {
		return f
	}
	if r.options.Alone {
		r.fault(at, OtherFault, "%s is another file, and this one has to be whole: `docker compose config --no-interpolate` writes it so", path)
		return nil
	}
	f := &File{Name: path}
	if err := r.read(f, files.ReadRegular); err != nil {
		r.fault(at, MissingFile, "%s", strings.Replace(err.Error(), path, at.Value, 1))
		return nil
	}
	return f
}

func (r *reader) fault(at *yaml.Node, kind FaultKind, format string, args ...any) {
	const most = 100
	r.Partial = r.Partial || kind == MissingFile || kind == TooLarge
	if len(r.Faults) < most {
		r.Faults = append(r.Faults, Fault{r.Place(at), text.Line(fmt.Sprintf(format, args...)), kind})
	}
}

// documents returns the roots of a file's YAML documents, which are mappings. A file without any adds nothing to the
// files beside it. The nodes are those of the file, and their
// origin is noted by copy.
func (r *reader) documents(f *File) ([]*yaml.Node, error) {
	if err := yamltree.CheckText(f.Text); err != nil {
		if excess, ok := errors.AsType[*yamltree.LimitError](err); ok {
			err = f.fail(excess.Node.Line, excess.Node.Column, excess.Message)
		}
		return nil, err
	}
	var all []*yaml.Node
	for document, err := range yamltree.Documents(f.Text) {
		if err != nil {
			line, column, message := yamltree.DescribeSyntaxError(f.Text, err)
			return nil, f.fail(line, column, message)
		}
		root := document.Content[0]
		if yamltree.IsNull(root) {
			continue
		}
		if root.Kind != yaml.MappingNode {
			return nil, f.fail(root.Line, root.Column, "want a mapping with services, not "+yamltree.KindName(root))
		}
		root.HeadComment, root.FootComment = document.HeadComment, document.FootComment // outside of all its keys
		all = append(all, root)
	}
	return all, nil
}

// layer is a document of a file without aliases and merge keys.
type layer struct {
	file *File
	root *yaml.Node
	// tagged are the paths of values with !reset or !override, which replace what is there.
	tagged [][]string
}

// isFull reports whether no more values may be copied, and notes that once, at a node.
func (r *reader) isFull(at *yaml.Node) bool {
	if r.left >= 0 {
		return false
	}
	if !r.full {
		r.fault(at, TooLarge, "up to here the project has more than %d values", maxValues)
	}
	r.full = true
	return true
}

// copy returns a copy of a node with aliases and merge keys written out. A value with !reset is nil.
func (r *reader) copy(n *yaml.Node, path []string, l *layer) *yaml.Node {
	n = yamltree.Follow(n)
	if n.Tag == "!reset" {
		l.tagged = append(l.tagged, path)
		return nil
	}
	if r.left--; r.isFull(n) {
		return nil
	}
	c := &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value, Line: n.Line, Column: n.Column}
	if n.Tag == "!override" {
		l.tagged = append(l.tagged, path)
		c.Tag, c.Style = "", c.Style&^yaml.TaggedStyle
	}
	if yamltree.IsNull(c) {
		c.Value = "null" // the encoder writes "" as a text
	}
	r.note(c, l.file)
	switch n.Kind {
	case yaml.MappingNode:
		for k, v := range entries(n) {
			name := &yaml.Node{Kind: k.Kind, Style: k.Style, Tag: k.Tag, Value: k.Value, Line: k.Line, Column: k.Column}
			if value := r.copy(v, append(slices.Clip(path), k.Value), l); value != nil {
				r.note(name, l.file)
				c.Content = append(c.Content, name, value)
			}
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			if value := r.copy(item, append(slices.Clip(path), "[]"), l); value != nil {
				c.Content = append(c.Content, value)
			}
		}
	}
	return c
}

// entries is yamltree.Entries, but first yields the entries whose values have the tag !reset.
func entries(n *yaml.Node) func(yield func(*yaml.Node, *yaml.Node) bool) {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if value := yamltree.Follow(n.Content[i+1]); value.Tag == "!reset" && !yamltree.IsMerge(n.Content[i]) && !yield(yamltree.Follow(n.Content[i]), value) {
				return
			}
		}
		yamltree.Entries(n)(yield)
	}
}

func (r *reader) note(n *yaml.Node, f *File) {
	if f != r.Files[0] {
		r.origin[n] = f
	}
}

// scope is where the names in a file are looked up.
type scope struct {
	dir         string // where the relative paths of the files begin
	base        string // dir, relative to the folder of the project
	environment map[string]string
}

// layers reads files of a scope and lays each over the ones before it.
func (r *reader) layers(all []*File, s scope) (*yaml.Node, error) {
	var root *yaml.Node
	for _, f := range all {
		documents, err := r.documents(f)
		if err != nil {
			return nil, err
		}
		for _, document := range documents {
			l := &layer{file: f}
			l.root = r.copy(document, nil, l)
			if l.root == nil {
				return root, nil
			}
			r.include(l, s)
			if root != nil {
				l.reset(root)
			}
			r.extend(l, s)
			if root == nil {
				root = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1, Column: 1}
				r.note(root, f)
			}
			root = r.merge(root, l.root, nil)
		}
	}
	if root == nil && len(r.opening) == 0 {
		return nil, all[0].fail(1, 1, "there is nothing in it: want a mapping with services")
	}
	return root, nil
}

// reset deletes what the layer's tags take away from a tree.
func (l *layer) reset(root *yaml.Node) {
	for _, path := range l.tagged {
		if len(path) == 0 {
			continue
		}
		if parent := yamltree.Get(root, path[:len(path)-1]...); parent != nil {
			remove(parent, path[len(path)-1])
		}
	}
}

func remove(mapping *yaml.Node, name string) {
	if i := indexOf(mapping, name); i >= 0 {
		mapping.Content = append(mapping.Content[:i:i], mapping.Content[i+2:]...)
	}
}
