package load

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4" // the version that compose-go reads with

	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// Limits of what compose-go reads. It makes a value of 2 KiB of each port of a range, looks at the rest of a line for the
// end of each variable in it, compares each value with each that has the tag !reset or !override, and splits a command
// into words by a copy of what it has read for each character.
const (
	maxPorts    = 100_000
	maxReach    = 8 << 20 // bytes, see vars.Cost
	maxCompared = 20_000_000
	maxCopied   = 8 << 30    // bytes: the squares of the lengths of commands
	maxPairs    = 20_000_000 // of aliases of one anchor: compose-go compares each with all before it
)

// checkText returns a *yamltree.LimitError for a text that would take compose-go seconds or gigabytes.
func checkText(text []byte, lookup vars.Lookup) error {
	if err := yamltree.CheckText(text); err != nil {
		return err
	}
	for document, err := range yamltree.Documents(text) {
		if err != nil {
			return nil //nolint:nilerr // compose-go says so
		}
		if err := CheckLimits(document.Content[0], lookup); err != nil {
			return err
		}
	}
	return nil
}

// CheckLimits returns an error if compose-go would take seconds or gigabytes to load a document that is within the limits
// of package yamltree: for its ports, its variables, its tags, its aliases or its commands. lookup is as in vars.Fill.
func CheckLimits(root *yaml.Node, lookup vars.Lookup) *yamltree.LimitError {
	l := limits{seen: map[*yaml.Node]bool{}, aliases: map[*yaml.Node]int{}}
	l.walk(root)
	for _, kind := range []string{"services", "jobs"} {
		for _, service := range yamltree.Entries(yamltree.Get(root, kind)) {
			l.countPorts(yamltree.Get(service, "ports"), lookup)
			for _, path := range commands {
				l.countCommand(yamltree.Get(service, path...))
			}
		}
	}
	return l.excess
}

// commands are the values of a service that compose-go splits into words if they are texts.
var commands = [][]string{{"command"}, {"entrypoint"}, {"post_start"}, {"pre_stop"}, {"pre_start"}}

type limits struct {
	values, tagged, reach, ports, copied, pairs int
	seen                                        map[*yaml.Node]bool  // aliases
	aliases                                     map[*yaml.Node]int   // how many an anchored node has
	excess                                      *yamltree.LimitError // the first one
}

func (l *limits) exceed(n *yaml.Node, format string, args ...any) {
	if l.excess == nil {
		l.excess = &yamltree.LimitError{Node: n, Message: fmt.Sprintf(format, args...)}
	}
}

func (l *limits) walk(n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		l.countAlias(n)
	}
	if n = yamltree.Follow(n); l.excess != nil {
		return
	}
	l.values++
	if n.Tag == "!reset" || n.Tag == "!override" {
		l.tagged++
	}
	if l.tagged*l.values > maxCompared {
		l.exceed(n, "up to here there are too many values with !reset or !override: %d among %d values", l.tagged, l.values)
	}
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "$") {
		reach, tooDeep := vars.Cost(n.Value)
		l.reach += reach
		switch {
		case tooDeep:
			l.exceed(n, "more than %d variables are nested in the defaults of each other here", vars.MaxNested)
		case l.reach > maxReach:
			l.exceed(n, "up to here there are too many variables in long lines")
		}
	}
	for _, child := range n.Content {
		l.walk(child)
	}
}

// countAlias counts the aliases of an anchor. It counts an alias that is within an anchor once.
func (l *limits) countAlias(n *yaml.Node) {
	if l.seen[n] {
		return
	}
	l.seen[n] = true
	l.pairs += l.aliases[n.Alias]
	l.aliases[n.Alias]++
	if l.pairs > maxPairs && l.excess == nil {
		l.exceed(n, "up to here the anchor %q has %d aliases, and Compose compares each with all before it", n.Value, l.aliases[n.Alias])
		l.excess.Aliased = true
	}
}

func (l *limits) countPorts(ports *yaml.Node, lookup vars.Lookup) {
	if ports == nil || ports.Kind != yaml.SequenceNode {
		return
	}
	for _, item := range ports.Content {
		if item = yamltree.Follow(item); item.Kind != yaml.ScalarNode {
			continue
		}
		text, _ := vars.Fill(item.Value, lookup)
		if l.ports += RangeLength(text); l.ports > maxPorts {
			l.exceed(item, "up to here the services have more than %d ports, and each port of a range counts", maxPorts)
		}
	}
}

// countCommand looks at a command, or at those of a list of hooks.
func (l *limits) countCommand(n *yaml.Node) {
	switch n = yamltree.Follow(n); {
	case n == nil:
	case n.Kind == yaml.ScalarNode:
		if l.copied += len(n.Value) * len(n.Value); l.copied > maxCopied {
			l.exceed(n, "up to here the commands are too long for one text each: write a list, or a file")
		}
	case n.Kind == yaml.SequenceNode:
		for hook := range yamltree.Items(n) {
			l.countCommand(yamltree.Get(hook, "command"))
		}
	}
}

// RangeLength returns the number of container ports in the text of a port mapping: 11 for 80-90:80-90/tcp.
func RangeLength(port string) int {
	port, _, _ = strings.Cut(port[strings.LastIndexByte(port, ':')+1:], "/")
	begin, end, found := strings.Cut(port, "-")
	first, err1 := strconv.Atoi(begin)
	last, err2 := strconv.Atoi(end)
	if !found || err1 != nil || err2 != nil || last < first || last > 65535 {
		return 1
	}
	return last - first + 1
}
