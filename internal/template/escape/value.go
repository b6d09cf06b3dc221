package escape

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// Structure is YAML that a template made on purpose, so it is written without quotes. It has a type of its
// own so that no text becomes YAML by mistake.
type Structure struct {
	text string
	// lines: it is a map or a list in block style. It begins in column 0 or, made by nindent, with a line break
	// and the indentation given.
	lines bool
	// raw: it is written as it is.
	raw bool
	// of is the value that toYaml made the structure of; nil for other structures.
	of *made
}

// String returns the YAML.
func (s Structure) String() string { return s.text }

// Block returns lines of YAML, which begin in column 0, as a Structure that is indented for its place.
func Block(text string) Structure {
	if strings.TrimSpace(text) == "" {
		return Structure{lines: true}
	}
	return Structure{text: strings.Trim(text, "\n"), lines: true}
}

// marked is a value as text, with what decides how it is written.
type marked struct {
	text        string
	literal     bool // a number or a bool, which YAML reads as such
	interpolate bool // Compose interpolates it
	quote       bool // a string, in quotes where it is all of a scalar
}

func (m marked) String() string { return m.text }

func textOf(text string) (marked, error) { return marked{text: text}, valid(text) }

func literal(text string) (marked, error) { return marked{text: text, literal: true}, nil }

// ofList matches an action that takes an item of a list.
var ofList = text.LazyRegexp(`\b(first|last|pluck)\b`)

var errOfEmpty = errors.New("there is no value, as the list is empty: write (… | default VALUE), or {{ with … }} around what needs it")

var errNothing = errors.New("there is no value (null): write (… | default VALUE), or {{ with … }} around what needs it")

// contentOf returns the text of a value, or why it has none.
func contentOf(value any) (marked, error) {
	switch v := value.(type) { // the common ones first
	case string:
		return textOf(v)
	case int:
		return literal(strconv.Itoa(v))
	case nil:
		return marked{}, errNothing
	case marked:
		return v, valid(v.text)
	case Structure:
		return marked{}, errors.New("a structure (of toYaml, include or raw) cannot stand here, only where a value or a line begins: a part of a text is {{ template … }}")
	case *big.Int:
		return literal(v.String())
	case error:
		return textOf(v.Error())
	case fmt.Stringer:
		if reflect.TypeOf(value).Kind() != reflect.Func {
			return textOf(v.String())
		}
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return contentOf(nil)
		}
		return contentOf(v.Elem().Interface())
	case reflect.String:
		return textOf(v.String())
	case reflect.Float32, reflect.Float64:
		return literal(yamltree.FormatFloat(v.Float()))
	case reflect.Map:
		return marked{}, errors.New("this is a map, and a single value has to stand here: name one of its keys, or use toYaml")
	case reflect.Slice, reflect.Array:
		return marked{}, errors.New("this is a list, and a single value has to stand here: range over it, join it, or use toYaml")
	case reflect.Func:
		return marked{}, errors.New("these are replicas, and a single value has to stand here: range over them")
	default:
		if v.CanInt() || v.CanUint() || v.Kind() == reflect.Bool {
			return literal(fmt.Sprint(value))
		}
		return marked{}, errors.New("this is data with several values, and a single one has to stand here: write its name, as in .Stage")
	}
}

func valid(text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	return fmt.Errorf("%s is not valid UTF-8", shown(text))
}
