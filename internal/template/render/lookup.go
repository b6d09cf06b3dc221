package render

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/text"
)

// index is the template function: it returns the entry of maps and lists at keys and numbers. Unlike that of
// text/template it fails for a key that a map lacks.
func index(of any, at ...any) (any, error) {
	for _, key := range at {
		v := reflect.ValueOf(of)
		if v.Kind() == reflect.Struct {
			return nil, readByDot(of, key)
		}
		switch v.Kind() {
		case reflect.Map:
			name, ok := key.(string)
			if !ok {
				return nil, fmt.Errorf("a map is read by the name of a key, not by %s: write (keys …) for a list of the names", described(reflect.ValueOf(key)))
			}
			one := v.MapIndex(reflect.ValueOf(name))
			if !one.IsValid() {
				return nil, noKey(of, name)
			}
			of = one.Interface()
		case reflect.Slice, reflect.Array:
			n, ok := wholeNumber(reflect.ValueOf(key))
			switch {
			case !ok:
				return nil, fmt.Errorf("a list is read by a number from 0, not by %s", described(reflect.ValueOf(key)))
			case v.Len() == 0:
				return nil, fmt.Errorf("there is no item %d: the list is empty; write {{ if … }} with the list around what needs it", n)
			case n < 0 || n >= v.Len():
				return nil, fmt.Errorf("there is no item %d: the list has %s, from 0 to %d; write (mod N (len LIST)) to begin again at its end", n, text.Plural(v.Len(), "item"), v.Len()-1)
			}
			of = v.Index(n).Interface()
		case reflect.Func:
			return nil, errors.New(`these are replicas, which have no numbers here: write index (.Names "KIND") N for a name, or range over them`)
		default:
			return nil, fmt.Errorf("want a map or a list, not %s", described(v))
		}
	}
	return of, nil
}

// readByDot is the error for a key of data that has fields.
func readByDot(of, key any) error {
	name, _ := key.(string)
	if name == "" {
		return fmt.Errorf("%s is read by a dot, as in .Name", described(reflect.ValueOf(of)))
	}
	have := fieldsOf(reflect.TypeOf(of))
	switch near := text.Nearest(name, have); {
	case slices.Contains(have, name):
		return fmt.Errorf("%s is read by a dot: write .%s", described(reflect.ValueOf(of)), name)
	case near != "":
		return fmt.Errorf("%s has no %s: did you mean .%s?", described(reflect.ValueOf(of)), name, near)
	}
	return fmt.Errorf("%s has no %s: have .%s", described(reflect.ValueOf(of)), name, strings.Join(have, ", ."))
}

// get is the template function: it returns the entry of a map, or "" if the map lacks the key. The kinds of a bundle
// are always the same, so an unknown kind is an error.
func get(of any, key string) (any, error) {
	switch m := of.(type) {
	case Counts, Kinds:
		return index(of, key)
	case map[string]any:
		if one, ok := m[key]; ok {
			return one, nil
		}
		return "", nil
	}
	if m, ok := plainMap(reflect.ValueOf(of)); ok {
		return get(m, key)
	}
	if reflect.ValueOf(of).Kind() == reflect.Struct {
		return nil, readByDot(of, key)
	}
	return nil, fmt.Errorf("want a map, not %s", described(reflect.ValueOf(of)))
}

// length is the template function len.
func length(of any) (int, error) {
	if s, ok := of.(escape.Structure); ok {
		single, err := scalarText(s)
		if err != nil {
			return 0, err
		}
		of = single
	}
	switch v := reflect.ValueOf(of); v.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array, reflect.String:
		return v.Len(), nil
	case reflect.Func:
		return 0, errors.New("these are replicas: write .Counts.KIND for their number")
	default:
		return 0, fmt.Errorf("want a list, a map or text, not %s", described(v))
	}
}

// noKey is the error for a key that a map of the execution lacks.
func noKey(of any, key string) error {
	have := make([]string, 0, 10)
	for name := range reflect.ValueOf(of).Seq() {
		have = append(have, name.String())
	}
	slices.Sort(have)
	hint := nearOrAll(key, have, have)
	if _, ok := of.(map[string]any); ok && !strings.HasPrefix(hint, ",") {
		hint += fmt.Sprintf("; if it need not be there, write (get … %q)", key)
	}
	return fmt.Errorf("map has no entry for key %q%s", key, hint)
}

// nearOrAll returns ", did you mean NAME?" for the nearest of candidates, or else ": have …" with a few names.
func nearOrAll(key string, candidates, have []string) string {
	if hint := text.Suggestion(key, candidates); hint != "" && !slices.Contains(candidates, key) {
		return hint
	}
	if len(have) == 0 || len(have) > 10 {
		return ""
	}
	return ": have " + strings.Join(have, ", ")
}

