package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/tp0-lab/composer/internal/template/escape"
)

// silent are the functions of sprig that return nothing, or the text of the error, for what they cannot take. Their
// twins, whose names begin with must, return the error.
var silent = []string{
	"toJson", "toPrettyJson", "toRawJson", "fromJson",
	"regexMatch", "regexFind", "regexFindAll", "regexSplit", "regexReplaceAll", "regexReplaceAllLiteral",
}

// strictFuncs are functions of sprig that fail where sprig's return nothing, or a wrong value: those in silent, those
// that read a text, dict with a key and no value, and those that read a kind that the bundle lacks.
func strictFuncs(original template.FuncMap) template.FuncMap {
	funcs := template.FuncMap{
		"toDecimal": toDecimal,
		"dict":      strictDict(original["dict"].(func(...any) map[string]any)),
		"dig":       strictDig(original["dig"].(func(...any) (any, error))),
		"pluck":     strictPluck(original["pluck"].(func(string, ...map[string]any) []any)),
	}
	for _, name := range silent {
		funcs[name] = original["must"+strings.ToUpper(name[:1])+name[1:]]
		if write, ok := funcs[name].(func(any) (string, error)); ok {
			funcs[name] = jsonWriter(write)
		}
	}
	for _, name := range []string{"b64dec", "b32dec"} {
		funcs[name] = decoder(original[name].(func(string) string))
	}
	for _, name := range []string{"pick", "omit"} {
		funcs[name] = strictChoice(original[name].(func(map[string]any, ...string) map[string]any))
	}
	return funcs
}

// jsonWriter returns a function that does what write does, and says that replicas have no JSON.
func jsonWriter(write func(any) (string, error)) func(any) (string, error) {
	return func(value any) (string, error) {
		text, err := write(value)
		if _, ok := errors.AsType[*json.UnsupportedTypeError](err); ok {
			return "", errors.New(`replicas have no JSON: range over them, or write (.Names "KIND") for their names`)
		}
		return text, err
	}
}

func toDecimal(octal any) (int64, error) {
	n, err := strconv.ParseInt(fmt.Sprint(octal), 8, 64)
	if err != nil {
		return 0, fmt.Errorf("want a number in octal digits, 0 to 7, not %s", described(reflect.ValueOf(octal)))
	}
	return n, nil
}

func strictDict(dict func(...any) map[string]any) func(...any) (map[string]any, error) {
	return func(pairs ...any) (map[string]any, error) {
		if len(pairs)%2 != 0 {
			return nil, fmt.Errorf("want keys and values in pairs, as in (dict \"KEY\" VALUE): the last key, %s, has no value", described(reflect.ValueOf(pairs[len(pairs)-1])))
		}
		return dict(pairs...), nil
	}
}

func strictDig(dig func(...any) (any, error)) func(...any) (any, error) {
	return func(of ...any) (any, error) {
		if len(of) < 3 {
			return nil, errors.New("want keys, a default and a map, as in (dig \"KEY\" DEFAULT MAP)")
		}
		last := len(of) - 1
		m, err := readKinds(of[last], of[0])
		if err != nil {
			return nil, fmt.Errorf("%w: the map is the last argument, as in (dig \"KEY\" DEFAULT MAP)", err)
		}
		return dig(append(slices.Clone(of[:last]), m)...)
	}
}

func strictPluck(pluck func(string, ...map[string]any) []any) func(string, ...any) ([]any, error) {
	return func(key string, from ...any) ([]any, error) {
		all := make([]map[string]any, len(from))
		for i, one := range from {
			var err error
			if all[i], err = readKinds(one, key); err != nil {
				return nil, err
			}
		}
		return pluck(key, all...), nil
	}
}

// strictChoice returns pick or omit, of which choose is sprig's.
func strictChoice(choose func(map[string]any, ...string) map[string]any) func(any, ...string) (map[string]any, error) {
	return func(of any, keys ...string) (map[string]any, error) {
		names := make([]any, len(keys))
		for i, key := range keys {
			names[i] = key
		}
		m, err := readKinds(of, names...)
		if err != nil {
			return nil, err
		}
		return choose(m, keys...), nil
	}
}

// decoder returns a function that fails where decode returns the text of its error.
func decoder(decode func(string) string) func(string) (string, error) {
	return func(coded string) (string, error) {
		text := decode(coded)
		if strings.HasPrefix(text, "illegal base") {
			return "", errors.New(text)
		}
		return text, nil
	}
}

// readKinds returns of as a map. The kinds of a bundle are always the same, so it fails for keys that Counts or Kinds
// lack.
func readKinds(of any, keys ...any) (map[string]any, error) {
	switch of.(type) {
	case Counts, Kinds:
		for _, key := range keys {
			if _, err := index(of, key); err != nil {
				return nil, err
			}
		}
	}
	if m, ok := plainMap(reflect.ValueOf(of)); ok {
		return m, nil
	}
	if m, ok := of.(map[string]any); ok {
		return m, nil
	}
	return nil, fmt.Errorf("want a map, not %s", described(reflect.ValueOf(of)))
}

// writing are the functions that make text of values of any type. Go's own text of a map or a list is of no use.
var writing = strings.Fields("print println printf toString html js urlquery cat")

// checkWritten refuses an argument of writing that is not a single value.
func checkWritten(arg reflect.Value) error {
	if !arg.IsValid() {
		return errNoText
	}
	switch x := arg.Interface().(type) {
	case escape.Structure, fmt.Stringer:
		if arg.Kind() != reflect.Func {
			return nil
		}
	case Data:
		return fmt.Errorf("cannot write %s as text: write one of its values, as in $.Stage", described(reflect.ValueOf(x)))
	}
	switch arg.Kind() {
	case reflect.Map:
		return fmt.Errorf("cannot write %s as text: name one of its keys, or write (toJson …)", described(arg))
	case reflect.Slice, reflect.Array:
		return fmt.Errorf(`cannot write %s as text: write (join "," …) or (toJson …)`, described(arg))
	case reflect.Func:
		return errors.New(`cannot write replicas as text: range over them, or write (.Names "KIND") for their names`)
	}
	return nil
}

var errNoText = errors.New("there is no value (null) to write: write (… | default VALUE)")

// checkItems refuses a list to be joined or sorted whose items are not single values.
func checkItems(arg reflect.Value) error {
	if !arg.IsValid() || arg.Kind() != reflect.Slice {
		return nil
	}
	for i := range arg.Len() {
		item := arg.Index(i)
		if item.Kind() == reflect.Interface {
			item = item.Elem()
		}
		if !item.IsValid() {
			continue // sprig leaves it out
		}
		if err := checkWritten(item); err != nil {
			return fmt.Errorf("item %d of the list: %w", i, err)
		}
	}
	return nil
}
