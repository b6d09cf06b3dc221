package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/text"
)

// Finding is something wrong in a configuration. As an error it is FILE:LINE:COLUMN: REASON, with the suggestion.
type Finding struct {
	// File is empty for the environment and for a file that cannot be read.
	File string `json:"file,omitempty"`
	// Line and Column count from 1, Column in characters. Both are 0 without a place in a file.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Key is the key or the variable as the file or the environment writes it. It is empty for an error in the form of
	// the file.
	Key string `json:"key,omitempty"`
	// Value is the wrong value, or nil if something else is wrong.
	Value  *string `json:"value,omitempty"`
	Reason string  `json:"reason"`
	// Suggestion is the key or the value that was probably meant. It is empty if none is similar.
	Suggestion string `json:"suggestion,omitempty"`
	// NotSet is true for a variable that the service needs and that has no value.
	NotSet bool `json:"-"`

	variable string
}

// Error returns FILE:LINE:COLUMN: REASON, with the suggestion. Without a file it begins with the reason.
func (f Finding) Error() string {
	place := text.Place{File: f.File, Line: f.Line, Column: f.Column}.String()
	if place != "" {
		place += ": "
	}
	suggestion := ""
	if f.Suggestion != "" {
		suggestion = ", did you mean " + f.Suggestion + "?"
	}
	return place + f.Reason + suggestion
}

// Findings is the error of a configuration with one or more findings.
type Findings []Finding

// Error joins the texts of all findings with semicolons.
func (f Findings) Error() string {
	texts := make([]string, len(f))
	for i, one := range f {
		texts[i] = one.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns each Finding as an error.
func (f Findings) Unwrap() []error {
	errs := make([]error, len(f))
	for i, one := range f {
		errs[i] = one
	}
	return errs
}

// wrongValue returns the finding about a variable's value. The zero Value stands for a variable without one. A secret
// value is redacted.
func wrongValue(keys []Key, variable string, v Value, reason string) Finding {
	f := Finding{File: v.File, Line: v.Line, Column: v.Column, Key: cmp.Or(v.Key, variable), variable: variable}
	if v.Text == "" {
		f.NotSet, f.Reason = true, f.Key+" is not set: "+reason
		return f
	}
	if at := slices.IndexFunc(keys, func(k Key) bool { return k.Variable == variable }); at >= 0 {
		if keys[at].Secret {
			v.Text = secret.Redacted
		}
		f.Suggestion = nearestChoice(keys[at].Choices, v.Text)
	}
	origin := ""
	if v.File == "" {
		origin = " from " + v.Origin()
	}
	f.Value, f.Reason = &v.Text, fmt.Sprintf("%s=%.200q%s: %s", v.Key, v.Text, origin, reason)
	return f
}

// groupValues returns a finding for each key of a file that has a value and should have keys below it.
func groupValues(keys []Key, layers []Layer) (findings Findings) {
	for _, layer := range layers {
		for _, variable := range layer.inOrder() {
			v := layer[variable]
			if below := keysBelow(keys, v); len(below) > 0 && v.Text != "" {
				reason := fmt.Sprintf("%s has no value of its own: want %s below it", v.Key, strings.Join(below, ", "))
				findings = append(findings, wrongValue(keys, variable, v, reason))
			}
		}
	}
	return findings
}

// keysBelow returns the keys that a file can have below the value's key, in alphabetical order.
func keysBelow(keys []Key, v Value) (below []string) {
	for _, k := range keys {
		at := len(v.Key)
		if v.File != "" && len(k.Path) > at && k.Path[at] == '.' && strings.EqualFold(k.Path[:at], v.Key) {
			below = append(below, k.Path[at+1:])
		}
	}
	slices.Sort(below)
	return below
}

// Check returns everything that is wrong with a file by itself, in the order of its lines: form, unknown keys, keys
// without a value and wrong values. file and err are the results of Read or Parse. A key that is not set is right,
// because the environment may set it. A file that cannot be read is one finding without a place.
func (s Service) Check(file Layer, err error) ([]Finding, error) {
	findings, ok := errors.AsType[Findings](err)
	if err != nil && !ok {
		return []Finding{{Reason: err.Error()}}, nil
	}
	all, err := s.Findings(file)
	if err != nil {
		return nil, err
	}
	findings = append(Findings{}, findings...) // [] in JSON, not null
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

// Findings returns what the service would report about layers, the first of which has the highest rank: the findings of
// Parse, then those of Unknown.
func (s Service) Findings(layers ...Layer) ([]Finding, error) {
	err := s.parse(layers...)
	findings, ok := errors.AsType[Findings](err)
	if err != nil && !ok {
		return nil, err
	}
	return append(findings, s.Unknown(layers...)...), nil
}

// nearestChoice returns the choice that value resembles in any case, or "".
func nearestChoice(choices []string, value string) string {
	lower := make([]string, len(choices))
	for i, choice := range choices {
		lower[i] = strings.ToLower(choice)
	}
	near := slices.Index(lower, text.UniqueNearest(strings.ToLower(value), lower))
	if near < 0 {
		return ""
	}
	return choices[near]
}

// Unknown returns a finding for each value of layers that the service does not read, layer by layer in the order of the
// lines: unknown keys of a file, known keys without a value or in a section that is not read, and unknown variables of
// the environment that begin with the service's prefix.
func (s Service) Unknown(layers ...Layer) (findings []Finding) {
	for _, layer := range layers {
		for _, variable := range layer.inOrder() {
			v := layer[variable]
			if reason, near := s.whyUnread(variable, v); reason != "" {
				findings = append(findings, Finding{
					File: v.File, Line: v.KeyLine, Column: v.KeyColumn, Key: v.Key, Reason: reason, Suggestion: near,
				})
			}
		}
	}
	return findings
}

// whyUnread says why the service does not read a value, and which key may have been meant. The reason is "" if the
// service reads or refuses the value, or if the value is for other programs.
func (s Service) whyUnread(variable string, v Value) (reason, near string) {
	isKnown := func(variable string) bool {
		return slices.ContainsFunc(s.Keys, func(k Key) bool { return k.Variable == variable })
	}
	isGroup := len(keysBelow(s.Keys, v)) > 0
	switch {
	case v.Section != "" && isKnown(strings.ToUpper(v.Key)):
		return fmt.Sprintf("%s is in section [%s], and only [%s] is read", v.Key, v.Section, iniSection), ""
	case v.File != "" && v.Text == "" && (isKnown(variable) || isGroup):
		return v.Key + " has no value: it counts as not set", ""
	case v.Section != "" || isKnown(variable) || isGroup:
		return "", ""
	case v.File != "":
		return "unknown key " + v.Key, s.nearestKey(variable, func(k Key) string { return k.Path })
	case strings.HasPrefix(variable, s.prefix):
		near := s.nearestKey(variable, func(k Key) string { return k.Variable })
		return "unknown key " + v.Key + " in the environment", near
	}
	return "", ""
}

// nearestKey returns the name of the key whose variable ends in the words of variable, or else of the nearest key, or "".
// Keys whose name is "" do not count.
func (s Service) nearestKey(variable string, name func(Key) string) string {
	names := map[string]string{}
	for _, k := range s.Keys {
		if name(k) != "" {
			names[k.Variable] = name(k)
		}
	}
	variables := slices.Sorted(maps.Keys(names))
	for _, candidate := range variables {
		if strings.HasSuffix(candidate, "_"+strings.TrimPrefix(variable, s.prefix)) {
			return names[candidate]
		}
	}
	return names[text.Nearest(variable, variables)]
}
