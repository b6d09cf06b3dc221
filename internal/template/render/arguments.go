package render

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// Functions by what they do with an argument of any type. Functions in keeping hand it on, or look at it
// themselves. Those in whole compute with integers and those in number with any numbers.
var (
	keeping = strings.Fields("append coalesce compact concat default dict dig empty fail fromYaml get has include index indent interpolate " +
		"last first len list mustAppend mustCompact mustPrepend mustPush nindent omit pick pluck prepend print printf println push quote rest " +
		"initial reverse set ternary toString toYaml tuple without uniq")
	whole  = strings.Fields("add add1 sub mul div mod max min biggest")
	number = strings.Fields("atoi int int64 float64 addf add1f subf mulf divf maxf minf round ceil floor")
)

var (
	anyType       = reflect.TypeFor[any]()
	intType       = reflect.TypeFor[int]()
	structureType = reflect.TypeFor[escape.Structure]()
)

// converter returns a function that converts an argument of the function called name to a type, or says why it cannot be.
func converter(name string) func(arg reflect.Value, to reflect.Type) (reflect.Value, error) {
	keeps, isWhole, isNumber := slices.Contains(keeping, name), slices.Contains(whole, name), slices.Contains(number, name)
	writes, joins := slices.Contains(writing, name), name == "join" || name == "sortAlpha"
	blank := slices.Contains([]string{"default", "coalesce", "empty"}, name)
	return func(arg reflect.Value, to reflect.Type) (reflect.Value, error) {
		if arg.IsValid() && arg.Kind() == reflect.Interface {
			arg = arg.Elem()
		}
		if arg.IsValid() && arg.Type() == reflect.PointerTo(structureType) {
			if arg = reflect.ValueOf(escape.Structure{}); blank {
				arg = reflect.ValueOf("")
			}
		}
		if writes && to == anyType {
			if err := checkWritten(arg); err != nil {
				return reflect.Value{}, err
			}
		}
		if keeps && to == anyType {
			return orZero(arg, to), nil
		}
		if arg.IsValid() && arg.Type() == structureType && to != structureType {
			s, err := scalarText(arg.Interface().(escape.Structure))
			if err != nil {
				return reflect.Value{}, err
			}
			arg = reflect.ValueOf(s)
		}
		if joins && to == anyType && arg.IsValid() && (arg.Kind() == reflect.Map || arg.Kind() == reflect.Func) {
			return reflect.Value{}, fmt.Errorf("want a list, not %s: write %s", described(arg), listOf(arg))
		}
		if name == "join" && to.Kind() == reflect.String && arg.IsValid() && arg.Kind() == reflect.Slice {
			return reflect.Value{}, fmt.Errorf("want text, not %s: the list is the last argument, as in (join \",\" LIST)", described(arg))
		}
		if joins && to == anyType {
			if err := checkItems(arg); err != nil {
				return reflect.Value{}, err
			}
		}
		if isWhole || isNumber {
			if err := checkNumber(arg, isWhole); err != nil {
				return reflect.Value{}, err
			}
		}
		return convert(arg, to)
	}
}

// listOf says how a list is made of a map or of replicas.
func listOf(arg reflect.Value) string {
	if arg.Kind() == reflect.Func {
		return `(.Names "KIND")`
	}
	return "(keys …) or (values …)"
}

// orZero returns arg as a value of the interface type to, for nil too.
func orZero(arg reflect.Value, to reflect.Type) reflect.Value {
	if !arg.IsValid() {
		return reflect.Zero(to)
	}
	return arg
}

