package values

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// Limits for one file of values, and for one value of --set.
const (
	maxFile  = 1 << 20 // bytes
	maxNodes = 100_000 // keys, items and scalars, counted again for each alias
	maxDepth = 100     // nested maps and lists
)

// Parse reads the values of one YAML document, which must be a map; an empty document is an empty map. name is the
// name of its file. The limits are 1 MiB and 100,000 values, counted again for each alias. Its errors are *Error.
//
// Integers stay integers, however large. Parse refuses numbers that versions of YAML read differently (007, 1_000)
// and numbers that were probably meant as text (3.10, 1e3). Aliases and merge keys are replaced by their values.
func Parse(name string, text []byte) (*Node, error) {
	n, err := ParseAny(name, text)
	switch {
	case err != nil:
		return nil, err
	case n.isNull():
		return Map(n.Origin), nil
	case n.Fields == nil:
		return nil, &Error{[]Problem{{Origin: n.Origin, What: "want keys with values, such as `client: {image: client:latest}`, not " + n.kind()}}}
	}
	return n, nil
}

// kind names the kind of a value that is not a map.
func (n *Node) kind() string {
	if n.Items != nil {
		return "a list"
	}
	return "a single value"
}

// ParseAny reads a YAML document as Parse does. The document may be a value of any kind; an empty one is null.
func ParseAny(name string, text []byte) (*Node, error) {
	p := parser{name: name}
	if len(text) > maxFile {
		return nil, p.errorf(0, 0, "", "longer than %d MiB, which no values need", maxFile>>20)
	}
	if !utf8.Valid(text) {
		return nil, &Error{[]Problem{notUTF8(name, text)}}
	}
	var root *yaml.Node
	for document, err := range yamltree.Documents(text) {
		switch {
		case err != nil:
			line, column, message := yamltree.DescribeSyntaxError(text, err)
			return nil, p.errorf(line, column, "", "%s", message)
		case root != nil:
			return nil, p.errorf(document.Line, document.Column, "", "a second document, and only one is read")
		}
		root = document.Content[0]
	}
	if root == nil {
		return &Node{Origin: Origin{File: name, Line: 1, Column: 1}}, nil
	}
	return p.node(root, p.at(root), "", 0)
}

// notUTF8 returns the problem of the first byte of a file's content that is not UTF-8.
func notUTF8(file string, content []byte) Problem {
	return Problem{Origin: text.PlaceAt(file, content, text.FirstInvalid(content)), What: "not UTF-8"}
}

type parser struct {
	name  string
	flag  bool // name is a flag or variable, not a file
	nodes int
}

func (p *parser) origin(line, column int) Origin {
	if p.flag {
		return Origin{File: p.name}
	}
	return Origin{File: p.name, Line: line, Column: column}
}

func (p *parser) at(n *yaml.Node) Origin {
	return p.origin(n.Line, n.Column)
}

func (p *parser) errorf(line, column int, path, format string, args ...any) error {
	return &Error{[]Problem{{Origin: p.origin(line, column), Path: path, What: fmt.Sprintf(format, args...)}}}
}

