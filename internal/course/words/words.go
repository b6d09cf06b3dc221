// Package words has the messages of verify and its reports in English and Spanish. The code writes English; a message is
// translated where it is shown, by the catalogue in spanish.go. Keys of JSON, headers of CSV and names of scenarios have
// one language.
package words

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Language is a language of messages. Its zero value is English.
type Language string

// The languages.
const (
	English Language = "en"
	Spanish Language = "es"
)

// Of returns the language of a locale, such as es_AR.UTF-8: Spanish for es, English for any other.
func Of(locale string) Language {
	if name, _, _ := strings.Cut(strings.ToLower(locale), "_"); name == "es" || strings.HasPrefix(name, "es.") {
		return Spanish
	}
	return English
}

// Code returns the language's code, for the attribute lang.
func (l Language) Code() string { return string(cmp.Or(l, English)) }

// Text returns an English message in the language. A message that the catalogue lacks comes back as it is, as do the
// parts of a message that are a solution's own words.
func (l Language) Text(message string) string {
	if l != Spanish {
		return message
	}
	return translate(message, 0)
}

// deepest is how many messages may be inside of each other.
const deepest = 5

func translate(message string, depth int) string {
	c := catalogue()
	if whole, ok := c.whole[message]; ok {
		return whole
	}
	if depth == deepest || len(message) > 10_000 {
		return message
	}
	for _, f := range c.forms {
		if !strings.Contains(message, f.literal) {
			continue
		}
		m := f.english.FindStringSubmatch(message)
		if m == nil {
			continue
		}
		parts := make([]any, len(m)-1)
		for i, part := range m[1:] {
			parts[i] = translate(part, depth+1)
		}
		return fmt.Sprintf(f.spanish, parts...)
	}
	return message
}

// Has reports whether the catalogue has a message, in which each verb of fmt may stand for any part.
func Has(format string) bool {
	return catalogue().formats[Normal(format)]
}

// Normal returns a format with %s for each of its verbs.
func Normal(format string) string { return verb.ReplaceAllString(format, "%s") }

var verb = regexp.MustCompile(`%(?:\[\d+\])?[-+#0-9.]*[a-zA-Z]`)

// form is a message with parts.
type form struct {
	english *regexp.Regexp
	literal string // the longest text between the parts
	spanish string // a format for the parts, in their order
	weight  int    // the letters besides the parts
}

type messages struct {
	whole   map[string]string
	forms   []form // the most exact first
	formats map[string]bool
}

// catalogue is compiled on first use.
var catalogue = sync.OnceValue(func() messages {
	c := messages{whole: make(map[string]string), formats: make(map[string]bool)}
	for _, pair := range spanish {
		english := pair[0]
		c.formats[Normal(english)] = true
		if !verb.MatchString(english) {
			c.whole[english] = pair[1]
			continue
		}
		f := form{spanish: verb.ReplaceAllStringFunc(pair[1], func(v string) string { return v[:len(v)-1] + "s" })}
		rest := english
		var pattern strings.Builder
		pattern.WriteString(`(?s)^`)
		for rest != "" {
			at := verb.FindStringIndex(rest)
			literal, kind := rest, ""
			if at != nil {
				literal, kind, rest = rest[:at[0]], rest[at[0]:at[1]], rest[at[1]:]
			} else {
				rest = ""
			}
			pattern.WriteString(regexp.QuoteMeta(literal))
			f.weight += len(literal)
			if len(literal) > len(f.literal) {
				f.literal = literal
			}
			switch {
			case strings.HasSuffix(kind, "d"):
				pattern.WriteString(`(\d[\d,]*)`)
			case strings.HasSuffix(kind, "x"):
				pattern.WriteString(`([0-9a-f]{7,64})`)
			case kind != "":
				pattern.WriteString(`(.*?)`)
			}
		}
		f.english = regexp.MustCompile(pattern.String() + `$`)
		c.forms = append(c.forms, f)
	}
	slices.SortStableFunc(c.forms, func(a, b form) int { return cmp.Compare(b.weight, a.weight) })
	return c
})
