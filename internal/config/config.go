package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/tp0-lab/composer/internal/nearest"
)

// Checker is a configuration struct that knows what its fields may hold. Check
// calls report for each variable with a wrong value.
type Checker interface {
	Check(report func(variable, reason string))
}

// Problem is a wrong value.
type Problem struct {
	Variable string
	// Value is what it has, and from where; nil if it is not set.
	Value  *Value
	Reason string
}

// Error has the variable, its value and origin, and what is wrong with it.
func (p Problem) Error() string {
	if p.Value == nil {
		return fmt.Sprintf("%s is not set: %s", p.Variable, p.Reason)
	}
	return fmt.Sprintf("%s=%q from %s: %s", p.Variable, p.Value.Text, p.Value.Origin(), p.Reason)
}

// Problems is everything that is wrong with a configuration.
type Problems []Problem

// Error has a sentence for each.
func (p Problems) Error() string {
	all := make([]string, len(p))
	for i := range p {
		all[i] = p[i].Error()
	}
	return strings.Join(all, "; ")
}

// Unwrap returns each.
func (p Problems) Unwrap() []error {
	all := make([]error, len(p))
	for i := range p {
		all[i] = p[i]
	}
	return all
}

// Parse merges layers, the first of which has the highest rank, and parses
// them into T, a struct whose exported fields have the tags `env` (the
// variable) and perhaps `envDefault`. What is empty counts as not set. A field
// without a default is required unless it is a pointer or Check lets it be
// empty. Whole numbers are decimal digits, durations have units; nothing is
// trimmed. The error is Problems, all of them at once, one for each variable,
// in the order of T's fields.
func Parse[T Checker](layers ...Layer) (T, error) {
	merged := Layer{}
	for _, layer := range slices.Backward(layers) {
		for variable, v := range layer {
			if _, ok := merged[variable]; !ok || v.Text != "" {
				merged[variable] = v
			}
		}
	}
	texts := make(map[string]string, len(merged))
	for variable, v := range merged {
		texts[variable] = v.Text
	}
	parsed, err := env.ParseAsWithOptions[T](env.Options{Environment: texts})

	var problems Problems
	report := func(variable, reason string) {
		p := Problem{Variable: variable, Reason: reason}
		if v, ok := merged[variable]; ok {
			p.Value = &v
		}
		if !slices.ContainsFunc(problems, func(other Problem) bool { return other.Variable == variable }) {
			problems = append(problems, p)
		}
	}
	fields := fieldsOf[T]()
	if aggregate, ok := errors.AsType[env.AggregateError](err); ok {
		for _, e := range aggregate.Errors {
			var parse env.ParseError
			if !errors.As(e, &parse) {
				return parsed, err
			}
			field := fields[parse.Name]
			report(field.Tag.Get("env"), reason(field.Type, parse.Err))
		}
	} else if err != nil {
		return parsed, err
	}
	parsed.Check(report)
	if len(problems) > 0 {
		order := map[string]int{}
		for _, f := range fields {
			order[f.Tag.Get("env")] = f.Index[0]
		}
		slices.SortStableFunc(problems, func(a, b Problem) int { return order[a.Variable] - order[b.Variable] })
		return parsed, problems
	}
	return parsed, nil
}

// reason is what to say instead of strconv's words.
func reason(t reflect.Type, err error) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "want a duration, such as 150ms or 5s"
	case t.Kind() == reflect.Bool:
		return "want true or false"
	case t.Implements(reflect.TypeFor[fmt.Stringer]()):
		return err.Error() // one of our own types, which says what it wants
	case reflect.Uint <= t.Kind() && t.Kind() <= reflect.Uint64:
		return fmt.Sprintf("want a whole number, at most %d", uint64(1)<<t.Bits()-1)
	case errors.Is(err, strconv.ErrRange):
		return "the number is out of range"
	case reflect.Int <= t.Kind() && t.Kind() <= reflect.Int64:
		return "want a whole number"
	default:
		return err.Error()
	}
}

func fieldsOf[T any]() map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		fields[f.Name] = f
	}
	return fields
}

// Unknown returns a sentence for each key of a file that is no variable of T,
// or that is one in a section that is not read, and for each variable of the
// environment that begins with prefix and is none; each names the nearest that
// there is, as people write it in that place.
func Unknown[T any](prefix string, layers ...Layer) []string {
	variables := map[string]string{} // by themselves
	paths := map[string]string{}     // of a file, by variable
	for _, f := range fieldsOf[T]() {
		variable := f.Tag.Get("env")
		variables[variable] = variable
		if key := f.Tag.Get("key"); key != "" {
			paths[variable] = key
		}
	}
	var sentences []string
	for _, layer := range layers {
		inOrder := slices.SortedFunc(maps.Keys(layer), func(a, b string) int {
			return cmp.Or(cmp.Compare(layer[a].Line, layer[b].Line), cmp.Compare(a, b))
		})
		for _, variable := range inOrder {
			v := layer[variable]
			_, known := variables[strings.ToUpper(v.Key)]
			if v.Section != "" {
				if known {
					sentences = append(sentences, fmt.Sprintf("%s in %s is in section [%s], and only [%s] is read", v.Key, v.Origin(), v.Section, iniSection))
				}
				continue // the rest is other programs'
			}
			if _, ok := variables[variable]; ok || v.File == "" && !strings.HasPrefix(variable, prefix) {
				continue
			}
			names := variables
			if v.File != "" && len(paths) > 0 {
				names = paths
			}
			s := fmt.Sprintf("unknown key %s in %s", v.Key, v.Origin())
			if near := nearestKnown(variable, prefix, names); near != "" {
				s += ", did you mean " + names[near] + "?"
			}
			sentences = append(sentences, s)
		}
	}
	return sentences
}

// nearestKnown returns the known variable that ends in the name's words, or the
// one that is nearest to it.
func nearestKnown(name, prefix string, known map[string]string) string {
	names := slices.Sorted(maps.Keys(known))
	for _, candidate := range names {
		if strings.HasSuffix(candidate, "_"+strings.TrimPrefix(name, prefix)) {
			return candidate
		}
	}
	return nearest.Of(name, names)
}
