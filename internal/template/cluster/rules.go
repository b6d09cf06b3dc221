package cluster

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// apiRule reports a value that the API server refuses, though it is of its field's type, or a mapping, though each of its
// fields is right. where is the path of the value.
type apiRule func(m *manifests, n *yaml.Node, where string)

// checkRules applies the rules of a type to a value that checkType takes, and reports whether those below it have rules, too:
// what the server says of an object has none.
func (m *manifests) checkRules(n *yaml.Node, of, where string) (goOn bool) {
	for _, rule := range typeRules[of] {
		rule(m, n, where)
	}
	for key, one := range yamltree.Entries(n) {
		if rule := fieldRules()[of+"."+key.Value]; rule != nil && !yamltree.IsNull(one) {
			rule(m, one, where+"."+key.Value)
		}
	}
	return !strings.HasSuffix(of, "Status")
}

// isUnset reports whether a field has no value, or the one that Kubernetes takes for none: "", 0, an empty list or mapping.
func isUnset(n *yaml.Node) bool {
	n = yamltree.Follow(n)
	if n == nil || yamltree.IsNull(n) {
		return true
	}
	if n.Kind != yaml.ScalarNode {
		return len(n.Content) == 0
	}
	number, ok := wholeNumber(n)
	return n.Value == "" || ok && number == 0
}

// isMissing reports whether a field is not there, or null. An empty mapping is there: emptyDir: {} is a volume.
func isMissing(n *yaml.Node) bool {
	n = yamltree.Follow(n)
	return n == nil || yamltree.IsNull(n) || n.Kind == yaml.ScalarNode && n.Value == ""
}

// wholeNumber returns the number that a scalar is. As in JSON, 3.0 and 1e2 are whole.
func wholeNumber(n *yaml.Node) (int64, bool) {
	switch n.ShortTag() {
	case "!!int":
		var number int64
		err := n.Decode(&number)
		return number, err == nil
	case "!!float":
		var number float64
		err := n.Decode(&number)
		return int64(number), err == nil && number == math.Trunc(number) && math.Abs(number) < 1<<53
	}
	return 0, false
}

// want reports fields that are not set.
func want(fields ...string) apiRule {
	return func(m *manifests, n *yaml.Node, where string) {
		for _, field := range fields {
			if isUnset(yamltree.Get(n, field)) {
				m.fail(n, "%s: want %s", where, field)
			}
		}
	}
}

// oneField reports that more than one of fields is there, or fewer than least.
func oneField(least int, fields ...string) apiRule {
	return func(m *manifests, n *yaml.Node, where string) {
		var have []string
		var second *yaml.Node
		for key, value := range yamltree.Entries(n) {
			if !slices.Contains(fields, key.Value) || isMissing(value) {
				continue
			}
			if have = append(have, key.Value); len(have) == 2 {
				second = key
			}
		}
		switch {
		case second != nil:
			m.fail(second, "%s: want one of %s, not both", where, strings.Join(have[:2], " and "))
		case len(have) < least && len(fields) <= 8:
			m.fail(n, "%s: want one of %s", where, strings.Join(fields, ", "))
		case len(have) < least:
			m.fail(n, "%s: want one of its sources, such as %s", where, strings.Join(fields[:3], ", "))
		}
	}
}

// enum takes some texts, and the empty one, for which Kubernetes has a default.
func enum(values ...string) apiRule {
	return func(m *manifests, n *yaml.Node, where string) {
		if n.Value != "" && !slices.Contains(values, n.Value) {
			hint := cmp.Or(text.DidYouMean(n.Value, values), ": want "+strings.Join(values, ", "))
			m.fail(n, "%s: %q is refused%s", where, text.Short(n.Value, 40), hint)
		}
	}
}

// between takes whole numbers from least to most.
func between(least, most int64) apiRule {
	return func(m *manifests, n *yaml.Node, where string) {
		number, ok := wholeNumber(n)
		switch {
		case ok && number >= least && number <= most:
		case most == math.MaxInt64:
			m.fail(n, "%s: %s is refused: want at least %d", where, text.Short(n.Value, 40), least)
		default:
			m.fail(n, "%s: %s is refused: want %d to %d", where, text.Short(n.Value, 40), least, most)
		}
	}
}

func atLeast(least int64) apiRule { return between(least, math.MaxInt64) }

// form takes texts for which ok is true, and the empty one.
func form(ok func(string) bool, rule string) apiRule {
	return func(m *manifests, n *yaml.Node, where string) {
		if n.Value != "" && !ok(n.Value) {
			m.fail(n, "%s: %q is refused: want %s", where, text.Short(n.Value, 80), rule)
		}
	}
}

