package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/caarlos0/env/v11"
)

// Checker is a configuration struct that checks the values of its fields. Check calls report for each variable with
// a wrong value.
type Checker interface {
	Check(report func(variable, reason string))
}

// Parse merges layers, the first of which has the highest rank, and parses the values into T.
//
// The exported fields of T have the tag env (the variable) and perhaps envDefault, min, max and or. The tags min and max
// bound whole numbers and durations, and max needs min. The tag or names a pointer field that may be set in place of this
// one. An empty value counts as not set. A whole number is decimal digits, a duration has units, and nothing is trimmed.
//
// The error for wrong values is Findings: one for each variable, in the order of T's fields. Findings about a value where
// a file should have keys come first.
func Parse[T Checker](layers ...Layer) (T, error) {
	merged := merge(layers)
	texts := make(map[string]string, len(merged))
	for variable, v := range merged {
		texts[variable] = v.Text
	}
	parsed, err := env.ParseAsWithOptions[T](env.Options{Environment: texts})

	keys := keysOf(reflect.TypeFor[T]())
	var findings Findings
	report := func(variable, reason string) {
		if !slices.ContainsFunc(findings, func(f Finding) bool { return f.variable == variable }) {
			findings = append(findings, wrongValue(keys, variable, merged[variable], reason))
		}
	}
	if aggregate, ok := errors.AsType[env.AggregateError](err); ok {
		for _, e := range aggregate.Errors {
			parse, ok := errors.AsType[env.ParseError](e)
			if !ok {
				return parsed, err
			}
			field, _ := reflect.TypeFor[T]().FieldByName(parse.Name)
			report(field.Tag.Get("env"), parseReason(field.Type, parse.Err))
		}
	} else if err != nil {
		return parsed, err
	}
	parsed.Check(report)
	checkLimits(reflect.ValueOf(parsed), report)
	findings = append(groupValues(keys, layers), findings...)
	if len(findings) == 0 {
		return parsed, nil
	}
	position := func(f Finding) int {
		return slices.IndexFunc(keys, func(k Key) bool { return k.Variable == f.variable })
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return position(a) - position(b) })
	return parsed, findings
}

// merge returns the values that count. The first layer has the highest rank.
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

// parseReason says which values a field of type t takes, instead of the words of package strconv in err.
func parseReason(t reflect.Type, err error) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "want a duration, such as 150ms or 5s"
	case t.Kind() == reflect.Bool:
		return "want true or false"
	case t.Implements(reflect.TypeFor[fmt.Stringer]()):
		return err.Error() // a type of the lab, which says what it wants
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
