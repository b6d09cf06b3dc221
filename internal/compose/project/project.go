// Package project reads several Compose files as the one project that Compose makes of them: files laid over each other,
// what they include, and what their services extend. The project is one tree of YAML nodes, and each node knows the file
// that it is from.
package project

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// Limits of a project.
const (
	MaxFile   = 4 << 20 // bytes of a file; Compose itself gives up at 100,000 values, which is about a quarter of that
	maxFiles  = 200
	maxValues = yamltree.MaxValues
)

// File is a Compose file. Text is nil for a file that is yet to be read.
type File struct {
	// Name is the path of the file, or what messages call it.
	Name string
	Text []byte
}

// fail returns an error about a place in the file.
func (f *File) fail(line, column int, message string) error {
	return &load.Error{Place: text.Place{File: f.Name, Line: line, Column: column}, Message: message}
}

// Options say how a project is read.
type Options struct {
	// Dir is the folder in which relative paths begin. Compose takes the first file's folder.
	Dir string
	// Environment is where variables have their values. If it is nil, they have their defaults.
	Environment map[string]string
	// Alone refuses to read files that the given ones include or extend.
	Alone bool
}

// Project is several Compose files as one.
type Project struct {
	// Root is the mapping at the root of the project, without aliases, merge keys, include and extends. For a single
	// file that combines nothing, it is the root of the file itself.
	Root *yaml.Node
	// Files are the files that were read, each once.
	Files []*File
	// Faults say what could not be read or merged. Root lacks it.
	Faults []Fault
	// Partial reports that Root lacks parts that another file has.
	Partial bool

	options Options
	made    bool                 // Root is not that of a file, but made of copies
	origin  map[*yaml.Node]*File // of nodes that are not from Files[0]
}

// Place returns the place of a node of Root.
func (p *Project) Place(n *yaml.Node) text.Place {
	return text.Place{File: p.File(n).Name, Line: n.Line, Column: n.Column}
}

// File returns the file that a node of Root is from.
func (p *Project) File(n *yaml.Node) *File {
	if f := p.origin[n]; f != nil {
		return f
	}
	return p.Files[0]
}

// Read reads files as Compose does: each one is laid over the ones before it. Read returns an error only for a file
// that cannot be read, or is not YAML. Faults has everything else that Compose would refuse.
func Read(all []*File, o Options) (*Project, error) {
	p := &Project{options: o, origin: map[*yaml.Node]*File{}}
	r := &reader{Project: p, left: maxValues, parsed: map[string]*File{}, pools: map[string]*pool{}, imported: map[string]*yaml.Node{}}
	if o.Dir == "" {
		o.Dir = "."
	}
	for _, f := range all {
		if err := r.read(f, files.Read); err != nil {
			return nil, err
		}
	}
	if len(all) == 1 {
		documents, err := r.documents(all[0])
		if err != nil {
			return nil, err
		}
		if len(documents) == 1 && !Combines(documents[0]) {
			p.Root = documents[0]
			return p, nil
		}
	}
	root, err := r.layers(all, scope{dir: o.Dir, base: ".", environment: o.Environment})
	if err != nil {
		return nil, err
	}
	p.Root, p.made = root, true
	return p, nil
}

// Combines reports whether Compose has to combine a document with something: it includes files, has a service that
// extends another, or has the tag !reset or !override.
func Combines(root *yaml.Node) bool {
	if yamltree.Get(root, "include") != nil {
		return true
	}
	for _, kind := range []string{"services", "jobs"} {
		for _, service := range yamltree.Entries(yamltree.Get(root, kind)) {
			if yamltree.Get(service, "extends") != nil {
				return true
			}
		}
	}
	return tagged(root)
}

func tagged(n *yaml.Node) bool {
	if n.Tag == "!reset" || n.Tag == "!override" {
		return true
	}
	return slices.ContainsFunc(n.Content, tagged)
}

// Load returns the project as compose-go loads it. An error about the project is a *load.Error or a *Fault, with the file
// and place that the value is from.
func (p *Project) Load(ctx context.Context, o load.Options) (*types.Project, error) {
	if len(p.Faults) > 0 {
		return nil, &p.Faults[0]
	}
	o.File = p.Files[0].Name
	if excess := load.CheckLimits(p.Root, p.lookup(o.Environment)); excess != nil {
		return nil, &load.Error{Place: p.Place(excess.Node), Message: excess.Message}
	}
	content, err := p.Text()
	if err != nil {
		return nil, err
	}
	o.Place = func(path []string) (text.Place, bool) {
		if n := load.Node(p.Root, path); n != nil {
			return p.Place(n), true
		}
		return text.Place{}, false
	}
	return load.Load(ctx, content, o)
}

// Text returns the project as one Compose file: its only file as it is, or else YAML made of Root.
func (p *Project) Text() ([]byte, error) {
	if !p.made {
		return p.Files[0].Text, nil
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	if err := errors.Join(encoder.Encode(p.Root), encoder.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", p.Files[0].Name, err)
	}
	return b.Bytes(), nil
}

func (p *Project) lookup(environment map[string]string) vars.Lookup {
	if environment == nil {
		return nil
	}
	return func(name string) (string, bool) { value, ok := environment[name]; return value, ok }
}

// reader reads the files of a project.
type reader struct {
	*Project
	left   int              // values that may still be copied
	full   bool             // a problem says that the limit is reached
	parsed map[string]*File // by path
	pools  map[string]*pool // by path
	// imported are what included files make, by their paths, folder and variables.
	imported map[string]*yaml.Node
	opening  []string // files that are being included, to find circles
}

// read reads the text of a file by get, unless it has one, and notes it.
func (r *reader) read(f *File, get func(name string, limit int64) ([]byte, error)) error {
	if len(r.Files) == maxFiles {
		return fmt.Errorf("%s: a project of more than %d files is not read", f.Name, maxFiles)
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

// documents returns the roots of a file's YAML documents, which are mappings. The nodes are those of the file, and their
// origin is noted by copy.
func (r *reader) documents(f *File) ([]*yaml.Node, error) {
	if err := yamltree.CheckText(f.Text); err != nil {
		if excess, ok := errors.AsType[*yamltree.LimitError](err); ok {
			err = f.fail(excess.Node.Line, excess.Node.Column, excess.Message)
		}
		return nil, err
	}
	var all []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(f.Text))
	for {
		var document yaml.Node
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			break
		}
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
		all = append(all, root)
	}
	if len(all) == 0 {
		return nil, f.fail(1, 1, "there is nothing in it: want a mapping with services")
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

// entries is yamltree.Entries with values that have the tag !reset.
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
	if mapping.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			mapping.Content = append(mapping.Content[:i:i], mapping.Content[i+2:]...)
			return
		}
	}
}

// remote reports whether a path is an address, which is not read.
func remote(path string) bool {
	return strings.Contains(path, "://") || strings.HasPrefix(path, "git@") || strings.HasPrefix(path, "github.com/") || strings.HasPrefix(path, "oci:")
}
