// Package specification says quickly whether a document keeps to the schema of the Compose specification. compose-go
// takes 15 ms to compile that schema, longer than to read a small file; this package decodes it in 1 ms. It never says
// what is wrong. A document that it cannot call right has to be checked with compose-go's schema.
package specification

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/schema"

	"github.com/tp0-lab/composer/internal/text"
)

// part is a schema of a value, by keyword. Package specification knows the keywords that the specification uses, which a
// test holds.
type part map[string]any

// file decodes the schema of a file once.
var file = sync.OnceValue(func() part {
	var p part
	if err := json.Unmarshal([]byte(schema.Schema), &p); err != nil {
		panic("specification: the schema that is built in: " + err.Error()) // a test would have seen it
	}
	return p
})

// definition returns a schema of those that have names.
func definition(name string) part { return file().parts("$defs")[name].(map[string]any) }

// target returns the schema that $ref names, or nil.
func (p part) target() part {
	ref, _ := p["$ref"].(string)
	if ref == "" {
		return nil
	}
	return definition(strings.TrimPrefix(ref, "#/$defs/")) // the only form in use
}

// parts returns the schemas that a keyword names.
func (p part) parts(keyword string) part {
	named, _ := p[keyword].(map[string]any)
	return named
}

// list returns the list of a keyword.
func (p part) list(keyword string) []any {
	list, _ := p[keyword].([]any)
	return list
}

// takes reports whether a value of a type may be right.
func (p part) takes(kind string) bool {
	switch want := p["type"].(type) {
	case nil:
		return true
	case string:
		return want == kind
	default:
		for _, each := range p.list("type") {
			if each == kind {
				return true
			}
		}
		return false
	}
}

// bounded reports whether numbers have a least or a most.
func (p part) bounded() bool { return p["minimum"] != nil || p["maximum"] != nil }

// find returns the schemas of a key in p, or in what p refers to or consists of.
func (p part) find(key string) (found []any) {
	if own, ok := p.parts("properties")[key]; ok {
		found = append(found, own)
	}
	for pattern, own := range p.parts("patternProperties") {
		if matches(pattern, key) {
			found = append(found, own)
		}
	}
	if target := p.target(); target != nil {
		found = append(found, target.find(key)...)
	}
	for _, each := range p.list("allOf") {
		found = append(found, part(each.(map[string]any)).find(key)...)
	}
	return found
}

// IsServiceKey reports whether a service may have a key.
func IsServiceKey(key string) bool { return len(definition("service").find(key)) > 0 }

// Keys returns, sorted, the keys that the specification names for the mapping at a path from the root of a file. The
// steps of the path are keys, and numbers for items of lists. Keys returns none for a path that the specification does
// not know.
func Keys(path ...string) []string {
	at := file().alternatives()
	for _, key := range path {
		var next []part
		for _, p := range at {
			found := p.find(key)
			for _, keyword := range []string{"items", "additionalProperties"} {
				if each, ok := p[keyword].(map[string]any); ok {
					found = append(found, each)
				}
			}
			for _, each := range found {
				if schema, ok := each.(map[string]any); ok {
					next = append(next, part(schema).alternatives()...)
				}
			}
		}
		at = next
	}
	names := map[string]bool{}
	for _, p := range at {
		for name := range p.parts("properties") {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// alternatives returns p, and the schemas that it refers to or consists of.
func (p part) alternatives() []part {
	all := []part{p}
	if target := p.target(); target != nil {
		all = append(all, target.alternatives()...)
	}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		for _, each := range p.list(keyword) {
			all = append(all, part(each.(map[string]any)).alternatives()...)
		}
	}
	return all
}

// expressions are the patterns in use, each compiled once.
var expressions sync.Map

func matches(pattern, value string) bool {
	switch pattern { // the most common ones
	case "^x-":
		return strings.HasPrefix(value, "x-")
	case ".+":
		return strings.Trim(value, "\n") != ""
	}
	compiled, ok := expressions.Load(pattern)
	if !ok {
		compiled, _ = expressions.LoadOrStore(pattern, text.LazyRegexp(pattern))
	}
	return compiled.(func() *regexp.Regexp)().MatchString(value)
}
