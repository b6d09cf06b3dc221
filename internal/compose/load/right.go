package load

import (
	"maps"
	"slices"

	"github.com/compose-spec/compose-go/v2/interpolation"
	"github.com/compose-spec/compose-go/v2/tree"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/specification"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// survey is what a text has that tells what compose-go need not do.
type survey struct {
	roots  []*yaml.Node // of its documents
	keys   map[string]bool
	tagged bool // it has tags of Compose or of others
	broken bool // it is not YAML
}

// surveyOf surveys a text that has been found within the limits.
func surveyOf(text []byte) survey {
	s := survey{keys: map[string]bool{}}
	for document, err := range yamltree.Documents(text) {
		if s.broken = err != nil; s.broken {
			break
		}
		s.roots = append(s.roots, document.Content[0])
		s.walk(document.Content[0])
	}
	return s
}

func (s *survey) walk(n *yaml.Node) {
	s.tagged = s.tagged || n.Style&yaml.TaggedStyle != 0
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			s.keys[yamltree.Follow(child).Value] = true
		}
		s.walk(child)
	}
}

// isRight reports whether compose-go's schema allows a text for sure, so that compose-go need not compile it. That takes
// one document, into which compose-go merges nothing before it asks the schema.
func (o Options) isRight(s survey, lookup vars.Lookup) bool {
	if o.Resolve { // compose-go makes paths absolute before the last of its checks
		return false
	}
	if len(s.roots) != 1 || s.broken || s.tagged || slices.ContainsFunc([]string{"extends", "include", "x-develop", "x-initialSync"}, s.has) {
		return false
	}
	if yamltree.Get(s.roots[0], "version") != nil { // it is dropped after the schema has seen it
		return false
	}
	return specification.Fits(s.roots[0], func(text string) (string, bool) { return vars.Fill(text, lookup) })
}

func (s survey) has(key string) bool { return s.keys[key] }

// casts returns those of compose-go's types for texts that a text has keys for: compose-go compares the path of each text
// with all of them.
func (o Options) casts(all map[tree.Path]interpolation.Cast, s survey) map[tree.Path]interpolation.Cast {
	if s.broken || !o.Alone && (s.has("extends") || s.has("include")) { // there are other files
		return all
	}
	some := maps.Clone(all)
	maps.DeleteFunc(some, func(path tree.Path, _ interpolation.Cast) bool {
		return slices.ContainsFunc(path.Parts(), func(part string) bool {
			return part != tree.PathMatchAll && part != tree.PathMatchList && !s.has(part)
		})
	})
	return some
}
