package config

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// schema is a JSON schema with the words that Schema uses.
type schema struct {
	Dialect     string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        any                `json:"type,omitempty"`
	AnyOf       []*schema          `json:"anyOf,omitempty"`
	AllOf       []*schema          `json:"allOf,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Const       any                `json:"const,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Minimum     json.Number        `json:"minimum,omitempty"`
	Maximum     json.Number        `json:"maximum,omitempty"`
	Default     any                `json:"default,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Closed      *bool              `json:"additionalProperties,omitempty"`
}

// Schema returns a JSON schema (draft 2020-12) of the service's file, for editors. The caller encodes it as JSON. For
// an INI file it describes the keys as one object.
//
// The schema is stricter than the service: it takes keys only as Path writes them, and no value that YAML reads as
// another type. It lacks the rules of a Checker, which may be about several keys.
func (s Service) Schema() any {
	root := object(fmt.Sprintf("%s: the %s's configuration", s.File, s.Name))
	root.Dialect = "https://json-schema.org/draft/2020-12/schema"
	for _, k := range s.Keys {
		if k.Path == "" {
			continue
		}
		parent := root
		parts := strings.Split(k.Path, ".")
		for _, part := range parts[:len(parts)-1] {
			if parent.Properties[part] == nil {
				parent.Properties[part] = object("")
			}
			parent = parent.Properties[part]
		}
		parent.Properties[parts[len(parts)-1]] = k.schema()
	}
	return root
}

func object(title string) *schema {
	return &schema{Title: title, Type: "object", Properties: map[string]*schema{}, Closed: new(bool)}
}

// schema returns the schema of a key's value. It takes texts that read as a number or a switch, because an INI file has
// only texts.
func (k Key) schema() *schema {
	c := &schema{Description: fmt.Sprintf("%s (%s)", k.Doc, k.Variable)}
	switch k.Kind {
	case Number:
		c.Type = []string{"integer", "string"}
		c.Minimum, c.Maximum = json.Number(k.Min), json.Number(k.Max)
		c.Pattern = "^[+-]?[0-9]+$"
		if k.Min != "" {
			c.Pattern = "^[0-9]+$"
		}
	case Duration:
		text := &schema{Type: "string", Pattern: "^" + durationPattern(k.Min) + "$"}
		c.AnyOf = []*schema{text}
		if k.Min == "1ns" {
			text.AllOf = []*schema{{Pattern: "[1-9]"}}
		} else {
			c.AnyOf = append(c.AnyOf, &schema{Const: 0})
		}
	case Switch:
		c.Type = []string{"boolean", "string"}
		c.Pattern = "^(1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$" // strconv.ParseBool's
	case Choice:
		c.AnyOf = []*schema{{Enum: k.Choices}}
		if k.AnyCase {
			var patterns []string
			for _, choice := range k.Choices {
				patterns = append(patterns, anyCasePattern(choice))
			}
			c.AnyOf = append(c.AnyOf, &schema{Type: "string", Pattern: "^(" + strings.Join(patterns, "|") + ")$"})
		}
	default:
		c.Type = "string"
		if k.Secret {
			c.Pattern = "^[0-9A-Fa-f]{64}$"
		}
	}
	if k.Default != nil {
		c.Default = *k.Default
		if k.Kind == Number || k.Kind == Switch {
			c.Default = json.RawMessage(*k.Default)
		}
	}
	return c
}

// durationPattern returns a pattern of the texts that time.ParseDuration reads, in a dialect that all validators know.
func durationPattern(least string) string {
	sign := "[+-]?"
	if least != "" {
		sign = "[+]?"
	}
	return sign + `(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)`
}

// anyCasePattern returns a pattern of a word in any case.
func anyCasePattern(word string) string {
	var b strings.Builder
	for _, r := range word {
		if lower, upper := unicode.ToLower(r), unicode.ToUpper(r); lower != upper {
			fmt.Fprintf(&b, "[%c%c]", upper, lower)
		} else {
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}
