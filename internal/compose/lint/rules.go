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
	all := slices.Concat(readingRules, specificationRules, rules.Book, scalarRules, fileRules)
	for _, s := range Sets() {
		all = append(all, s.Rules...)
	}
	return all
})

// checks are what finds that a rule is broken, once a file has been read.
func checks() []func(*document) {
	return []func(*document){
		checkSpecification, checkProject, checkScalars, checkFiles, checkSecurity, checkStyle,
		checkSample, // the last one: it finds again what others have found
	}
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
