// Package project reads several Compose files as the one project that Compose makes of them: files laid over each other,
// what they include, and what their services extend. The project is one tree of YAML nodes, and each node knows the file
// that it is from.
package project

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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
	// Faults say which parts could not be read or merged. Root lacks these parts.
	Faults []Fault
	// Partial reports that another file has parts that Root lacks.
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
	for n := range yamltree.All(root) {
		if n.Tag == "!reset" || n.Tag == "!override" {
			return true
		}
	}
	return false
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
	return types.Mapping(environment).Resolve
}

// remote reports whether a path is an address, which is not read.
func remote(path string) bool {
	return strings.Contains(path, "://") || strings.HasPrefix(path, "git@") || strings.HasPrefix(path, "github.com/") || strings.HasPrefix(path, "oci:")
}
