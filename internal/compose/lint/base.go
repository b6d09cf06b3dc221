package lint

import (
	"path/filepath"
	"strings"

	"github.com/tp0-lab/composer/internal/files"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// baseOf returns the text of the file that Compose lays the one of that name over:
// compose.yaml if that is compose.override.yaml. It is nil for a missing file.
func baseOf(name string) []byte {
	ext := filepath.Ext(name)
	stem, ok := strings.CutSuffix(strings.TrimSuffix(name, ext), ".override")
	if !ok {
		return nil
	}
	for _, ext := range []string{".yaml", ".yml"} {
		if text, err := files.Read(stem+ext, MaxFile); err == nil {
			return text
		}
	}
	return nil
}

// readBase reads what is in the base, if that can be followed. What is wrong with it
// is for a check of it.
func (d *document) readBase() {
	base := document{Source: Source{Text: d.Base}}
	if len(d.Base) > 0 && base.parse() {
		d.base = base.root
	}
}

// overrides reports whether the base has something of that kind and name.
func (d *document) overrides(kind, name string) bool {
	there := yamltree.Get(d.base, kind)
	if there == nil {
		return false
	}
	_, ok := d.entries(there)[name]
	return ok
}
