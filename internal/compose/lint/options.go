package lint

import (
	"slices"
	"sync"

	"github.com/tp0-lab/composer/internal/text"
)

// Set is a group of rules that are off until somebody enables the set or one of them.
type Set struct {
	Name  string
	Rules []Rule
}

// Sets returns the sets of rules. Callers must not change them.
func Sets() []Set {
	return []Set{{"security", securityRules}, {"style", styleRules}}
}

// SetOf returns the name of the set that a rule belongs to, or "" for a rule that is always on.
func SetOf(rule string) string {
	for _, s := range Sets() {
		if slices.ContainsFunc(s.Rules, func(r Rule) bool { return r.Name == rule }) {
			return s.Name
		}
	}
	return ""
}

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

// Set sets a rule, or the rules of a set, to one of Levels. On keeps the severity that a rule on already has. Set
// panics for an unknown name or level: UnknownRule tells first.
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
	return level != Off && (level != "" || bookOf()[rule].set == "")
}

// severity returns the severity of a rule's findings; usual is their severity unless somebody has set another one.
func (o *Options) severity(rule string, usual Severity) Severity {
	if o == nil || o.levels[rule] == "" || o.levels[rule] == On {
		return usual
	}
	return Severity(o.levels[rule])
}

// IsSet reports whether a set has that name.
func IsSet(name string) bool {
	return slices.ContainsFunc(Sets(), func(s Set) bool { return s.Name == name })
}

// rulesOf returns the names of the rules of a set, or the name of a rule itself.
func rulesOf(name string) []string {
	for _, s := range Sets() {
		if s.Name == name {
			var names []string
			for _, r := range s.Rules {
				names = append(names, r.Name)
			}
			return names
		}
	}
	if _, ok := bookOf()[name]; !ok {
		panic("lint: no rule " + name)
	}
	return []string{name}
}

// UnknownRule returns an error message for a name that neither a rule nor a set has, and "" for any other name.
func UnknownRule(name string) string {
	names := ruleNames()
	for _, s := range Sets() {
		names = append(names, s.Name)
	}
	if slices.Contains(names, name) {
		return ""
	}
	return "unknown rule \"" + text.Line(name) + "\"" + text.Suggestion(name, names)
}

// bookRule is a rule with the name of its set.
type bookRule struct {
	Rule
	set string
}

// bookOf returns all rules by name.
var bookOf = sync.OnceValue(func() map[string]bookRule {
	book := map[string]bookRule{}
	for _, r := range Rules() {
		book[r.Name] = bookRule{r, SetOf(r.Name)}
	}
	return book
})
