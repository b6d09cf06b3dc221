package existing

import (
	"context"
	"maps"
	"strconv"

	"github.com/tp0-lab/composer/internal/compose/diff"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/template/bundle"
)

// comparison compares bundles with a file.
type comparison struct {
	dir         string
	environment map[string]string
	want        diff.Text
}

// read reads the file. Each variable has a number of its own as its value if Compose takes the file so, because two that are
// empty look alike; else all are empty, and else none is set.
func (c *comparison) read(ctx context.Context, name, content string) (err error) {
	numbered, empty := map[string]string{}, map[string]string{}
	for v := range vars.All(content) {
		if _, ok := numbered[v.Name]; !ok && v.Name != "" {
			numbered[v.Name], empty[v.Name] = strconv.Itoa(len(numbered)+1), ""
		}
	}
	for _, c.environment = range []map[string]string{numbered, empty, {}} {
		c.want, err = diff.Normalize(ctx, diff.Text{Name: name, Content: content}, c.dir, maps.Clone(c.environment), false)
		if err == nil {
			return nil
		}
	}
	return err
}

// differs renders a bundle, and returns the path of the first difference from the file, or "".
func (c *comparison) differs(ctx context.Context, b *Bundle) (at string, err error) {
	opened, err := bundle.Open(b.FS())
	if err != nil {
		return "", err
	}
	got, err := rendered(opened)
	if err != nil {
		return "", err
	}
	made, err := diff.Normalize(ctx, diff.Text{Name: "the bundle", Content: string(got)}, c.dir, maps.Clone(c.environment), false)
	if err != nil {
		return "", err
	}
	changes, err := diff.Changes(c.want, made)
	if err != nil || len(changes) == 0 {
		return "", err
	}
	return changes[0].Path, nil
}
