package lint

import (
	"slices"
	"sync"

	"github.com/tp0-lab/composer/internal/compose/rules"
)

// Severity says how bad a finding is.
type Severity = rules.Severity

// The severities. Compose or Docker refuses a file with an Error. A Warning is most likely a mistake. A Note is
// something to know.
const (
	Error   = rules.Error
	Warning = rules.Warning
	Note    = rules.Note
)

// Rule is a rule that a file can break.
type Rule = rules.Rule

// Rules returns all rules, in the order of docs/lint.md. Callers must not change the slice: they share it.
var Rules = sync.OnceValue(func() []Rule {
	return slices.Concat(readingRules, partRules, specificationRules, rules.Book, scalarRules, fileRules, securityRules, styleRules)
})

// Sets are the names of the sets of rules. A set is off until somebody enables it, or one of its rules.
var Sets = []string{"security", "style"}

// inSet returns rules as those of a set.
func inSet(set string, all ...Rule) []Rule {
	for i := range all {
		all[i].Set = set
	}
	return all
}

func ruleNames() []string {
	var names []string
	for _, r := range Rules() {
		names = append(names, r.Name)
	}
	return names
}

func severityOf(name string) Severity {
	r, ok := bookOf()[name]
	if !ok {
		panic("lint: no rule " + name)
	}
	return r.Severity
}

// bookOf returns all rules by name.
var bookOf = sync.OnceValue(func() map[string]Rule {
	book := map[string]Rule{}
	for _, r := range Rules() {
		book[r.Name] = r
	}
	return book
})
