// Package words has the messages of verify and its reports in English and Spanish. The code writes English; a message is
// translated where it is shown, by the catalogues in spanish.go and spanish_errors.go. Keys of JSON, headers of CSV and names of scenarios have
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

// Text returns an English message in the language. A message that is not in the catalogue comes back unchanged. So do
// the parts of a message that quote a solution.
func (l Language) Text(message string) string {
	if l != Spanish {
		return message
	}
	return catalogue().translate(message, 0)
}

// ErrorText returns the message of an error in the language. Each line of the message may begin with names of commands
// and places, such as "verify: class.csv:3:1: "; ErrorText does not translate them.
func (l Language) ErrorText(message string) string {
	if l != Spanish {
		return message
	}
	if first, others, more := strings.Cut(message, "\n"); more {
		return l.ErrorText(first) + "\n" + l.ErrorText(others)
	}
	before := failing.FindString(message)
	message = message[len(before):]
	translated := errorCatalogue().translate(message, 0)
	if head, rest, found := strings.Cut(message, ": "); found && translated == message {
		return before + head + ": " + l.ErrorText(rest)
	}
	return before + translated
}

// failing matches the command and the place before an error, which would be part of a message such as "%s is missing".
var failing = regexp.MustCompile(`^(verify: )?(.*?:\d+:\d+: )?`)

// deepest is how many messages may be inside of each other.
const deepest = 5

func (c messages) translate(message string, depth int) string {
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
			parts[i] = c.translate(part, depth+1)
		}
		return fmt.Sprintf(f.spanish, parts...)
	}
	return message
}

var verb = regexp.MustCompile(`%(?:\[\d+\])?[-+#0-9.]*[a-zA-Z]`)

// parts are the patterns of what stands for a verb.
var parts = map[string]string{"%d": `(\d[\d,]*)`, "%x": `([0-9a-f]{7,64})`, "%s": `(.*?)`}

// form is a message with parts.
type form struct {
	english *regexp.Regexp
	literal string // the longest text between the parts
	spanish string // a format for the parts, in their order
	weight  int    // the letters besides the parts
}

type messages struct {
	whole map[string]string
	forms []form // the most exact first
}

// The catalogues are compiled on first use.
var (
	catalogue      = sync.OnceValue(func() messages { return compile(spanish) })
	errorCatalogue = sync.OnceValue(func() messages { return compile(slices.Concat(spanish, spanishErrors)) })
)

func compile(pairs [][2]string) messages {
	c := messages{whole: make(map[string]string)}
	for _, pair := range pairs {
		english := pair[0]
		if !verb.MatchString(english) {
			c.whole[english] = pair[1]
			continue
		}
		f := form{spanish: verb.ReplaceAllStringFunc(pair[1], func(v string) string { return v[:len(v)-1] + "s" })}
		for _, literal := range verb.Split(english, -1) {
			f.weight += len(literal)
			if len(literal) > len(f.literal) {
				f.literal = literal
			}
		}
		f.english = regexp.MustCompile(`(?s)^` + verb.ReplaceAllStringFunc(regexp.QuoteMeta(english), func(v string) string { return parts[v] }) + `$`)
		c.forms = append(c.forms, f)
	}
	slices.SortStableFunc(c.forms, func(a, b form) int { return cmp.Compare(b.weight, a.weight) })
	return c
}
