package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// notice is a key that nobody reads: what there is to say of it, around its name.
type notice struct {
	value         Value
	before, after string
	// near is what may have been meant, or empty.
	near string
}

// Unknown returns a sentence for each key of a file that is no variable of T,
// or that is one in a section that is not read, and for each variable of the
// environment that begins with prefix and is none; each names the nearest that
// there is, as people write it in that place. A key of a file that is known and
// has no value gets one, too.
func Unknown[T any](prefix string, layers ...Layer) []string {
	var sentences []string
	for _, n := range notices[T](prefix, layers) {
		sentences = append(sentences, n.before+n.value.Key+" in "+n.value.Origin()+n.after+didYouMean(n.near))
	}
	return sentences
}

func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return ", did you mean " + near + "?"
}

// notices are those of all layers, each in the order of its lines.
func notices[T any](prefix string, layers []Layer) (all []notice) {
	variables := map[string]string{} // by themselves
	paths := map[string]string{}     // of a file, by variable
	fields := fieldsOf[T]()
	for _, f := range fields {
		variable := f.Tag.Get("env")
		variables[variable] = variable
		if key := f.Tag.Get("key"); key != "" {
			paths[variable] = key
		}
	}
	for _, layer := range layers {
		inOrder := slices.SortedFunc(maps.Keys(layer), func(a, b string) int {
			return cmp.Or(cmp.Compare(layer[a].Line, layer[b].Line), cmp.Compare(a, b))
		})
		for _, variable := range inOrder {
			v := layer[variable]
			_, known := variables[strings.ToUpper(v.Key)]
			if v.Section != "" {
				if known {
					all = append(all, notice{value: v, after: fmt.Sprintf(" is in section [%s], and only [%s] is read", v.Section, iniSection)})
				}
				continue // the rest is other programs'
			}
			_, known = variables[variable]
			group := len(groupOf(fields, v)) > 0
			switch {
			case v.File != "" && v.Text == "" && (known || group):
				all = append(all, notice{value: v, after: " has no value: it counts as not set"})
				continue
			case known, v.File == "" && !strings.HasPrefix(variable, prefix):
				continue
			case group:
				continue // Parse refuses it
			}
			names := variables
			if v.File != "" && len(paths) > 0 {
				names = paths
			}
			all = append(all, notice{value: v, before: "unknown key ", near: names[nearestKnown(variable, prefix, names)]})
		}
	}
	return all
}

// nearestKnown returns the known variable that ends in the name's words, or the
// one that is nearest to it.
func nearestKnown(name, prefix string, known map[string]string) string {
	names := slices.Sorted(maps.Keys(known))
	for _, candidate := range names {
		if strings.HasSuffix(candidate, "_"+strings.TrimPrefix(name, prefix)) {
			return candidate
		}
	}
	return text.Nearest(name, names)
}
