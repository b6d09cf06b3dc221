package lint

import (
	"github.com/tp0-lab/composer/internal/nearest"
)

// Severity says how bad a finding is.
type Severity string

// The severities. Compose refuses a file with an Error, or Docker does when it
// starts containers; a Warning is most likely not what was meant; a Note is
// something to know.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Rule is what a file may be found to break.
type Rule struct {
	Name     string   `json:"name"` // lower-case words with dashes
	Severity Severity `json:"severity"`
	// What is wrong, in half a sentence, and Why that matters, in whole ones.
	What string `json:"what"`
	Why  string `json:"why"`
}

// group is rules that are checked together. Those without a check are found
// while a file is read.
type group struct {
	rules []Rule
	check func(*document)
}

var groups []group

func init() {
	groups = []group{
		{readingRules, nil},
		{specificationRules, checkSpecification},
		{referenceRules, checkReferences},
		{nameRules, checkNames},
		{portRules, checkPorts},
		{networkRules, checkNetworks},
		{scalarRules, checkScalars},
		{fileRules, checkFiles},
		{nil, checkSample}, // the last one: it finds again what others have found
	}
}

// Rules returns all rules, those of one group next to each other.
func Rules() []Rule {
	var all []Rule
	for _, g := range groups {
		all = append(all, g.rules...)
	}
	return all
}

// UnknownRule returns what is wrong with a rule's name, or "".
func UnknownRule(name string) string {
	if _, ok := ruleNamed(name); ok {
		return ""
	}
	return "unknown rule \"" + sentence(name) + "\"" + suggestion(name, ruleNames())
}

func ruleNamed(name string) (Rule, bool) {
	for _, g := range groups {
		for _, r := range g.rules {
			if r.Name == name {
				return r, true
			}
		}
	}
	return Rule{}, false
}

func ruleNames() []string {
	var names []string
	for _, r := range Rules() {
		names = append(names, r.Name)
	}
	return names
}

func severityOf(name string) Severity {
	r, ok := ruleNamed(name)
	if !ok {
		panic("lint: no rule " + name)
	}
	return r.Severity
}

// suggestion asks for the candidate that is nearest to a name.
func suggestion(name string, candidates []string) string {
	if near := nearest.Of(name, candidates); near != "" {
		return ", did you mean " + near + "?"
	}
	return ""
}
