package bundle

import (
	"fmt"
	"path"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// Base is a Compose file over which the rendered document of a stage is laid.
type Base struct {
	// Name is the name of the file in messages: its path, or the origin of the value that has its text.
	Name string
	Text []byte
}

// base reads the base of a stage's row: the name of a file, or {value: PATH}.
func (r *tableReader) base(stage string, row *values.Node) *values.Node {
	field := row.Fields["base"]
	switch {
	case field == nil:
		return nil
	case field.Fields != nil:
		prefix := fmt.Sprintf("stage %q: base: ", stage)
		r.checkKeys(field, prefix, "value")
		if r.text(field, "value") == "" {
			r.fail(field, "%swant {value: PATH}, the value whose text is a Compose file", prefix)
		}
	default:
		if name := r.text(row, "base"); name == "" || path.Base(name) != name || name == "." || name == ".." {
			r.fail(field, "stage %q: base: %q: want the name of a file of the bundle, or {value: PATH}", stage, name)
		}
	}
	return field
}

// baseOf returns the base of a stage, or else the base of the stage that it extends, or nil.
func (b *Bundle) baseOf(stage string) (*values.Node, error) {
	s, err := b.Stage(stage)
	if err != nil {
		return nil, err
	}
	for s.base == nil && s.extends != "" {
		s, _ = b.Stage(s.extends) // readTable has found it
	}
	return s.base, nil
}

// UnusedBase returns the place where the table names the base of a stage, if the bundle's target ignores bases: only
// the target Compose uses them. Otherwise it returns "".
func (b *Bundle) UnusedBase(stage string) string {
	base, err := b.baseOf(stage)
	if err != nil || base == nil || b.Target == Compose {
		return ""
	}
	return base.Origin.String()
}

// Base returns the Compose file over which a stage is laid, or nil. merged are the stage's values. Its errors have a place.
func (b *Bundle) Base(stage string, merged *values.Node) (*Base, error) {
	base, err := b.baseOf(stage)
	if base == nil || err != nil {
		return nil, err
	}
	if name, ok := base.Text(); ok {
		content, err := b.Read(name)
		if err != nil {
			return nil, fmt.Errorf("%s: base: %s: %w", base.Origin, b.Path(name), files.Cause(err))
		}
		return &Base{b.Path(name), content}, nil
	}
	at, _ := base.Fields["value"].Text()
	n, err := merged.At(at)
	if err != nil {
		return nil, fmt.Errorf("%s: base: want the path of a value, not %q", base.Origin, at)
	}
	content, ok := "", false
	if n != nil {
		content, ok = n.Text()
	}
	switch {
	case n == nil:
		return nil, fmt.Errorf("%s: base: there is no value %s%s; --set-file %[2]s=compose.yaml makes it the text of a file", base.Origin, at, text.Suggestion(at, merged.Paths()))
	case !ok:
		return nil, fmt.Errorf("%s: base: the value %s is no text; --set-file %[2]s=compose.yaml makes it the text of a file", n.Origin, at)
	}
	return &Base{n.Origin.String(), []byte(content)}, nil
}
