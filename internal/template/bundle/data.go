package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// errForeign is the error for a file that neither the bundle has nor the user names.
var errForeign = errors.New("the bundle has no such file, and no value of yours (--values, --set) names it")

// errNowhere is the error for a file that the user names.
var errNowhere = errors.New("neither the working directory nor the bundle has such a file")

// dataFiles are the paths of the files that templates have asked for.
type dataFiles struct {
	mu    sync.Mutex
	paths map[string]bool
}

func (d *dataFiles) add(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.paths == nil {
		d.paths = make(map[string]bool)
	}
	d.paths[path] = true
}

// ReadFiles returns the paths of the files, other than templates, from which documents are made: the bases of stages,
// and the files that ReadData was asked for.
func (b *Bundle) ReadFiles() []string {
	b.data.mu.Lock()
	defer b.data.mu.Unlock()
	paths := slices.Sorted(maps.Keys(b.data.paths))
	for _, s := range b.Stages {
		if name, ok := s.base.Text(); ok {
			paths = append(paths, b.Path(name))
		}
	}
	return paths
}

// ReadData returns the content of a file for the templates: the file of the bundle at the path name. If a value of the
// user in merged equals name, ReadData first looks for a file at that path from the working directory. The values of
// the built-in bundle count as the user's. The file must be regular and have at most MaxFile bytes. Links that lead out
// of the bundle are not followed.
func (b *Bundle) ReadData(name string, merged *values.Node) ([]byte, error) {
	named := b.named(merged, name)
	if named {
		b.data.add(name)
		content, err := files.ReadRegular(name, MaxFile)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return content, namedFile(name, err)
		}
	}
	inside := path.Clean(name)
	missing := fmt.Errorf("%w%s", errForeign, b.nearFile(inside))
	if named {
		missing = errNowhere
	}
	if !fs.ValidPath(inside) || inside == "." {
		return nil, namedFile(name, missing)
	}
	if b.dir != "" {
		b.data.add(b.Path(inside))
	}
	content, err := b.Read(inside)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, namedFile(name, missing)
	}
	return content, namedFile(b.Path(inside), err)
}

// nearFile returns ", did you mean NAME?" with a file of the bundle in the folder of the path inside, or "".
func (b *Bundle) nearFile(inside string) string {
	if !fs.ValidPath(inside) {
		return ""
	}
	entries, _ := fs.ReadDir(b.files, path.Dir(inside)) // a folder that is missing or closed has no near file
	var names []string
	for _, entry := range entries {
		if entry.Type().IsRegular() {
			names = append(names, path.Join(path.Dir(inside), entry.Name()))
		}
	}
	return text.Suggestion(inside, names)
}

func namedFile(name string, err error) error {
	if err != nil {
		return fmt.Errorf("file %s: %w", name, files.Cause(err))
	}
	return nil
}

// named reports whether one of the values is that text, and does not come from the files of a bundle in a directory.
func (b *Bundle) named(n *values.Node, text string) bool {
	if n == nil {
		return false
	}
	if slices.ContainsFunc(append(entries(n), n.Items...), func(one *values.Node) bool { return b.named(one, text) }) {
		return true
	}
	if n.Scalar != text {
		return false
	}
	own := n.Origin.File == b.source(ValuesFile) || n.Origin.File == b.source(StagesFile)
	return !own || strings.HasPrefix(n.Origin.File, builtIn)
}