// ranged returns the value of a range with that number of variables, as text/template can range over it.
func (x *execution) ranged(variables int, of any) (any, error) {
	v := reflect.ValueOf(of)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Map:
		if kinds, ok := of.(Kinds); ok && variables < 2 {
			return nil, fmt.Errorf("these are kinds, each with its replicas: write {{ range .Kinds.%s }} for those of one", slices.Min(slices.Collect(maps.Keys(kinds))))
		}
		if m, ok := of.(map[string]any); ok && len(m) > 0 {
			return x.orders.walk(m, variables), nil
		}
	case reflect.Slice, reflect.Array, reflect.Invalid:
	case reflect.Func:
		if variables > 1 {
			return nil, errors.New("replicas have one variable, as in {{ range $r := .Kinds.KIND }}: the number from 0 is then $r.Index")
		}
		if v.IsNil() {
			return []Replica{}, nil
		}
	default:
		if !v.CanInt() && !v.CanUint() {
			hint := ""
			if of == "" {
				hint = ": write {{ with … }} around it, or (… | default list), if there need not be one"
			}
			return nil, fmt.Errorf("range wants a list, a map, replicas or a number, not %s%s", described(v), hint)
		}
		if variables > 1 {
			return nil, fmt.Errorf("%s has one variable, which counts from 0, as in {{ range $i := … }}", described(v))
		}
	}
	return of, nil
}

// compared returns the template function that compares two numbers or two texts: less, equal and more say what it
// returns for two values in that order.
func compared(less, equal, more bool) func(a, b any) (bool, error) {
	return func(a, b any) (bool, error) {
		x, y := reflect.ValueOf(a), reflect.ValueOf(b)
		var order int
		switch {
		case x.Kind() == reflect.String && y.Kind() == reflect.String:
			order = strings.Compare(x.String(), y.String())
		case x.CanInt() && y.CanInt():
			order = cmp.Compare(x.Int(), y.Int())
		case isNumber(x) && isNumber(y):
			order = asFloat(x).Cmp(asFloat(y))
		default:
			hint := ""
			if x.IsValid() && y.IsValid() && (isNumber(x) || isNumber(y)) && (x.Kind() == reflect.String || y.Kind() == reflect.String) {
				hint = ": write (int …) for the number in the text"
			}
			return false, fmt.Errorf("want two numbers or two texts, not %s and %s%s", described(x), described(y), hint)
		}
		return order < 0 && less || order == 0 && equal || order > 0 && more, nil
	}
}

func isNumber(v reflect.Value) bool {
	return v.IsValid() && (v.CanInt() || v.CanUint() || v.CanFloat() && !math.IsNaN(v.Float()))
}

func asFloat(v reflect.Value) *big.Float {
	switch {
	case v.CanInt():
		return new(big.Float).SetInt64(v.Int())
	case v.CanUint():
		return new(big.Float).SetUint64(v.Uint())
	}
	return big.NewFloat(v.Float())
}

// equal is the template function eq.
func equal(first any, others ...any) (bool, error) {
	if len(others) == 0 {
		return false, errors.New("want two values or more to compare")
	}
	for _, other := range others {
		same, err := same(reflect.ValueOf(first), reflect.ValueOf(other))
		if same || err != nil {
			return same, err
		}
	}
	return false, nil
}

func same(a, b reflect.Value) (bool, error) {
	switch {
	case !a.IsValid() || !b.IsValid():
		return a.IsValid() == b.IsValid(), nil
	case a.CanInt() && b.CanInt():
		return a.Int() == b.Int(), nil
	case a.CanUint() && b.CanUint():
		return a.Uint() == b.Uint(), nil
	case a.CanInt() && b.CanUint():
		return a.Int() >= 0 && uint64(a.Int()) == b.Uint(), nil
	case a.CanUint() && b.CanInt():
		return same(b, a)
	case a.Kind() == reflect.String && b.Kind() == reflect.String:
		return a.String() == b.String(), nil
	case a.Type() != b.Type():
		hint := ""
		if (isNumber(a) || isNumber(b)) && (a.Kind() == reflect.String || b.Kind() == reflect.String) {
			hint = ": write (int …) for the number in the text, (toString …) for the text of the number"
		}
		return false, fmt.Errorf("%s and %s are of different types, so they cannot be equal%s", described(a), described(b), hint)
	case !a.Comparable() || !b.Comparable():
		return false, fmt.Errorf("%s cannot be compared by eq and ne: write (deepEqual … …)", described(a))
	}
	return a.Interface() == b.Interface(), nil
}

// lookups are the functions of text/template that are replaced by those of this file.
func lookups() map[string]any {
	return map[string]any{
		"index": index, "get": get, "len": length, "eq": equal,
		"lt": compared(true, false, false), "le": compared(true, true, false),
		"gt": compared(false, false, true), "ge": compared(false, true, true),
		"ne": func(a, b any) (bool, error) {
			same, err := equal(a, b)
			return !same, err
		},
	}
}
