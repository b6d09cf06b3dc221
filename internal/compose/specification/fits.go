package specification

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// Fits reports whether the schema surely allows a document. It returns false also for a document with values whose type
// in the schema it does not know, such as dates. root must be within the limits of package yamltree. fill returns a
// text with the values of its variables, or false if they are not known; if fill is nil, texts are taken as they are
// written.
func Fits(root *yaml.Node, fill func(string) (string, bool)) bool {
	v := validator{fill: fill}
	return v.fits(file(), root) && !v.unsure
}

type validator struct {
	fill   func(string) (string, bool)
	unsure bool // the result says nothing
}

// fits reports whether a value is right by a schema, which is a part, true or false.
func (v *validator) fits(schema any, n *yaml.Node) bool {
	if v.unsure {
		return false
	}
	switch s := schema.(type) {
	case bool:
		return s
	case map[string]any:
		return v.fitsPart(s, yamltree.Follow(n))
	default:
		return v.fitsPart(s.(part), yamltree.Follow(n))
	}
}

func (v *validator) fitsPart(p part, n *yaml.Node) bool {
	if target := p.target(); target != nil && !v.fits(target, n) {
		return false
	}
	kind := v.kind(n)
	if kind == "string" && v.fill != nil && p.bounded() {
		v.unsure = true // compose-go reads some texts as numbers
	}
	if !p.takes(kind) && (kind != "integer" || !p.takes("number")) {
		v.unsure = v.unsure || kind == "number" && p.takes("integer") // 1.0 is an integer
		return false
	}
	right := false
	switch kind {
	case "object":
		right = v.fitsObject(p, n)
	case "array":
		right = v.fitsArray(p, n)
	default:
		right = v.fitsScalar(p, n, kind)
	}
	return right && v.fitsAlternatives(p, n)
}

// kind returns the type of a value in the words of JSON schemas, or "" if the value has none for sure.
func (v *validator) kind(n *yaml.Node) string {
	kind := map[string]string{
		"!!map": "object", "!!seq": "array", "!!str": "string", "!!bool": "boolean", "!!null": "null", "!!int": "integer", "!!float": "number",
	}[n.ShortTag()]
	v.unsure = v.unsure || kind == ""
	return kind
}

func (v *validator) fitsAlternatives(p part, n *yaml.Node) bool {
	for _, each := range p.list("allOf") {
		if !v.fits(each, n) {
			return false
		}
	}
	count := func(parts []any) (fitting int) {
		for _, each := range parts {
			if v.fits(each, n) {
				fitting++
			}
		}
		return fitting
	}
	one, some := p.list("oneOf"), p.list("anyOf")
	return (one == nil || count(one) == 1) && (some == nil || count(some) > 0)
}

func (v *validator) fitsObject(p part, n *yaml.Node) bool {
	required := p.list("required")
	for key, value := range yamltree.Entries(n) {
		if key.ShortTag() != "!!str" {
			v.unsure = true
		}
		if i := slices.Index(required, any(key.Value)); i >= 0 {
			required = slices.Delete(slices.Clone(required), i, i+1)
		}
		if !v.fitsKey(p, key.Value, value) {
			return false
		}
	}
	return len(required) == 0
}

// fitsKey reports whether the value of a key is right by a schema of the mapping.
func (v *validator) fitsKey(p part, key string, value *yaml.Node) bool {
	known := false
	if own, ok := p.parts("properties")[key]; ok {
		known = true
		if !v.fits(own, value) {
			return false
		}
	}
	for pattern, own := range p.parts("patternProperties") {
		if matches(pattern, key) {
			known = true
			if !v.fits(own, value) {
				return false
			}
		}
	}
	if rest, ok := p["additionalProperties"]; ok && !known && !v.fits(rest, value) {
		return false
	}
	rest, ok := p["unevaluatedProperties"]
	return !ok || len(p.find(key)) > 0 || v.fits(rest, value)
}

func (v *validator) fitsArray(p part, n *yaml.Node) bool {
	seen := map[string]bool{}
	items, all := p["items"]
	for item := range yamltree.Items(n) {
		if all && !v.fits(items, item) {
			return false
		}
		if p["uniqueItems"] == true {
			same := string(v.canonical(nil, item))
			if seen[same] {
				return false
			}
			seen[same] = true
		}
	}
	return true
}

// canonical appends what a value is, the same for equal values.
func (v *validator) canonical(out []byte, n *yaml.Node) []byte {
	n = yamltree.Follow(n)
	switch kind := v.kind(n); kind {
	case "object":
		values := map[string]*yaml.Node{}
		var keys []string
		for key, value := range yamltree.Entries(n) {
			keys = append(keys, key.Value)
			values[key.Value] = value
		}
		slices.Sort(keys)
		out = append(out, '{')
		for _, key := range keys {
			out = append(v.canonical(strconv.AppendQuote(out, key), values[key]), ',')
		}
		return append(out, '}')
	case "array":
		out = append(out, '[')
		for item := range yamltree.Items(n) {
			out = append(v.canonical(out, item), ',')
		}
		return append(out, ']')
	case "string":
		return strconv.AppendQuote(out, v.text(n))
	case "integer", "number":
		return strconv.AppendFloat(out, v.number(n), 'g', -1, 64)
	case "boolean":
		return append(out, strings.ToLower(n.Value)...)
	default:
		return append(out, kind...)
	}
}

// text returns the text of a string with the values of its variables.
func (v *validator) text(n *yaml.Node) string {
	if v.fill == nil || !strings.Contains(n.Value, "$") {
		return n.Value
	}
	text, known := v.fill(n.Value)
	v.unsure = v.unsure || !known
	return text
}

// number returns the value of a number that is written with decimal digits.
func (v *validator) number(n *yaml.Node) float64 {
	f, err := strconv.ParseFloat(n.Value, 64)
	digits := strings.TrimLeft(n.Value, "-")
	if err != nil || strings.Trim(n.Value, "-.0123456789") != "" || len(digits) > 15 || len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		v.unsure = true
	}
	return f
}

func (v *validator) fitsScalar(p part, n *yaml.Node, kind string) bool {
	if p.bounded() && (kind == "integer" || kind == "number") {
		f := v.number(n)
		if least, ok := p["minimum"].(float64); ok && f < least {
			return false
		}
		if most, ok := p["maximum"].(float64); ok && f > most {
			return false
		}
	}
	if words := p.list("enum"); words != nil {
		v.unsure = v.unsure || kind != "string"
		if !slices.Contains(words, any(v.text(n))) {
			return false
		}
	}
	pattern, _ := p["pattern"].(string)
	return pattern == "" || kind != "string" || matches(pattern, v.text(n))
}
