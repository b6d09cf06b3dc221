package render

import (
	"cmp"
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

// ownCalls matches what text/template puts before the errors of functions that stand for its own ways to read a value.
// ofKind matches an expression that has the name of a kind.
var (
	ownCalls = text.LazyRegexp(`^(<.*>: )error calling (?:_range|index|get|len|Names): `)
	// wrongNames matches the end of an error about the arguments of .Names, wrongCall an error about their number for
	// functions.
	wrongNames = text.LazyRegexp(`: (?:wrong number of args for Names: want 1 got \d+|expected string; found .*)$`)
	wrongCall  = text.LazyRegexp(`^(?:<.*>: )?wrong number of args for (\w+): want ((?:at least )?\d+) got (\d+)$`)
	ofKind     = text.LazyRegexp(`\.Kinds\.([a-z0-9_]+)`)
)

// named rewrites text/template's message about an unknown field: the result lists the fields, or suggests one. It
// returns any other message as it is, but for the name of a function that no user wrote.
func named(message string) string {
	message = ownCalls().ReplaceAllString(message, "$1")
	if kind := ofKind().FindStringSubmatch(message); kind != nil {
		message = strings.ReplaceAll(message, "KIND", kind[1])
	}
	if at := wrongNames().FindStringIndex(message); at != nil {
		return message[:at[0]] + `: .Names wants the name of one kind in quotes, as in (.Names "KIND")`
	}
	if of := wrongCall().FindStringSubmatch(message); of != nil {
		return fmt.Sprintf(`%s takes %s, and there are %s: a call among them stands in parentheses, as in (.Names "KIND")`, of[1], arguments(of[2]), of[3])
	}
	found := noField().FindStringSubmatch(message)
	if found == nil {
		return message
	}
	before, field, of := strings.TrimSuffix(message, found[0]), found[1]+found[3], reflect.TypeFor[Data]()
	switch found[2] {
	case "":
		return before + "cannot read ." + field + " of a value that is not a map"
	case "Replica":
		of = reflect.TypeFor[Replica]()
	}
	have := fieldsOf(of)
	hint := "have ." + strings.Join(have, ", .")
	if near := text.Nearest(field, have); near != "" {
		hint = "did you mean ." + near + "?"
	}
	return before + "there is no ." + field + ": " + hint
}

// fieldsOf returns the names that templates read of data of a type, in order.
func fieldsOf(of reflect.Type) []string {
	var have []string
	for _, f := range reflect.VisibleFields(of) {
		if f.IsExported() {
			have = append(have, f.Name)
		}
	}
	for method := range of.Methods() {
		if method.Name != "String" {
			have = append(have, method.Name)
		}
	}
	slices.Sort(have)
	return have
}

var noFunction = text.LazyRegexp(`^function "(\w+)" not defined$`)

// arguments returns "2 arguments" for "2".
func arguments(n string) string {
	if strings.HasSuffix(n, " 1") || n == "1" {
		return n + " argument"
	}
	return n + " arguments"
}

// similarFunction returns `, did you mean NAME?` for text/template's message about an unknown function, or how to write
// the name as a text. It returns "" for a function that templates deliberately lack.
func similarFunction(message string, funcs template.FuncMap) string {
	found := noFunction().FindStringSubmatch(message)
	if found == nil || slices.Contains(unrepeatable, found[1]) {
		return ""
	}
	near := text.Nearest(found[1], slices.Collect(maps.Keys(funcs)))
	if near != "" && len(near) > len(found[1])-2 { // filter is a kind more often than it is file
		return ", did you mean " + near + "?"
	}
	return fmt.Sprintf("; a text stands in quotes, as in %q", found[1])
}

var noEntry = text.LazyRegexp(`(?s)^<(.*)>: map has no entry for key "(\w+)"$`)

// explained adds the hint of similarKey to an *escape.Error about a key that a map lacks.
func (in input) explained(err error) error {
	return escape.Each(err, func(e escape.Error) *escape.Error {
		if found := notMap().FindStringSubmatch(e.Message); found != nil && found[2] == found[3] {
			e.Message = strings.TrimSuffix(e.Message, found[4]) + in.whatIs(found[1], found[2])
		}
		if found := noEntry().FindStringSubmatch(e.Message); found != nil {
			e.Message += in.similarKey(e.Replica, found[1], found[2])
		}
		return &e
	})
}

var notMap = text.LazyRegexp(`^<(.*)\.(\w+)>: cannot read \.(\w+) of (a value that is not a map)$`)

// whatIs names the value of an expression of which a key is read and that is no map.
func (in input) whatIs(expression, key string) string {
	steps := strings.Split(strings.TrimLeft(expression, "$."), ".")
	switch {
	case len(steps) == 2 && steps[0] == "Kinds":
		return "replicas: range over them"
	case len(steps) > 1 && steps[0] == "Values":
		if n := in.node.Get(steps[1:]...); n != nil {
			hint := ""
			if n.IsList() {
				hint = ": range over it, or write (index … 0)"
			}
			return described(reflect.ValueOf(n.Plain())) + hint
		}
	case expression == "" && slices.Contains(fieldsOf(reflect.TypeFor[Replica]()), key):
		return "a value that is not a map; in a range, . is an item: the data around it is $"
	}
	return "a value that is not a map"
}

// similarKey returns what to write instead of an expression whose last map lacks a key: a similar key, or the keys of
// that map and a call of get.
func (in input) similarKey(replica, expression, key string) string {
	counts := make(map[string]any, len(in.counts))
	for name, n := range in.counts {
		counts[name] = n
	}
	row := map[string]any{}
	if kind, ok := in.kinds.OfReplica(replica); ok && kind.Row != nil {
		row = kind.Row.Plain().(map[string]any)
	} else if ok && strings.Contains(expression, ".Row.") {
		return ": this kind has no rows"
	}
	have := keysAt(map[string]any{"Values": in.values, "Row": row, "Kinds": counts, "Counts": counts}, expression, key)
	candidates := have
	if len(have) == 0 {
		candidates = allKeys(in.values)
	}
	hint := nearOrAll(key, candidates, have)
	if strings.HasPrefix(hint, ",") {
		return hint
	}
	isValue := len(have) == 0 || strings.Contains(expression, ".Values.") || strings.Contains(expression, ".Row.")
	if of, ok := strings.CutSuffix(expression, "."+key); ok && isValue { // the expression ends with the key
		hint += fmt.Sprintf("; if it need not be there, write (get %s %q)", cmp.Or(of, "."), key)
	}
	return hint
}

// keysAt returns the keys of the map in root that lacks the key of expression. It returns nil for an expression that
// does not begin at root.
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
