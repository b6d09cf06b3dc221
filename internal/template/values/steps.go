package values

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp/syntax"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/tp0-lab/composer/internal/text"
)

// Bounds for a schema and for a check with it, whose time grows with the square of
// the parts, and with what $ref has looked at again and again.
const (
	maxParts = 10_000    // objects of the schema
	maxSteps = 3_000_000 // parts that are applied to values, and what they compare those with
)

var errSteps = errors.New("the check of the values by this schema takes more than 3,000,000 steps: does the schema check the same values again and again?")

// checkParts returns what a schema has too much of, or nil. It is depth levels deep in
// the document, of which count objects have been seen.
func checkParts(document any, depth int, count *int) error {
	if depth > maxDepth {
		return fmt.Errorf("more than %d objects and lists within one another", maxDepth)
	}
	switch d := document.(type) {
	case map[string]any:
		if *count++; *count > maxParts {
			return fmt.Errorf("more than %d objects, which no schema of values needs", maxParts)
		}
		for _, key := range slices.Sorted(maps.Keys(d)) {
			if err := checkParts(d[key], depth+1, count); err != nil {
				return err
			}
		}
	case []any:
		for _, one := range d {
			if err := checkParts(one, depth+1, count); err != nil {
				return err
			}
		}
	case json.Number:
		if _, exponent, found := strings.Cut(strings.ToLower(d.String()), "e"); found && len(strings.TrimLeft(exponent, "+-0")) > 3 {
			return fmt.Errorf("the number %s, which no value has", text.Short(d.String(), 60)) // it is digits to package jsonschema
		}
	}
	return nil
}

// steps counts what a part of a schema does to a value. jsonschema calls it for
// each, as if it were a keyword of its own.
type steps struct {
	done    *atomic.Int64
	each    int // whatever the value is
	keys    int // for each key of a map
	letters int // for each 200 bytes of a text
}

func (s *Schema) countSteps(compiler *jsonschema.Compiler) {
	always := true
	compiler.RegisterVocabulary(&jsonschema.Vocabulary{
		URL:    "values:///steps",
		Schema: &jsonschema.Schema{Bool: &always},
		Compile: func(_ *jsonschema.CompilerContext, part map[string]any) (jsonschema.SchemaExt, error) {
			own := steps{done: &s.steps, each: 1}
			for _, key := range []string{"enum", "const", "required", "dependentRequired", "dependencies"} {
				own.each += size(part[key])
			}
			patterns, _ := part["patternProperties"].(map[string]any)
			own.keys = len(patterns)
			if pattern, ok := part["pattern"].(string); ok {
				own.letters = instructions(pattern)
			}
			return own, nil
		},
	})
	compiler.AssertVocabs()
}

// Validate panics with errSteps when there are too many steps, as there is no other
// way to end a validation.
func (s steps) Validate(_ *jsonschema.ValidatorContext, value any) {
	cost := s.each
	switch v := value.(type) {
	case map[string]any:
		cost += s.keys * len(v)
	case string:
		cost += s.letters * len(v) / 200
	}
	if s.done.Add(int64(cost)) > maxSteps {
		panic(errSteps)
	}
}

// size returns how many values there are in a value of JSON.
func size(value any) int {
	n := 1
	switch v := value.(type) {
	case nil:
		return 0
	case map[string]any:
		for _, one := range v {
			n += size(one)
		}
	case []any:
		for _, one := range v {
			n += size(one)
		}
	}
	return n
}

// instructions returns how long the program of a regular expression is, which may
// be a thousand times the expression.
func instructions(expression string) int {
	parsed, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return 1
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return 1
	}
	return len(program.Inst)
}
