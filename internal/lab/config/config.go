package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
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
func (p Problems) Error() string { return sentences(p) }

// Unwrap returns each.
func (p Problems) Unwrap() []error { return errorsOf(p) }

func sentences[E error](all []E) string {
	texts := make([]string, len(all))
	for i, err := range all {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func errorsOf[E error](all []E) []error {
	errs := make([]error, len(all))
	for i, err := range all {
		errs[i] = err
	}
	return errs
}

// Parse merges layers, the first of which has the highest rank, and parses
// them into T, a struct whose exported fields have the tags `env` (the
// variable) and perhaps `envDefault`, `min`, or `min` and `max` (of whole numbers
// and durations). What is empty counts as not set. A field without a default is
// required unless it is a pointer or Check lets it be empty. Whole numbers are decimal digits, durations have units; nothing is
// trimmed. The error is Problems, all of them at once, one for each variable,
// in the order of T's fields.
func Parse[T Checker](layers ...Layer) (T, error) {
	merged := merge(layers)
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
	if err := checkLimits(reflect.ValueOf(parsed), report); err != nil {
		return parsed, err
	}
	problems = append(groupProblems(fields, layers), problems...)
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

// merge returns the values that count, of layers the first of which has the
// highest rank.
func merge(layers []Layer) Layer {
	merged := Layer{}
	for _, layer := range slices.Backward(layers) {
		for variable, v := range layer {
			if _, ok := merged[variable]; !ok || v.Text != "" {
				merged[variable] = v
			}
		}
	}
	return merged
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

// groupProblems has one for each key of a file that has a value where a field's
// path has keys below it, in the order of the lines.
func groupProblems(fields map[string]reflect.StructField, layers []Layer) (problems Problems) {
	for _, layer := range layers {
		for variable, v := range layer {
			if below := groupOf(fields, v); len(below) > 0 && v.Text != "" {
				problems = append(problems, Problem{variable, &v, fmt.Sprintf("%s has no value of its own: want %s below it", v.Key, strings.Join(below, ", "))})
			}
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Value.Line, b.Value.Line) })
	return problems
}

// groupOf returns what can stand below the value's key in a file, in order.
func groupOf(fields map[string]reflect.StructField, v Value) (below []string) {
	if v.File == "" {
		return nil
	}
	for _, f := range fields {
		key := f.Tag.Get("key")
		if at := len(v.Key); len(key) > at && key[at] == '.' && strings.EqualFold(key[:at], v.Key) {
			below = append(below, key[at+1:])
		}
	}
	slices.Sort(below)
	return below
}

func fieldsOf[T any]() map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		fields[f.Name] = f
	}
	return fields
}