// each applies a rule to the items of a list.
func each(rule apiRule) apiRule {
	return func(m *manifests, n *yaml.Node, where string) {
		for one := range yamltree.Items(n) {
			rule(m, yamltree.Follow(one), where)
		}
	}
}

// pairs applies rules to the keys and the values of a mapping. A nil rule takes all.
func pairs(keyRule, valueRule apiRule) apiRule {
	return func(m *manifests, n *yaml.Node, where string) {
		for key, value := range yamltree.Entries(n) {
			if keyRule != nil {
				keyRule(m, key, where)
			}
			if valueRule != nil {
				valueRule(m, yamltree.Follow(value), where+"."+key.Value)
			}
		}
	}
}

// unique reports items of a list that have a value of a field again.
func unique(field string) apiRule {
	return func(m *manifests, n *yaml.Node, where string) {
		seen := map[string]int{}
		for one := range yamltree.Items(n) {
			at := yamltree.Get(one, field)
			if isUnset(at) {
				continue
			}
			if line, twice := seen[at.Value]; twice {
				m.fail(at, "%s: the %s %q is in line %d already", where, field, text.Short(at.Value, 80), line)
			}
			seen[at.Value] = at.Line
		}
	}
}

// filled reports an empty list.
func filled(m *manifests, n *yaml.Node, where string) {
	if len(n.Content) == 0 {
		m.fail(n, "%s: want at least one", where)
	}
}

var (
	qualified  = text.LazyRegexp(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$`)
	labelText  = text.LazyRegexp(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)
	configKey  = text.LazyRegexp(`^[-._a-zA-Z0-9]{1,253}$`)
	portName   = text.LazyRegexp(`^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$`)
	envName    = text.LazyRegexp(`^[ -<>-~]+$`)
	fieldPaths = text.LazyRegexp(`^(metadata\.(name|namespace|uid|labels|annotations|(labels|annotations)\['[^']+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs))$`)
	plainName  = text.LazyRegexp(`^(cpu|memory|ephemeral-storage|storage|hugepages-.+|.+/.+)$`)
)

func isPortName(s string) bool {
	return portName().MatchString(s) && strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz") && !strings.Contains(s, "--")
}

func isIP(s string) bool { _, err := netip.ParseAddr(s); return err == nil }

func isSubdomain(s string) bool { return len(s) <= 253 && subdomain().MatchString(s) }

func hasDots(s string) bool { return slices.Contains(strings.Split(s, "/"), "..") }

var (
	labelKeyRule   = form(func(s string) bool { return qualified().MatchString(s) }, "a key such as app or example.org/app: letters, digits, '-', '_' and '.', at most 63 behind the '/'")
	annotationRule = form(func(s string) bool { return qualified().MatchString(strings.ToLower(s)) }, "a key such as app or example.org/app: letters, digits, '-', '_' and '.', at most 63 behind the '/'")
	labelTextRule  = form(func(s string) bool { return labelText().MatchString(s) }, "letters, digits, '-', '_' and '.', the first and last a letter or digit, at most 63")
	labelsRule     = pairs(labelKeyRule, labelTextRule)
	configKeyRule  = form(func(s string) bool { return configKey().MatchString(s) && s != "." && !strings.HasPrefix(s, "..") }, "a key of letters, digits, '-', '_' and '.', at most 253")
	portNameRule   = form(isPortName, "lower-case letters, digits and single '-', at least one letter, at most 15 (IANA_SVC_NAME)")
	subdomainText  = form(isSubdomain, subdomainRule)
	labelNameRule  = form(func(s string) bool { return label().MatchString(s) }, labelRule)
	ipRule         = form(isIP, "an IP address")
	relativeRule   = form(func(s string) bool { return !strings.HasPrefix(s, "/") && !hasDots(s) }, "a relative path without \"..\"")
	portRule       = between(1, 65535)
	userRule       = between(0, math.MaxInt32)
	modeRule       = between(0, 0o777)
	quantityRule   = apiRule(func(m *manifests, n *yaml.Node, where string) {
		if strings.HasPrefix(n.Value, "-") {
			m.fail(n, "%s: %s is refused: want at least 0", where, text.Short(n.Value, 40))
		}
	})
	resourceRule = pairs(form(func(s string) bool { return plainName().MatchString(s) }, "cpu, memory, ephemeral-storage, storage, hugepages-SIZE, or a name such as example.org/gpu"), quantityRule)
	portOrName   = apiRule(func(m *manifests, n *yaml.Node, where string) {
		if n.ShortTag() == "!!str" {
			portNameRule(m, n, where)
			return
		}
		portRule(m, n, where)
	})
)