// count counts a value that is so many keys deep.
func (p *parser) count(at Origin, depth int) error {
	if p.nodes++; p.nodes > maxNodes {
		return p.errorf(at.Line, at.Column, "", "more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return p.errorf(at.Line, at.Column, "", "more than %d keys within one another", maxDepth)
	}
	return nil
}

func (p *parser) fail(n *yaml.Node, path, format string, args ...any) error {
	return p.errorf(n.Line, n.Column, path, format, args...)
}

// node returns n, and all below n, as a Node with the origin o.
func (p *parser) node(n *yaml.Node, o Origin, path string, depth int) (*Node, error) {
	if p.nodes++; p.nodes > maxNodes {
		return nil, p.fail(n, path, "more than %d values: do aliases repeat each other?", maxNodes)
	}
	if depth > maxDepth {
		return nil, p.fail(n, path, "more than %d maps and lists within one another: does an alias hold itself?", maxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return p.node(n.Alias, o, path, depth+1)
	case yaml.SequenceNode:
		list := &Node{Origin: o, Items: make([]*Node, len(n.Content))}
		for i, item := range n.Content {
			var err error
			if list.Items[i], err = p.node(item, p.at(item), path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		return p.mapping(n, o, path, depth)
	default:
		scalar, problem := scalarOf(n)
		if problem != "" {
			if p.flag && depth == 0 { // a shell takes quotes away
				problem = strings.Replace(problem, "put it in quotes", "use --set-string", 1)
			}
			return nil, p.fail(n, path, "%s", problem)
		}
		return &Node{Origin: o, Scalar: scalar}, nil
	}
}

func (p *parser) mapping(n *yaml.Node, o Origin, path string, depth int) (*Node, error) {
	made := Map(o)
	lines := make(map[string]int, len(n.Content)/2)
	var below []*Node // by merge keys
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			hint := ""
			if p.flag {
				hint = ": --set-string takes it as text" // {{ x }}
			}
			return nil, p.fail(key, path, "want a name as a key%s", hint)
		}
		at := yamltree.Below(path, key.Value)
		if first, ok := lines[key.Value]; ok {
			return nil, p.fail(key, at, "is there already, in line %d", first)
		}
		lines[key.Value] = key.Line
		child, err := p.node(value, p.at(key), at, depth+1)
		if err != nil {
			return nil, err
		}
		if key.Tag != "!!merge" {
			made.set(key.Value, child)
			continue
		}
		below = child.Items
		if child.Fields != nil {
			below = []*Node{child}
		}
		if below == nil {
			return nil, p.fail(value, at, "want a map, or a list of maps")
		}
	}
	for _, b := range below {
		if b.Fields == nil {
			return nil, p.fail(n, path, "<< wants a map, or a list of maps")
		}
		for _, key := range b.Keys {
			if made.Fields[key] == nil {
				made.set(key, b.Fields[key])
			}
		}
	}
	return made, nil
}

// scalarOf returns the value of a scalar, or a message about its problem.
func scalarOf(n *yaml.Node) (value any, problem string) {
	switch tag := n.ShortTag(); tag {
	case "!!str", "!!timestamp", "!!merge": // a date is the text that it is
		return n.Value, ""
	case "!!null":
		return nil, ""
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), ""
	case "!!int":
		return integer(n.Value)
	case "!!float":
		var f float64
		if integral(n.Value) { // too large for package yaml
			return integer(n.Value)
		}
		if strings.Contains(n.Value, "_") {
			return nil, n.Value + " is another number to some versions of YAML: put it in quotes, or write it without _"
		}
		if err := n.Decode(&f); err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, n.Value + " is no number that can be written: put it in quotes"
		}
		if written := yamltree.FormatFloat(f); written != n.Value && looksLikeText(n.Value) {
			return nil, n.Value + " is the number " + written + ": write that, or put it in quotes"
		}
		return f, ""
	default:
		return nil, "tags such as " + tag + " are not read"
	}
}

// looksLikeText reports whether text is most likely the version (3.10) or the hash
// (1e3) of something, though YAML reads it as a number.
func looksLikeText(text string) bool {
	whole, exponent, found := strings.Cut(strings.ToLower(text), "e")
	if found {
		return integral(whole) && !strings.HasPrefix(exponent, "-") && integral(exponent)
	}
	return strings.Contains(text, ".") && strings.HasSuffix(text, "0")
}

// integral reports whether text is decimal digits with or without a minus.
func integral(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

func integer(text string) (any, string) {
	based := len(text) > 2 && text[0] == '0' && strings.IndexByte("xo", text[1]) >= 0 && !strings.Contains(text, "_")
	if !based && (!integral(text) || strings.TrimPrefix(text, "-")[0] == '0' && text != "0") {
		return nil, text + " is another number to some versions of YAML: put it in quotes, or write it without leading zeros, + and _"
	}
	n, ok := new(big.Int).SetString(text, 0)
	if !ok {
		return nil, text + " is no integer: put it in quotes"
	}
	if n.IsInt64() {
		return int(n.Int64()), ""
	}
	return n, ""
}
