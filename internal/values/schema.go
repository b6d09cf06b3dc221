package values

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/tp0-lab/composer/internal/nearest"
	"github.com/tp0-lab/composer/internal/prose"
	"github.com/tp0-lab/composer/internal/yamltree"
)

// Schema is a JSON schema for values.
type Schema struct {
	name     string
	compiled *jsonschema.Schema
	document any
}

// schemaURL is the name of a schema in itself. It is nobody's address.
const schemaURL = "values:///schema"

// noLoader keeps schemas from reading other files, and the network.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s: a schema of values is one file, with its $ref inside of it", url)
}

// ParseSchema compiles a JSON schema, of draft 2020-12 if it does not say.
// name is that of its file, which errors begin with.
func ParseSchema(name string, text []byte) (*Schema, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // what an editor on Windows adds
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			line, column := yamltree.Place(text, int(e.Offset)-1)
			return nil, fmt.Errorf("%s: %w", Origin{name, line, column}, err)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			line, column := yamltree.Place(text, len(bytes.TrimRight(text, " \t\r\n")))
			return nil, fmt.Errorf("%s: the JSON ends too soon", Origin{name, line, column})
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	compiled, err := compiler.Compile(schemaURL)
	if err != nil {
		message := prose.Line(strings.ReplaceAll(err.Error(), schemaURL, ""))
		return nil, fmt.Errorf("%s: %s", name, message)
	}
	return &Schema{name, compiled, document}, nil
}

// Check returns an *Error with all that is wrong with values, or nil. That a part
// of the schema leads back to itself is another error.
func (s *Schema) Check(n *Node) error {
	err := s.compiled.Validate(n.JSON())
	if err == nil {
		return nil
	}
	violation, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err
	}
	if at, ok := cycle(violation); ok {
		return fmt.Errorf("%s: %q leads back to itself by $ref", s.name, at)
	}
	c := checker{schema: s, root: n}
	c.collect(violation)
	return c.OrNil()
}

// cycle returns which part of the schema leads back to itself by $ref.
func cycle(e *jsonschema.ValidationError) (pointer string, ok bool) {
	if _, ok := e.ErrorKind.(*kind.RefCycle); ok {
		_, pointer, _ := strings.Cut(e.SchemaURL, "#")
		return "#" + pointer, true
	}
	for _, cause := range e.Causes {
		if pointer, ok := cycle(cause); ok {
			return pointer, true
		}
	}
	return "", false
}

// JSON is Plain for what reads JSON: an encoder or a schema. A float is written
// with a fraction, also a whole one.
func (n *Node) JSON() any {
	switch {
	case n.Fields != nil:
		plain := make(map[string]any, len(n.Fields))
		for key, value := range n.Fields {
			plain[key] = value.JSON()
		}
		return plain
	case n.Items != nil:
		plain := make([]any, len(n.Items))
		for i, value := range n.Items {
			plain[i] = value.JSON()
		}
		return plain
	}
	switch v := n.Scalar.(type) {
	case *big.Int:
		return json.Number(v.String())
	case float64:
		return json.Number(yamltree.FormatFloat(v))
	default:
		return v
	}
}

type checker struct {
	Error
	schema *Schema
	root   *Node
}

// collect makes problems of what a violation consists of.
func (c *checker) collect(e *jsonschema.ValidationError) {
	path := e.InstanceLocation
	node := c.root.Get(path...)
	add := func(at Origin, path []string, format string, args ...any) {
		c.Problems = append(c.Problems, Problem{Origin: at, Path: c.root.Spell(path), What: fmt.Sprintf(format, args...)})
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, key := range k.Properties {
			what := "unknown key"
			known := c.known(e.SchemaURL)
			if near := nearest.Of(key, known); near != "" {
				what += ", did you mean " + near + "?"
			} else if len(known) > 0 {
				what += ": have " + strings.Join(known, ", ")
			} else if hint := c.described(e.SchemaURL); hint != "" {
				what += ": want " + hint
			}
			add(node.Fields[key].Origin, append(slices.Clip(path), key), "%s", what)
		}
	case *kind.Required:
		for _, key := range k.Missing {
			if at, ok := node.removed[key]; ok {
				add(at, append(slices.Clip(path), key), "null takes it away, and it is needed")
			} else {
				add(node.Origin, append(slices.Clip(path), key), "is needed, and nobody gives it")
			}
		}
	case *kind.PropertyNames:
		what := "this is no name for a key here"
		if hint := c.described(e.SchemaURL); hint != "" {
			what += ": want " + hint
		}
		if path = find(c.root, k.Property); path == nil { // package jsonschema does not say where
			path = []string{k.Property}
		}
		if node = c.root.Get(path...); node == nil {
			node = c.root
		}
		add(node.Origin, path, "%s", what)
	case *kind.AnyOf, *kind.OneOf:
		if hint := c.described(e.SchemaURL); hint != "" {
			add(node.Origin, path, "%s: want %s", shown(node), hint)
			return
		}
		c.causes(e)
	case *kind.Schema, *kind.Group, *kind.AllOf, *kind.Reference:
		c.causes(e)
	default:
		if len(e.Causes) > 0 {
			c.causes(e)
			return
		}
		add(node.Origin, path, "%s", c.what(e))
	}
}

