package render

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/tp0-lab/composer/internal/nearest"
)

var noField = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`can't evaluate field (\w+) in type render\.(Data|Replica)$`)
})

// named returns a message of text/template with the names that there are, where
// it is that a template reads one that is not.
func named(message string) string {
	found := noField().FindStringSubmatchIndex(message)
	if found == nil {
		return message
	}
	field, of := message[found[2]:found[3]], reflect.TypeFor[Data]()
	if message[found[4]:found[5]] == "Replica" {
		of = reflect.TypeFor[Replica]()
	}
	var have []string
	for _, f := range reflect.VisibleFields(of) {
		if f.Name != "Patterns" && f.Name != "Pattern" { // they are not for people
			have = append(have, f.Name)
		}
	}
	for method := range of.Methods() {
		have = append(have, method.Name)
	}
	hint := "have ." + strings.Join(slices.Sorted(slices.Values(have)), ", .")
	if near := nearest.Of(field, have); near != "" {
		hint = "did you mean ." + near + "?"
	}
	return message[:found[0]] + "there is no ." + field + ": " + hint
}
