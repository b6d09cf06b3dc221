package render

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/template"

	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/text"
)

var noField = text.LazyRegexp(`(?:can't evaluate field (\w+) in type (?:render\.(Data|Replica)|.+)|nil pointer evaluating interface \{\}\.(\w+))$`)

// named returns a message of text/template with the names that there are, where
// it is that a template reads one that is not.
func named(message string) string {
	found := noField().FindStringSubmatch(message)
	if found == nil {
		return message
	}
	before, field, of := strings.TrimSuffix(message, found[0]), found[1]+found[3], reflect.TypeFor[Data]()
	switch found[2] {
	case "":
		return before + "there is no " + field + " in what is no map"
	case "Replica":
		of = reflect.TypeFor[Replica]()
	}
	var have []string
	for _, f := range reflect.VisibleFields(of) {
		have = append(have, f.Name)
	}
	for method := range of.Methods() {
		have = append(have, method.Name)
	}
	hint := "have ." + strings.Join(slices.Sorted(slices.Values(have)), ", .")
	if near := text.Nearest(field, have); near != "" {
		hint = "did you mean ." + near + "?"
	}
	return before + "there is no ." + field + ": " + hint
}

var noFunction = text.LazyRegexp(`^function "(\w+)" not defined$`)

// ofTemplates are the functions that text/template itself has.
var ofTemplates = []string{
	"and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print", "printf", "println", "slice", "urlquery",
}

// similarFunction returns a suggestion for a message of text/template that there is
// no such function, or "". For those that are left out on purpose there is none.
func similarFunction(message string, funcs template.FuncMap) string {
	found := noFunction().FindStringSubmatch(message)
	if found == nil || slices.Contains(unrepeatable, found[1]) {
		return ""
	}
	if near := text.Nearest(found[1], slices.AppendSeq(slices.Clone(ofTemplates), maps.Keys(funcs))); near != "" {
		return ", did you mean " + near + "?"
	}
	return ""
}

var noEntry = text.LazyRegexp(`(?s)^<(.*)>: map has no entry for key "(\w+)"$`)

// explained adds to an error of text/template that a map lacks a key which one
// may have been meant, or which there are.
func (in input) explained(err error) error {
	placed, ok := errors.AsType[*escape.Error](err)
	if !ok {
		return err
	}
	found := noEntry().FindStringSubmatch(placed.Message)
	if found == nil {
		return err
	}
	own := *placed
	own.Message += in.similarKey(found[1], found[2])
	return &own
}

// similarKey returns a suggestion for a key that is missing in an expression.
func (in input) similarKey(expression, key string) string {
	counts := make(map[string]any, len(in.counts))
	for name, n := range in.counts {
		counts[name] = n
	}
	root := map[string]any{"Values": in.values, "Kinds": counts, "Counts": counts}
	optional := ""
	if of, ok := strings.CutSuffix(expression, "."+key); ok { // nothing more is read of it
		optional = fmt.Sprintf("if it need not be there, write (get %s %q)", cmp.Or(of, "."), key)
	}
	if have := keysAt(root, expression, key); len(have) > 0 {
		const most = 10
		switch near := text.Nearest(key, have); {
		case near != "":
			return ", did you mean " + near + "?"
		case !strings.Contains(expression, ".Values."): // there are kinds, and no more
			return ": have " + strings.Join(have, ", ")
		case len(have) <= most && optional == "":
			return ": have " + strings.Join(have, ", ")
		case len(have) <= most:
			return ": have " + strings.Join(have, ", ") + "; " + optional
		case optional != "":
			return ": " + optional
		}
		return ""
	}
	switch near := text.Nearest(key, allKeys(in.values)); near {
	case "":
		return ""
	case key:
		if optional == "" {
			return "" // it is of an argument of what makes the map
		}
		return ", as others have: " + optional
	default:
		return ", did you mean " + near + "?"
	}
}

// keysAt returns the keys of the map in root in which an expression has a key that
// is not there, or nil if that cannot be told.
func keysAt(root map[string]any, expression, key string) []string {
	here := root
	for i, part := range strings.Split(strings.TrimLeft(expression, "$."), ".") {
		if below, ok := here[part].(map[string]any); ok {
			here = below
			continue
		}
		if part == key && i > 0 {
			return slices.Sorted(maps.Keys(here))
		}
		break
	}
	return nil
}

// allKeys returns the keys of all maps in a value.
func allKeys(value any) (all []string) {
	switch v := value.(type) {
	case map[string]any:
		for key, one := range v {
			all = append(append(all, key), allKeys(one)...)
		}
	case []any:
		for _, one := range v {
			all = append(all, allKeys(one)...)
		}
	}
	return all
}
