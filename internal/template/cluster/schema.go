package cluster

import (
	_ "embed"
	"encoding/base64"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

//go:generate sh -c "go -C testdata/generate run . >kubernetes.txt"

// kubernetesTypes is the output of the command in testdata/generate, which has its format.
//
//go:embed kubernetes.txt
var kubernetesTypes string

// typeTable has the fields of each type, and the types of objects by version and kind.
type typeTable struct {
	fields  map[string]map[string]string
	objects map[string]string // "VERSION KIND"
}

// readTypes takes a millisecond, so it is done once, when a manifest is checked.
var readTypes = sync.OnceValue(func() typeTable {
	t := typeTable{map[string]map[string]string{}, map[string]string{}}
	for line := range strings.Lines(kubernetesTypes) {
		words := strings.Fields(line)
		if len(words) == 3 && !strings.Contains(words[1], "=") {
			t.objects[words[0]+" "+words[1]] = words[2]
			continue
		}
		fields := make(map[string]string, len(words)-1)
		for _, word := range words[1:] {
			name, of, _ := strings.Cut(word, "=")
			fields[name] = of
		}
		t.fields[words[0]] = fields
	}
	return t
})

// walk calls check for a value of a type and, while that is true, for the values below it. where is the path of the value. Null
// is of any type.
func (m *manifests) walk(n *yaml.Node, of, where string, check func(n *yaml.Node, of, where string) (goOn bool)) {
	n = yamltree.Follow(n)
	if yamltree.IsNull(n) || !check(n, of, where) {
		return
	}
	if item, ok := strings.CutPrefix(of, "[]"); ok {
		for i, one := range slices.Collect(yamltree.Items(n)) {
			m.walk(one, item, where+"["+strconv.Itoa(i)+"]", check)
		}
		return
	}
	value, isMap := strings.CutPrefix(of, "{}")
	for key, one := range yamltree.Entries(n) {
		if !isMap {
			value = m.types.fields[of][key.Value]
		}
		if value != "" {
			m.walk(one, value, where+"."+key.Value, check)
		}
	}
}

// checkType reports where a value is not of a type, as strict decoding does, and whether values are below it.
func (m *manifests) checkType(n *yaml.Node, of, where string) (goOn bool) {
	fields, isMap := m.types.fields[of], strings.HasPrefix(of, "{}")
	switch {
	case of == "any":
		return false
	case strings.HasPrefix(of, "[]"):
		if n.Kind != yaml.SequenceNode {
			m.fail(n, "%s: want a list, not %s", where, yamltree.KindName(n))
		}
		return true
	case !isMap && fields == nil:
		m.checkScalar(n, of, where)
		return false
	case n.Kind != yaml.MappingNode:
		m.fail(n, "%s: want a mapping, not %s", where, yamltree.KindName(n))
		return false
	}
	for key := range yamltree.Entries(n) {
		if isMap {
			m.checkMapKey(key, where)
		} else if fields[key.Value] == "" {
			names := slices.Sorted(maps.Keys(fields))
			hint := text.DidYouMean(key.Value, names)
			if hint == "" && len(names) <= 12 {
				hint = ": have " + strings.Join(names, ", ")
			}
			m.fail(key, "%s: Kubernetes does not know the field %q%s", where, key.Value, hint)
		}
	}
	return true
}

// checkMapKey reports keys that kubectl, which reads YAML 1.1, takes for something else than text, and writes anew.
func (m *manifests) checkMapKey(key *yaml.Node, where string) {
	if readAsBool(key) || key.ShortTag() != "!!str" && key.ShortTag() != "!!int" {
		m.fail(key, "%s: kubectl takes the key %s for another value than its text: put it in quotes", where, text.Short(key.Value, 40))
	}
}

// readAsBool reports whether a scalar without quotes is true or false in YAML 1.1.
func readAsBool(n *yaml.Node) bool {
	const quotes = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	return n.Style&quotes == 0 && slices.Contains(oldBools, strings.ToLower(n.Value))
}

// oldBools are the words that kubectl, which reads YAML 1.1, takes for true or false without quotes.
var oldBools = []string{"y", "n", "yes", "no", "on", "off"}

var quantity = text.LazyRegexp(`^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$`)

// checkScalar reports a value that is not of a type that is written as a single value.
func (m *manifests) checkScalar(n *yaml.Node, of, where string) {
	if n.Kind != yaml.ScalarNode {
		m.fail(n, "%s: want %s, not %s", where, scalarNames[of], yamltree.KindName(n))
		return
	}
	tag := n.ShortTag()
	if readAsBool(n) {
		tag = "!!bool"
	}
	isText := tag == "!!str" || tag == "!!timestamp"
	number, whole := wholeNumber(n)
	if whole && (of == "int32" || of == "intorstring") && int64(int32(number)) != number {
		m.fail(n, "%s: %s is refused: a number of 32 bits is from %d to %d", where, text.Short(n.Value, 40), math.MinInt32, math.MaxInt32)
		return
	}
	ok := true
	switch of {
	case "string":
		ok = isText
	case "bool":
		ok = tag == "!!bool"
	case "int32", "int":
		ok = whole
	case "float":
		ok = tag == "!!int" || tag == "!!float"
	case "intorstring":
		ok = tag == "!!int" || isText
	case "quantity":
		ok = quantity().MatchString(n.Value)
	case "time":
		_, err := time.Parse(time.RFC3339, n.Value)
		ok = err == nil
	case "bytes":
		_, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", " ", "").Replace(n.Value))
		ok = isText && err == nil
	}
	if !ok {
		shown := text.Short(n.Value, 40)
		if of == "string" {
			m.fail(n, "%s: want text: put %s in quotes", where, shown)
			return
		}
		m.fail(n, "%s: want %s, not %q", where, scalarNames[of], shown)
	}
}

var scalarNames = map[string]string{
	"string": "text", "bool": "true or false", "int": "a whole number", "int32": "a whole number", "float": "a number", "intorstring": "a whole number or text",
	"quantity": "a quantity such as 100m or 64Mi", "time": "a time such as 2006-01-02T15:04:05Z", "bytes": "text in base64",
}