// find returns the path of the first key of that name, or nil.
func find(n *Node, name string) []string {
	for _, key := range slices.Sorted(maps.Keys(n.Fields)) {
		if key == name {
			return []string{key}
		}
		if path := find(n.Fields[key], name); path != nil {
			return append([]string{key}, path...)
		}
	}
	for i, item := range n.Items {
		if path := find(item, name); path != nil {
			return append([]string{strconv.Itoa(i)}, path...)
		}
	}
	return nil
}

func (c *checker) causes(e *jsonschema.ValidationError) {
	for _, cause := range e.Causes {
		c.collect(cause)
	}
}

var english = sync.OnceValue(func() *message.Printer { return message.NewPrinter(language.English) })

// what says what is wrong with a single value.
func (c *checker) what(e *jsonschema.ValidationError) string {
	value := shown(c.root.Get(e.InstanceLocation...))
	hint := c.described(e.SchemaURL)
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		want := make([]string, len(k.Want))
		for i, w := range k.Want {
			want[i] = inYAML(w)
		}
		text := fmt.Sprintf("%s is %s, want %s", value, article(inYAML(k.Got)), alternatives(want))
		if (k.Got == "number" || k.Got == "boolean") && slices.Contains(k.Want, "string") {
			text += ": put it in quotes, or use --set-string"
		}
		return text
	case *kind.Enum:
		want := make([]string, len(k.Want))
		for i, w := range k.Want {
			if want[i] = fmt.Sprint(w); w == "" {
				want[i] = `""`
			}
		}
		return fmt.Sprintf("%s, want %s", value, alternatives(want))
	case *kind.Not, *kind.FalseSchema:
		if hint == "" {
			hint = "this key is not for here"
		}
		return hint
	case *kind.Pattern:
		if hint == "" {
			hint = "what matches " + k.Want
		}
		return fmt.Sprintf("%s, want %s", strconv.Quote(k.Got), hint)
	default:
		return fmt.Sprintf("%s: %s", value, e.ErrorKind.LocalizedString(english()))
	}
}

// inYAML is what YAML calls a type of JSON.
func inYAML(kind string) string {
	switch kind {
	case "object":
		return "map"
	case "array":
		return "list"
	default:
		return kind
	}
}

func article(noun string) string {
	if noun != "" && strings.IndexByte("aeiou", noun[0]) >= 0 {
		return "an " + noun
	}
	return "a " + noun
}

func alternatives(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// shown is a value for a message.
func shown(n *Node) string {
	if n == nil {
		return "this"
	}
	text, err := json.Marshal(n.JSON())
	if err != nil {
		return fmt.Sprint(n.Scalar)
	}
	return prose.Short(string(text), 60)
}

// at returns the part of the schema that an URL names.
func (c *checker) at(url string) map[string]any {
	_, pointer, _ := strings.Cut(url, "#")
	part := c.schema.document
	for token := range strings.SplitSeq(strings.Trim(pointer, "/"), "/") {
		if token == "" {
			continue
		}
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch p := part.(type) {
		case map[string]any:
			part = p[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(p) {
				return nil
			}
			part = p[i]
		default:
			return nil
		}
	}
	found, _ := part.(map[string]any)
	return found
}

// known returns the keys that a part of the schema has.
func (c *checker) known(url string) []string {
	properties, _ := c.at(url)["properties"].(map[string]any)
	return slices.Sorted(maps.Keys(properties))
}

// described returns what a part of the schema says of itself.
func (c *checker) described(url string) string {
	text, _ := c.at(url)["description"].(string)
	return text
}
