package lint

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// durations are the keys whose values are texts with a unit, such as 30s.
var durations = []string{"stop_grace_period", "interval", "timeout", "start_period", "start_interval", "delay", "monitor", "window"}

// NullHint ends a message about a key that has no value.
const NullHint = ": leave it out, or write its value"

// typeHint says what to write in place of a value that is of none of the wanted types, or returns "".
func typeHint(path []string, n *yaml.Node, want []string) string {
	key := path[len(path)-1]
	switch {
	case yamltree.IsNull(n):
		if _, err := strconv.Atoi(key); err == nil {
			return ": the item is empty"
		}
		return NullHint
	case !isPlain(n):
		return ""
	case slices.Contains(want, "boolean") && (n.Value == "0" || n.Value == "1"):
		return fmt.Sprintf(": write %t", n.Value == "1")
	case !slices.Contains(want, "string"), slices.ContainsFunc(want, func(t string) bool { return t == "integer" || t == "number" || t == "boolean" }):
		return "" // quotes would not help: Compose reads the text as a number
	case slices.Contains(durations, key):
		return secondsHint(n)
	case key == "restart" && n.ShortTag() == "!!bool":
		return `: write "no", or one of always, on-failure and unless-stopped`
	case key == "gpus":
		return ": write all, or a list of devices"
	case len(path) > 1 && path[len(path)-2] == "volumes":
		return ": write SOURCE:TARGET"
	}
	return fmt.Sprintf(": write %q", n.Value)
}

// secondsHint says how to write a number as a duration. It returns "" for a value that is no number.
func secondsHint(n *yaml.Node) string {
	var seconds float64
	if n.ShortTag() == "!!str" || n.Decode(&seconds) != nil || math.IsInf(seconds, 0) || math.IsNaN(seconds) {
		return ""
	}
	return fmt.Sprintf(": write %ss for seconds", strconv.FormatFloat(seconds, 'f', -1, 64))
}

// mismatch says what is wrong with a text that does not match a pattern of the schema.
func (d *document) mismatch(path []string, n *yaml.Node, pattern string) string {
	words := wordsOf(pattern)
	hint := d.suggest(n.Value, words)
	switch path[len(path)-1] {
	case "container_name":
		return "is not a name: " + rules.ContainerNames
	case "pull_policy":
		return fmt.Sprintf("is not one of %s, or a time such as every_12h%s", strings.Join(words, ", "), hint)
	}
	return fmt.Sprintf("does not match %s%s", pattern, hint)
}

// typeNames writes types of a schema, such as "a string or a list".
func typeNames(want []string) string {
	var all []string
	for _, w := range want {
		name := map[string]string{"object": "a mapping", "array": "a list", "null": "empty", "integer": "a whole number"}[w]
		if name == "" {
			name = "a " + w
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}