// convert returns arg as a value of the type to. Its error says which type is wanted.
func convert(arg reflect.Value, to reflect.Type) (reflect.Value, error) {
	switch {
	case to.Kind() == reflect.Interface && (!arg.IsValid() || arg.Type().Implements(to)):
		if counts, ok := plainMap(arg); ok {
			arg = reflect.ValueOf(counts)
		}
		return orZero(arg, to), nil
	case arg.IsValid() && arg.Type().AssignableTo(to):
		return arg, nil
	}
	switch to.Kind() {
	case reflect.Int, reflect.Int64:
		if n, ok := wholeNumber(arg); ok {
			return reflect.ValueOf(n).Convert(to), nil
		}
		return reflect.Value{}, fmt.Errorf("want a whole number, not %s%s", described(arg), textHint(arg, "int"))
	case reflect.Float64:
		if arg.IsValid() && arg.CanInt() {
			return arg.Convert(to), nil
		}
		return reflect.Value{}, fmt.Errorf("want a number, not %s%s", described(arg), textHint(arg, "float64"))
	case reflect.String:
		if arg.IsValid() && arg.Kind() == reflect.String {
			return arg.Convert(to), nil
		}
		return reflect.Value{}, fmt.Errorf("want text, not %s%s", described(arg), textHint(arg, "toString"))
	case reflect.Map:
		if m, ok := plainMap(arg); ok && to == reflect.TypeFor[map[string]any]() {
			return reflect.ValueOf(m), nil
		}
		return reflect.Value{}, fmt.Errorf("want a map, not %s", described(arg))
	case reflect.Bool:
		return reflect.Value{}, fmt.Errorf("want true or false, not %s", described(arg))
	default:
		return reflect.Value{}, fmt.Errorf("cannot take %s", described(arg))
	}
}

// textHint says which function makes the wanted type of a scalar.
func textHint(arg reflect.Value, function string) string {
	if !arg.IsValid() {
		return ""
	}
	switch arg.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64, reflect.String:
		return fmt.Sprintf(": write (%s …)", function)
	}
	return ""
}

// plainMap returns the numbers or the walks of kinds as a map of any values.
func plainMap(arg reflect.Value) (map[string]any, bool) {
	if !arg.IsValid() || arg.Kind() != reflect.Map || arg.Type().Key().Kind() != reflect.String || arg.Type() == reflect.TypeFor[map[string]any]() {
		return nil, false
	}
	m := make(map[string]any, arg.Len())
	for key, one := range arg.Seq2() {
		m[key.String()] = one.Interface()
	}
	return m, true
}

// wholeNumber returns an integer, or a float without a fraction, as an int.
func wholeNumber(arg reflect.Value) (int, bool) {
	switch {
	case !arg.IsValid():
	case arg.CanInt():
		return int(arg.Int()), true
	case arg.CanUint() && arg.Uint() <= math.MaxInt:
		return int(arg.Uint()), true
	case arg.CanFloat():
		f := arg.Float()
		return int(f), f == math.Trunc(f) && math.Abs(f) < 1<<53
	}
	return 0, false
}

// checkNumber refuses an argument of arithmetic that sprig would take for 0. whole: it would cut a fraction off.
func checkNumber(arg reflect.Value, whole bool) error {
	switch {
	case !arg.IsValid():
	case arg.CanInt(), arg.CanUint(), arg.Kind() == reflect.Bool:
		return nil
	case arg.CanFloat():
		if _, ok := wholeNumber(arg); whole && !ok {
			return fmt.Errorf("%s is not whole: write the function with an f, such as addf, or (int …)", described(arg))
		}
		return nil
	case arg.Kind() == reflect.String:
		if _, err := strconv.ParseInt(arg.String(), 0, 64); err == nil {
			return nil
		}
		if f, err := strconv.ParseFloat(arg.String(), 64); err == nil && (!whole || f == math.Trunc(f)) {
			return nil
		}
	default:
		if n, ok := reflect.TypeAssert[*big.Int](arg); ok && n.IsInt64() {
			return nil
		}
	}
	return fmt.Errorf("want a number, not %s", described(arg))
}

// described names a value as messages do.
func described(v reflect.Value) string {
	for v.IsValid() && v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() {
		return "nothing (null)"
	}
	switch x := v.Interface().(type) {
	case escape.Structure:
		return "YAML (of toYaml, include or raw)"
	case *big.Int:
		return "the number " + x.String()
	case Replica:
		return "the replica " + x.Name
	case Data:
		return "all data of the main template"
	}
	switch v.Kind() {
	case reflect.String:
		return "the text " + strconv.Quote(text.Short(v.String(), 40))
	case reflect.Map:
		return "a map" + keyCount(v.Len())
	case reflect.Slice, reflect.Array:
		return "a list of " + text.Plural(v.Len(), "item")
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Func:
		return "replicas"
	case reflect.Struct:
		return "a value of quote or interpolate, which come last"
	}
	if v.CanInt() || v.CanUint() || v.CanFloat() {
		return fmt.Sprintf("the number %v", v.Interface())
	}
	return "this"
}

