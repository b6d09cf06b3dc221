package check

import (
	"fmt"
	"strings"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/text"
)

// maxWarnings is how many warnings a report has; the place of each takes a pass over the document.
const maxWarnings = 10

// warnings are the warnings of a document, of which those that differ in numbers only are one.
type warnings struct {
	all   []*warning
	byKey map[string]*warning
}

type warning struct {
	rules.Problem
	rest     string   // the message without its beginning, "service NAME: ", or all of it
	services []string // that begin it, or nil
	more     int      // others like it that name several services
}

func (w *warnings) add(p rules.Problem) {
	one := &warning{Problem: p, rest: p.Message}
	name := ""
	if len(p.Path) > 1 && p.Path[0] == "services" {
		name = p.Path[1]
		if rest, ok := strings.CutPrefix(p.Message, "service "+name+": "); ok {
			one.rest, one.services = rest, []string{name}
		}
	}
	shape, _ := appendShape([]byte(p.Rule.Name), nil, []byte(fmt.Sprint(name, p.Path[min(2, len(p.Path)):], one.rest)))
	first := w.byKey[string(shape)]
	switch {
	case first == nil:
		if w.byKey == nil {
			w.byKey = map[string]*warning{}
		}
		w.byKey[string(shape)] = one
		w.all = append(w.all, one)
	case one.services == nil:
		first.more++
	default:
		first.services = append(first.services, name)
	}
}

// message names the services of a warning: client1 … client99.
func (w *warning) message() string {
	text := w.Problem.Message
	switch n := len(w.services); {
	case n == 2:
		text = "services " + w.services[0] + " and " + w.services[1] + ": " + w.rest
	case n > 2:
		text = "services " + w.services[0] + " … " + w.services[n-1] + ": " + w.rest
	case w.more > 0:
		text += fmt.Sprintf(" (and %d more like it)", w.more)
	}
	return text + " [" + w.Rule.Name + "]"
}

// located returns the warnings with their places in the document.
func (w *warnings) located(document []byte) (all []*Error) {
	for _, one := range w.all[:min(len(w.all), maxWarnings)] {
		line, column, found := 1, 1, false
		for path := one.Path; len(path) > 0 && !found; path = path[:len(path)-1] {
			line, column, found = load.Find(document, path...)
		}
		all = append(all, errorAt(document, text.OffsetOf(document, line, column), one.message()))
	}
	return all
}
