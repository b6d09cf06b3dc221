package render

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/text"
)

var noField = text.LazyRegexp(`(?:can't evaluate field (\w+) in type (.+)|nil pointer evaluating interface \{\}\.(\w+)|nil data; no entry for key "(\w+)")$`)

// ownCalls matches what text/template puts before the errors of functions that stand for its own ways to read a value.
// ofKind matches an expression that has the name of a kind.
var (
	ownCalls = text.LazyRegexp(`^(<.*>: )error calling (?:_range|index|get|len|Names): `)
	// wrongNames matches the end of an error about the arguments of .Names, wrongCall an error about their number for
	// functions.
	wrongNames = text.LazyRegexp(`: (?:wrong number of args for Names: want 1 got \d+|expected string; found .*)$`)
	wrongCall  = text.LazyRegexp(`^(?:<.*>: )?wrong number of args for (\w+): want ((?:at least )?\d+) got (\d+)$`)
	notInvoked = text.LazyRegexp(`(\w+) has arguments but cannot be invoked as function$`)
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
		return wrongNumber(of[1], of[2], of[3])
	}
	if of := notInvoked().FindStringSubmatch(message); of != nil {
		return strings.TrimSuffix(message, of[0]) + fmt.Sprintf(".%s takes no arguments: a function stands before its arguments, as in (eq .%[1]s 1)", of[1])
	}
	found := noField().FindStringSubmatch(message)
	if found == nil {
		return message
	}
	before, field := strings.TrimSuffix(message, found[0]), found[1]+found[3]+found[4]
	switch found[2] {
	case "render.Data":
		return before + "there is no ." + field + ": " + otherData(field, dataType, replicaType)
	case "render.Replica":
		return before + "there is no ." + field + ": " + otherData(field, replicaType, dataType)
	case "":
		if found[4] != "" {
			return before + "cannot read ." + field + " of nothing: this template is called without data: write {{ template \"NAME\" . }}"
		}
	}
	return before + "cannot read ." + field + " of " + typeName(found[2])
}

var dataType, replicaType = reflect.TypeFor[Data](), reflect.TypeFor[Replica]()

// otherData says what to write in place of a field that data of the type here lacks: the same field of the other type of
// data, or a similar one.
func otherData(field string, here, there reflect.Type) string {
	have := fieldsOf(here)
	switch near := text.Nearest(field, have); {
	case slices.Contains(fieldsOf(there), field) && here == dataType:
		return fmt.Sprintf("this is the data of the main template, as is $, and .%s is a replica's: write {{ range $r := .Kinds.KIND }} and $r.%[1]s, or call the template with a replica", field)
	case slices.Contains(fieldsOf(there), field):
		return fmt.Sprintf("this is a replica, and .%s is in the data of the main template: write $.%[1]s there", field)
	case near != "":
		return "did you mean ." + near + "?"
	}
	return "have ." + strings.Join(have, ", .")
}

// typeNames are names of values for the names of Go's types.
var typeNames = map[string]string{
	"string": "a text", "int": "a number", "float64": "a number", "bool": "true or false",
	"a structure (of toYaml, include or raw)": "YAML (of toYaml, include or raw): write (… | fromYaml) for the map in it",
}

func typeName(name string) string {
	switch {
	case typeNames[name] != "":
		return typeNames[name]
	case strings.HasPrefix(name, "[]"):
		return "a list"
	}
	return "a value that is not a map"
}

// wrongNumber is the message about the number of the arguments of a function.
func wrongNumber(function, want, got string) string {
	are := "are"
	if got == "1" {
		are = "is"
	}
	hint := ""
	few, err := strconv.Atoi(strings.TrimPrefix(want, "at least "))
	if n, _ := strconv.Atoi(got); err == nil && n > few {
		hint = `: a call among them stands in parentheses, as in (.Names "KIND")`
	}
	if function == "include" {
		hint = `: its name and its data, as in (include "NAME" .)`
	}
	return fmt.Sprintf("%s takes %s, and there %s %s%s", function, arguments(want), are, got, hint)
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

// otherFuncs says what to write in place of functions that Helm has, and that are not there.
var otherFuncs = map[string]string{
	"required": `; write {{ if not VALUE }}{{ fail "…" }}{{ end }}, or require it in values.schema.json`,
	"tpl":      "; a value is text and never a template: write {{ include \"NAME\" . }} for a template",
	"lookup":   "; templates read no cluster: what differs is given by --set or --values",
}

// syntaxHints are, by a part of text/template's message about a syntax error, what to write.
var syntaxHints = []struct{ part, hint string }{
	{`'-'`, "; a key with a dash is read by (index MAP \"KEY\"), and a difference is (sub A B)"},
	{`'['`, "; an item of a list is read by (index LIST 0), a key of a map by (index MAP \"KEY\")"},
	{`illegal number syntax`, operators},
	{`bad character`, operators},
	{`unexpected "="`, operators},
	{`unexpected "<"`, operators},
	{`unexpected ">"`, operators},
	{`unexpected "("`, "; arguments follow a function without brackets around all of them, as in (.Names \"KIND\")"},
	{`undefined variable`, "; write {{ $NAME := … }} before it; one that is made in a block ends with it"},
	{`unexpected {{end}}`, "; no {{ if }}, {{ range }} or {{ with }} is open here"},
	{`unexpected <define>`, "; an {{ if }}, {{ range }} or {{ with }} before it has no {{ end }}"},
	{`unexpected "}" in`, "; an action ends with }}"},
}

const operators = "; there are no operators: write (add A B), (eq A B), (gt A B), (and A B)"

// numberKey matches text/template's message about a number behind a dot, as in .list.0.
var numberKey = text.LazyRegexp(`unexpected "\.\d+" in operand`)

// syntaxHint returns what to write for a message about a syntax error, or "".
func syntaxHint(message string) string {
	if numberKey().MatchString(message) {
		return "; an item of a list is read by (index LIST 0)"
	}
	for _, one := range syntaxHints {
		if strings.Contains(message, one.part) {
			return one.hint
		}
	}
	return ""
}

// similarFunction returns `, did you mean NAME?` for text/template's message about an unknown function, how to write
// the name as a text, or what to write for another syntax error.
func similarFunction(message string, funcs template.FuncMap) string {
	found := noFunction().FindStringSubmatch(message)
	if found == nil {
		return syntaxHint(message)
	}
	if hint, ok := otherFuncs[found[1]]; ok {
		return hint
	}
	if slices.Contains(unrepeatable, found[1]) {
		return ": what depends on the machine, the clock or chance is given by --set"
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
			e.Message = strings.TrimSuffix(e.Message, found[4]) + in.whatIs(found[1], found[2], found[4])
		}
		if found := noEntry().FindStringSubmatch(e.Message); found != nil {
			e.Message += in.similarKey(e.Replica, found[1], found[2])
		}
		return &e
	})
}

var notMap = text.LazyRegexp(`^<(.*)\.(\w+)>: cannot read \.(\w+) of (a value that is not a map|a text|a number|a list|true or false)$`)

// whatIs describes the value of an expression that is not a map, although a key of it is read. what is its type.
func (in input) whatIs(expression, key, what string) string {
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
	case len(steps) == 2 && steps[0] == "Counts":
		return what + ": the number is all there is of a kind here"
	case expression == "" && slices.Contains(fieldsOf(replicaType), key):
		return what + fmt.Sprintf("; in a range, . is an item: write {{ $r := . }} before the range and $r.%s in it, for a replica around it", key)
	case expression == "" && slices.Contains(fieldsOf(dataType), key):
		return what + "; in a range, . is an item: write $." + key
	}
	return what
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