func keyCount(n int) string {
	if n == 0 {
		return " without keys"
	}
	return " of " + text.Plural(n, "key")
}

// scalarText returns the text of a Structure that is a scalar, as it was before it was written as YAML.
func scalarText(s escape.Structure) (string, error) {
	value, err := structureValue(s)
	if err != nil {
		return "", err
	}
	switch v := value.(type) {
	case map[string]any, []any:
		return "", errors.New("want a single value, and these are lines of YAML (of toYaml, include or raw): write (fromYaml …) for the map or list in them, (toString …) for their text")
	case string:
		return v, nil
	case nil:
		return "", nil
	}
	return strings.TrimSpace(s.String()), nil
}

// structureValue returns the value of YAML that a template made.
func structureValue(s escape.Structure) (any, error) {
	if s.String() == "" {
		return nil, nil //nolint:nilnil // the YAML of nothing is null
	}
	value, err := yamlValue(s.String())
	if err != nil {
		return nil, err
	}
	return mapped(value, singleDollars)
}

// yamlValue returns the value of a YAML text, with the types that values have.
func yamlValue(yaml string) (any, error) {
	node, err := values.ParseAny("YAML", []byte(yaml))
	if err != nil {
		return nil, err
	}
	return node.Plain(), nil
}

// singleDollars returns a text with each $$ replaced by $, because include and toYaml double them for Compose. It returns
// other scalars as they are.
func singleDollars(scalar any) (any, error) {
	s, ok := scalar.(string)
	if !ok {
		return scalar, nil
	}
	if strings.Contains(strings.ReplaceAll(s, "$$", ""), "$") {
		return nil, fmt.Errorf("%q has an interpolation of Compose, which has no value yet: it can only be printed", text.Short(s, 40))
	}
	return strings.ReplaceAll(s, "$$", "$"), nil
}

// argumentHints says in which order functions take their arguments, and what is often done wrong.
var argumentHints = map[string]string{
	"without": ": the list is the first argument, as in (without LIST ITEM)",
	"has":     ": the list is the last argument, as in (has ITEM LIST)",
	"append":  ": the list is the first argument, as in (append LIST ITEM)",
	"prepend": ": the list is the first argument, as in (prepend LIST ITEM)",
	"slice":   ": the numbers are from 0 to the length of the list, as in (slice LIST 0 (min 3 (len LIST)))",
	"chunk":   ": the size is the first argument, from 1, as in (chunk 2 LIST)",
	"rest":    ": want a list with items",
	"first":   ": want a list",
	"last":    ": want a list",
	"initial": ": want a list with items",
	"reverse": ": want a list",
	"uniq":    ": want a list",
	"compact": ": want a list",
	"concat":  ": want lists, as in (concat LIST LIST)",
	"repeat":  ": want a number from 0 and a text, as in (repeat 3 \"x\")",
}

// misused explains a panic or an error of a function whose text names Go's types or package reflect.
func misused(name, cause string, args []reflect.Value) error {
	cause = strings.TrimPrefix(cause, name+": ")
	plain := true
	for _, word := range []string{"runtime error", "reflect", "interface {}", "interface conversion", "map[string]", "[]", "on type", "type of slice", "strings: ", "out of range", "out of bounds"} {
		plain = plain && !strings.Contains(cause, word)
	}
	if plain {
		return errors.New(cause)
	}
	var shown []string
	for _, arg := range args {
		shown = append(shown, described(arg))
	}
	what := "cannot take "
	switch {
	case strings.Contains(cause, "divide by zero"):
		return errors.New("division by 0: write {{ if … }} around what needs the divisor, or (max 1 …) as the divisor")
	case strings.Contains(cause, "out of range"), strings.Contains(cause, "out of bounds"), strings.Contains(cause, "bounds out"):
		what = "out of range with "
	}
	hint := argumentHints[name]
	for _, arg := range args {
		if arg.IsValid() && arg.Kind() == reflect.Interface {
			arg = arg.Elem()
		}
		switch {
		case !arg.IsValid():
		case arg.Type() == structureType:
			hint = ": write (… | fromYaml) for the list or map in it"
		case arg.Kind() == reflect.Func:
			hint = `: write (.Names "KIND") for the list of their names`
		}
	}
	return errors.New(what + strings.Join(shown, ", ") + hint)
}
