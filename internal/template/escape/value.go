package escape

import (
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// Structure is a piece of YAML that a template made on purpose: it is not
// quoted. It has a type of its own so that no text becomes one by mistake.
type Structure struct {
	text string
	// lines: it is a map or a list in block style. It begins in column 0
	// or, behind nindent, with a line break and the indentation given.
	lines bool
	// raw: it stays as it is.
	raw bool
}

// String returns the YAML.
func (s Structure) String() string { return s.text }

// Block returns lines of YAML as a Structure that fits itself to its place.
func Block(text string) Structure {
	return Structure{text: strings.Trim(text, "\n"), lines: true}
}

// marked is a text that says more of how to write it.
type marked struct {
	text string
	// interpolate: Compose shall interpolate it.
	interpolate bool
	// quote: it is a string, and written in quotes where it is all of a scalar.
	quote bool
}

func (m marked) String() string { return m.text }

// content is a value as text, and what else is known of it.
type content struct {
	marked
	literal bool // a number or a bool, which YAML reads as just that
}

// contentOf returns the text of a value, or says why it has none.
func contentOf(value any) (content, string) {
	switch v := value.(type) {
	case nil:
		return content{}, "there is no value (null)"
	case string:
		return content{marked: marked{text: v}}, valid(v)
	case marked:
		return content{marked: v}, valid(v.text)
	case Structure:
		return content{}, "a structure (of toYaml, include or raw) cannot stand here, only where a value or a line begins: a part of a text is {{ template … }}"
	case int:
		return content{marked{text: strconv.Itoa(v)}, true}, ""
	case bool:
		return content{marked{text: strconv.FormatBool(v)}, true}, ""
	case float64:
		return content{marked{text: yamltree.FormatFloat(v)}, true}, ""
	}
	switch v := value.(type) {
	case *big.Int:
		return content{marked{text: v.String()}, true}, ""
	case error:
		return content{marked: marked{text: v.Error()}}, valid(v.Error())
	case fmt.Stringer:
		return content{marked: marked{text: v.String()}}, valid(v.String())
	}
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return contentOf(nil)
		}
		return contentOf(v.Elem().Interface())
	case reflect.String:
		return contentOf(v.String())
	case reflect.Bool:
		return contentOf(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return content{marked{text: strconv.FormatInt(v.Int(), 10)}, true}, ""
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return content{marked{text: strconv.FormatUint(v.Uint(), 10)}, true}, ""
	case reflect.Float32, reflect.Float64:
		return contentOf(v.Float())
	case reflect.Map:
		return content{}, "this is a map, and a single value has to stand here: name one of its keys, or use toYaml"
	case reflect.Slice, reflect.Array:
		return content{}, "this is a list, and a single value has to stand here: range over it, join it, or use toYaml"
	default:
		return content{}, fmt.Sprintf("a %s is no value for YAML", v.Type())
	}
}

func valid(text string) string {
	if utf8.ValidString(text) {
		return ""
	}
	return shown(text) + " is not valid UTF-8"
}
