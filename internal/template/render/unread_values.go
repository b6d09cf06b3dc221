package render

import (
	"strings"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// UnreadValues returns the user's values for a stage that most likely no template reads. The templates do not name the
// key of such a value. They name a similar key of its map or, if no template takes the map as a whole, all other keys
// of the map. For a bundle with a schema, UnreadValues returns none.
func (e *Engine) UnreadValues(stage string) []values.Problem {
	added := e.bundle.Added(stage)
	if len(added) == 0 {
		return nil
	}
	words, whole := e.words()
	var unread []values.Problem
	for _, a := range added {
		if words[a.Key] {
			continue
		}
		read := make([]string, 0, len(a.Siblings)) // keys that templates read by their names
		for _, key := range a.Siblings {
			if words[key] {
				read = append(read, key)
			}
		}
		near := text.Nearest(a.Key, read)
		switch {
		case near != "":
			a.What = "no template reads it, did you mean " + strings.TrimSuffix(a.Path, yamltree.EscapeKey(a.Key)) + yamltree.EscapeKey(near) + "?"
		case !whole[a.Map] && len(read) == len(a.Siblings):
			a.What = "no template reads it: have " + strings.Join(read, ", ")
		default:
			continue
		}
		unread = append(unread, a.Problem)
	}
	return unread
}

// words returns the names and texts in the actions of templates. whole has those that may name a map which a template takes
// as a whole: the last name of each chain of fields, and each text. The last name of .Kinds.worker and .Counts.worker does not
// count: it stands for the replicas of a kind and their number, not for the map of values with that name.
func (e *Engine) words() (words, whole map[string]bool) {
	words, whole = map[string]bool{}, map[string]bool{}
	for _, name := range e.bundle.TableKeys() {
		words[name] = true
	}
	for n := range escape.AllNodes(e.parsed.Templates()) {
		if s, ok := n.(*parse.StringNode); ok {
			words[s.Text], whole[s.Text] = true, true
		}
		fields := fieldsIn(n)
		for _, field := range fields {
			words[field] = true
		}
		ofKind := len(fields) == 2 && (fields[0] == "Kinds" || fields[0] == "Counts")
		if len(fields) > 0 && !ofKind {
			whole[fields[len(fields)-1]] = true
		}
	}
	return words, whole
}
