package config

import (
	"cmp"
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Key is a key of a configuration. The tags of a field describe it.
type Key struct {
	Variable string `json:"variable"`
	// Path is the key in the file. It is empty for a variable of the environment only.
	Path string `json:"key,omitempty"`
	Kind Kind   `json:"kind"`
	// Default is nil for a key without a default.
	Default *string `json:"default"`
	// Min and Max are the least and the most that the value can be. They are empty without a limit.
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
	// Choices are all values of a Choice. The service takes them in any case if AnyCase is true.
	Choices []string `json:"choices,omitempty"`
	AnyCase bool     `json:"any_case,omitempty"`
	// Secret is true for a value that must not be shown.
	Secret bool   `json:"secret,omitempty"`
	Doc    string `json:"doc"`
}

// Kind is the form of a key's value.
type Kind string

// The kinds of values.
const (
	Text     Kind = "text"
	Number   Kind = "number"   // whole, decimal digits
	Duration Kind = "duration" // as in Go: 150ms, 1m30s
	Switch   Kind = "switch"   // true or false
	Choice   Kind = "choice"   // one of a few words
)

// Chooser is a type with a fixed list of values. Choices returns their names. If the Chooser is a string type, Parse
// refuses all other values. Any other type must implement encoding.TextUnmarshaler; it counts as taking any case if
// UnmarshalText accepts the first name in lower case.
type Chooser interface{ Choices() []string }

// keysOf returns the keys of a configuration in the order of its fields. The tag key is the key in the file. Without
// any such tag, the keys in the file are the variables.
func keysOf(t reflect.Type) []Key {
	fields := reflect.VisibleFields(t)
	hasPaths := false
	for _, f := range fields {
		hasPaths = hasPaths || f.Tag.Get("key") != ""
	}
	keys := make([]Key, len(fields))
	for i, f := range fields {
		k := Key{Variable: f.Tag.Get("env"), Path: f.Tag.Get("key"), Min: f.Tag.Get("min"), Max: f.Tag.Get("max"), Doc: f.Tag.Get("doc"), Secret: f.Tag.Get("secret") != ""}
		if !hasPaths {
			k.Path = k.Variable
		}
		if text, ok := f.Tag.Lookup("envDefault"); ok {
			k.Default = &text
		}
		k.setKind(f.Type)
		keys[i] = k
	}
	return keys
}

// setKind sets the kind, the choices and the limits of a field's type.
func (k *Key) setKind(t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	chooser, isChoice := reflect.TypeAssert[Chooser](reflect.Zero(t))
	switch {
	case isChoice:
		k.Kind, k.Choices = Choice, chooser.Choices()
		reader, ok := reflect.TypeAssert[encoding.TextUnmarshaler](reflect.New(t))
		k.AnyCase = ok && reader.UnmarshalText([]byte(strings.ToLower(k.Choices[0]))) == nil
	case t == reflect.TypeFor[time.Duration]():
		k.Kind = Duration
	case t.Kind() == reflect.Bool:
		k.Kind = Switch
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64:
		k.Kind = Number
		bits := t.Bits()
		if t.Kind() == reflect.Int {
			bits = 32 // as package env reads it
		}
		k.Max = cmp.Or(k.Max, strconv.FormatInt(1<<(bits-1)-1, 10))
	case reflect.Uint <= t.Kind() && t.Kind() <= reflect.Uint64:
		k.Kind = Number
		k.Min = cmp.Or(k.Min, "0")
		k.Max = cmp.Or(k.Max, strconv.FormatUint(uint64(1)<<t.Bits()-1, 10))
	default:
		k.Kind = Text
	}
}

// checkLimits calls report for each field of a configuration whose value is not one of its choices, or is beyond the limits of its
// tags.
func checkLimits(configuration reflect.Value, report func(variable, reason string)) {
	for _, f := range reflect.VisibleFields(configuration.Type()) {
		v := reflect.Indirect(configuration.FieldByIndex(f.Index))
		if !v.IsValid() { // a nil pointer is a key that is not set
			continue
		}
		if chooser, ok := reflect.TypeAssert[Chooser](v); ok && v.Kind() == reflect.String && !slices.Contains(chooser.Choices(), v.String()) {
			choices := chooser.Choices()
			last := len(choices) - 1
			report(f.Tag.Get("env"), fmt.Sprintf("want %s or %s", strings.Join(choices[:last], ", "), choices[last]))
		}
		if f.Tag.Get("min") == "" {
			continue
		}
		if other := f.Tag.Get("or"); other != "" && v.IsZero() && !configuration.FieldByName(other).IsNil() {
			continue // the other field is set in its place
		}
		least, most := parseLimit(f, "min", v.Type()), int64(math.MaxInt64)
		if f.Tag.Get("max") != "" {
			most = parseLimit(f, "max", v.Type())
		}
		var n int64
		if v.CanInt() {
			n = v.Int()
		} else {
			n = int64(v.Uint())
		}
		if n < least || n > most {
			report(f.Tag.Get("env"), limitReason(f.Tag, least, v.Type()))
		}
	}
}

// parseLimit parses the tag of a field: a whole number or a duration. It panics if the tag is neither.
func parseLimit(f reflect.StructField, tag string, t reflect.Type) int64 {
	text := f.Tag.Get(tag)
	n, err := strconv.ParseInt(text, 10, 64)
	if t == reflect.TypeFor[time.Duration]() {
		var d time.Duration
		d, err = time.ParseDuration(text)
		n = int64(d)
	}
	if err != nil {
		panic(fmt.Sprintf("field %s: tag %s: %v", f.Name, tag, err))
	}
	return n
}

func limitReason(tag reflect.StructTag, least int64, t reflect.Type) string {
	switch {
	case tag.Get("max") != "":
		return fmt.Sprintf("want a number from %s to %s", tag.Get("min"), tag.Get("max"))
	case least == 0:
		return "cannot be negative"
	case least == 1 && t == reflect.TypeFor[time.Duration]():
		return "want a duration above zero"
	default:
		return fmt.Sprintf("want %s or more", tag.Get("min"))
	}
}
