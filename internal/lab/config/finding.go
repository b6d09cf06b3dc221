package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Finding is something that is wrong with a configuration, and where.
type Finding struct {
	// File is empty for what is not of a file.
	File string `json:"file,omitempty"`
	// Line and Column are from 1, or both 0 for what is of no place in a file; a column
	// is a character.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Key is the key or the variable as it stands there. It is empty if it is
	// about the form of the file.
	Key string `json:"key,omitempty"`
	// Value is what the key has, if that is what is wrong.
	Value *string `json:"value,omitempty"`
	// Reason is all there is to say.
	Reason string `json:"reason"`
	// Suggestion is what may have been meant: a key, or a value that is right.
	Suggestion string `json:"suggestion,omitempty"`
	// NotSet says that a key is needed and is nowhere.
	NotSet bool `json:"-"`
}

// String has the place, the reason and the suggestion.
func (f Finding) String() string {
	return place(f.File, f.Line, f.Column) + f.Reason + didYouMean(f.Suggestion)
}

// place is what a sentence begins with, as compilers have it, as far as it is known.
func place(file string, line, column int) string {
	switch {
	case file == "":
		return ""
	case line == 0:
		return file + ": "
	default:
		return fmt.Sprintf("%s:%d:%d: ", file, line, column)
	}
}

// Check checks a file by itself and returns all that is wrong with it, in the
// order of its lines: form, unknown keys, keys without a value and wrong values.
// What is not set is not wrong, as the environment may have it. A file that cannot
// be read at all is one finding without a place.
func (s Service) Check(path string) ([]Finding, error) {
	return s.CheckRead(s.Read(path))
}

// CheckRead is Check for the results of Read or Parse.
func (s Service) CheckRead(file Layer, err error) ([]Finding, error) {
	form, ok := errors.AsType[FileErrors](err)
	if err != nil && !ok {
		return []Finding{{Reason: err.Error()}}, nil
	}
	findings := []Finding{}
	for _, e := range form {
		findings = append(findings, Finding{File: e.File, Line: e.Line, Column: e.Column, Reason: e.Reason})
	}
	all, err := s.Findings(file)
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if !f.NotSet {
			findings = append(findings, f)
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return findings, nil
}

// Findings returns all that the service would complain about if it had these
// layers, the first of which has the highest rank: wrong values, then keys that
// nobody reads.
func (s Service) Findings(layers ...Layer) ([]Finding, error) {
	err := s.parse(layers...)
	problems, ok := errors.AsType[Problems](err)
	if err != nil && !ok {
		return nil, err
	}
	var findings []Finding
	for _, p := range problems {
		if p.Value == nil || p.Value.Text == "" {
			findings = append(findings, Finding{Key: p.Variable, Reason: p.Variable + " is not set: " + p.Reason, NotSet: true})
			continue
		}
		v := p.Value
		from := ""
		if v.File == "" {
			from = " from " + v.Origin()
		}
		findings = append(findings, Finding{
			File: v.File, Line: v.Line, Column: v.Column, Key: v.Key, Value: &v.Text,
			Reason:     fmt.Sprintf("%s=%.200q%s: %s", v.Key, v.Text, from, p.Reason),
			Suggestion: s.nearValue(p, layers),
		})
	}
	for _, n := range s.notices(layers) {
		v := n.value
		in := ""
		if v.File == "" {
			in = " in the " + v.Origin()
		}
		findings = append(findings, Finding{
			File: v.File, Line: v.KeyLine, Column: v.KeyColumn, Key: v.Key,
			Reason: n.before + v.Key + in + n.after, Suggestion: n.near,
		})
	}
	return findings, nil
}

// nearValue returns the first of a problem's candidates that the service takes,
// or "".
func (s Service) nearValue(p Problem, layers []Layer) string {
	i := slices.IndexFunc(s.Keys, func(k Key) bool { return k.Variable == p.Variable })
	if i < 0 {
		return ""
	}
	for _, text := range candidates(s.Keys[i], p.Value.Text) {
		if text == "" || text == p.Value.Text {
			continue
		}
		err := s.parse(append([]Layer{{p.Variable: {Text: text}}}, layers...)...)
		problems, _ := errors.AsType[Problems](err)
		if !slices.ContainsFunc(problems, func(other Problem) bool { return other.Variable == p.Variable }) {
			return text
		}
	}
	return ""
}

// switchWords are words that others take for true or false.
var switchWords = map[string]string{"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}

// unitWords are how others write the units of a duration.
var unitWords = strings.NewReplacer("seconds", "s", "second", "s", "secs", "s", "sec", "s",
	"minutes", "m", "minute", "m", "mins", "m", "min", "m", "hours", "h", "hour", "h", " ", "", ",", ".")

// candidates returns what somebody who wrote text may have meant.
func candidates(k Key, text string) []string {
	// An INI file has neither quotes nor comments behind a value.
	if at := strings.IndexFunc(text, func(r rune) bool { return r == '#' || r == ';' }); at > 0 && unicode.IsSpace(rune(text[at-1])) {
		text = text[:at]
	}
	text = strings.Trim(text, "\"' \t")
	all := []string{text}
	switch k.Kind {
	case Number:
		all = append(all, strings.NewReplacer("_", "", ",", "", " ", "").Replace(text), strings.TrimPrefix(text, "+"), strings.TrimSuffix(text, ".0"))
	case Duration:
		units := unitWords.Replace(strings.ToLower(text))
		all = append(all, units, units+"s")
	case Switch:
		lower := strings.ToLower(text)
		all = append(all, lower, switchWords[lower])
	case Choice:
		all = append(all, nearChoice(k.Choices, text))
	}
	return all
}

// nearChoice returns the choice that text begins, or that begins text, in any
// case, or the nearest by edits, or "".
func nearChoice(choices []string, text string) string {
	lower := strings.ToLower(text)
	byLower := map[string]string{}
	for _, choice := range choices {
		c := strings.ToLower(choice)
		if len(lower) > 1 && (strings.HasPrefix(c, lower) || strings.HasPrefix(lower, c)) {
			return choice
		}
		byLower[c] = c
	}
	near := nearestKnown(lower, "", byLower)
	for _, choice := range choices {
		if strings.ToLower(choice) == near {
			return choice
		}
	}
	return ""
}
