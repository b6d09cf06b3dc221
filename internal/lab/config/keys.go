package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Key is a key of a configuration, as the tags of its field say.
type Key struct {
	Variable string `json:"variable"`
	// Path is the key in the file. It is empty if only the environment has it.
	Path string `json:"key,omitempty"`
	Kind Kind   `json:"kind"`
	// Default is nil if there is none.
	Default *string `json:"default"`
	// Min and Max are bounds that belong to what they bound, or empty.
	Min string `json:"min,omitempty"`
	Max string `json:"max,omitempty"`
	// Choices are all values that a Choice has, as they are written best; in any
	// case if AnyCase is true.
	Choices []string `json:"choices,omitempty"`
	AnyCase bool     `json:"any_case,omitempty"`
	Doc     string   `json:"doc"`
}

// Kind is what a key's value looks like.
type Kind string

// The kinds.
const (
	Text     Kind = "text"
	Number   Kind = "number"   // whole, decimal digits
	Duration Kind = "duration" // Go's: 150ms, 1m30s
	Switch   Kind = "switch"   // true or false
	Choice   Kind = "choice"   // one of a few words
)

// Chooser is a type of few values, all of which have a name.
type Chooser interface{ Choices() []string }

// keysOf returns the keys of a configuration in the order of its fields. The
// file's keys are the tags `key`, or the variables if no field has one.
func keysOf(t reflect.Type) []Key {
	fields := reflect.VisibleFields(t)
	paths := false
	for _, f := range fields {
		paths = paths || f.Tag.Get("key") != ""
	}
	keys := make([]Key, len(fields))
	for i, f := range fields {
		k := Key{Variable: f.Tag.Get("env"), Path: f.Tag.Get("key"), Min: f.Tag.Get("min"), Max: f.Tag.Get("max"), Doc: f.Tag.Get("doc")}
		if !paths {
			k.Path = k.Variable
		}
		if text, ok := f.Tag.Lookup("envDefault"); ok {
			k.Default = &text
		}
		k.describe(f.Type)
		keys[i] = k
	}
	return keys
}

// describe sets what the type of the field says.
func (k *Key) describe(t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	chooser, few := reflect.TypeAssert[Chooser](reflect.Zero(t))
	switch {
	case few:
		k.Kind, k.Choices = Choice, chooser.Choices()
		reader, ok := reflect.TypeAssert[encoding.TextUnmarshaler](reflect.New(t))
		k.AnyCase = ok && reader.UnmarshalText([]byte(swapCase(k.Choices[0]))) == nil
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
		if k.Max == "" {
			k.Max = strconv.FormatInt(1<<(bits-1)-1, 10)
		}
	case reflect.Uint <= t.Kind() && t.Kind() <= reflect.Uint64:
		k.Kind = Number
		if k.Min == "" {
			k.Min = "0"
		}
		if k.Max == "" {
			k.Max = strconv.FormatUint(uint64(1)<<t.Bits()-1, 10)
		}
	default:
		k.Kind = Text
	}
}

func swapCase(s string) string {
	if lower := strings.ToLower(s); lower != s {
		return lower
	}
	return strings.ToUpper(s)
}

// checkLimits calls report for each field of a configuration that is beyond the
// limits of its tags. Its error is a mistake in those.
func checkLimits(configuration reflect.Value, report func(variable, reason string)) error {
	for _, f := range reflect.VisibleFields(configuration.Type()) {
		v := reflect.Indirect(configuration.FieldByIndex(f.Index))
		if !v.IsValid() {
			continue // not set
		}
		least, hasLeast, leastErr := limit(f.Tag, "min", v.Type())
		most, hasMost, mostErr := limit(f.Tag, "max", v.Type())
		if err := errors.Join(leastErr, mostErr); err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
		if !hasLeast && !hasMost {
			continue
		}
		var n int64
		if v.CanInt() {
			n = v.Int()
		} else {
			n = int64(v.Uint())
		}
		if hasLeast && n < least || hasMost && n > most {
			report(f.Tag.Get("env"), limitReason(f.Tag, least, hasMost, v.Type()))
		}
	}
	return nil
}

// limit reads a limit of a number of that type: a whole number or a duration.
func limit(tag reflect.StructTag, name string, t reflect.Type) (n int64, ok bool, err error) {
	text, ok := tag.Lookup(name)
	switch {
	case !ok:
		return 0, false, nil
	case t == reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(text)
		return int64(d), true, err
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Uint32:
		n, err = strconv.ParseInt(text, 10, 64)
		return n, true, err
	default:
		return 0, true, fmt.Errorf("%s has no %s", t, name)
	}
}

func limitReason(tag reflect.StructTag, least int64, hasMost bool, t reflect.Type) string {
	switch {
	case hasMost:
		return fmt.Sprintf("want a number from %s to %s", tag.Get("min"), tag.Get("max"))
	case least == 0:
		return "cannot be negative"
	case least == 1 && t == reflect.TypeFor[time.Duration]():
		return "want a duration above zero"
	default:
		return fmt.Sprintf("want %s or more", tag.Get("min"))
	}
}
