package lint

import (
	"slices"

	"github.com/tp0-lab/composer/internal/text"
)

// The levels of Options.Set that are no severities.
const (
	On  = "on"  // the rule's own severity
	Off = "off" // no findings
)

// Levels are the levels that Options.Set takes.
var Levels = []string{Off, On, string(Note), string(Warning), string(Error)}

// Options say which rules apply, and the severities of their findings. A nil *Options has the defaults: the rules of
// sets are off.
type Options struct {
	// Profiles are the enabled profiles. "*" enables all.
	Profiles []string

	levels map[string]string // of the rules that were set
}

// Set sets a rule, or the rules of a set, to one of Levels. On does not change the severity of a rule that is already
// on. Set panics for an unknown name or level; UnknownRule checks a name.
func (o *Options) Set(name, level string) {
	if !slices.Contains(Levels, level) {
		panic("lint: no level " + level)
	}
	if o.levels == nil {
		o.levels = map[string]string{}
	}
	for _, r := range rulesOf(name) {
		if level != On || o.levels[r] == Off || o.levels[r] == "" {
			o.levels[r] = level
		}
	}
}

// applies reports whether a rule is on.
func (o *Options) applies(rule string) bool {
	level := ""
	if o != nil {
		level = o.levels[rule]
	}
	return level != Off && (level != "" || bookOf()[rule].Set == "")
}

// severity returns the severity of a rule's findings; usual is their severity unless somebody has set another one.
func (o *Options) severity(rule string, usual Severity) Severity {
	if o == nil || o.levels[rule] == "" || o.levels[rule] == On {
		return usual
	}
	return Severity(o.levels[rule])
}

// rulesOf returns the names of the rules of a set, or the name of a rule itself.
func rulesOf(name string) (names []string) {
	for _, r := range Rules() {
		if r.Set == name || r.Name == name {
			names = append(names, r.Name)
		}
	}
	if names == nil {
		panic("lint: no rule " + name)
	}
	return names
}

// UnknownRule returns an error message for a name that neither a rule nor a set has, and "" for any other name.
func UnknownRule(name string) string {
	names := append(ruleNames(), Sets...)
	if slices.Contains(names, name) {
		return ""
	}
	return "unknown rule \"" + text.Line(name) + "\"" + text.Suggestion(name, names)
}
