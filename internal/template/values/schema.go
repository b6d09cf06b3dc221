package values

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// Schema is a JSON schema for values.
type Schema struct {
	name     string
	compiled *jsonschema.Schema
	document any
	steps    atomic.Int64 // done by the running Check
}

// schemaURL is the base of $ref inside a schema. Nothing loads it.
const schemaURL = "values:///schema"

// noLoader refuses every $ref to another file or to the network.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s: a schema of values is one file: its $ref cannot name another one", url)
}

// ParseSchema compiles a JSON schema. The draft is 2020-12 unless the schema names another in $schema. Errors begin
// with name, the name of the schema's file. A schema may have 10,000 objects.
func ParseSchema(name string, raw []byte) (*Schema, error) {
	raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // what an editor on Windows adds
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("%s: %w", text.PlaceAt(name, raw, int(e.Offset)-1), err)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: the JSON ends too soon", text.PlaceAt(name, raw, len(bytes.TrimRight(raw, " \t\r\n"))))
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	switch document.(type) {
	case map[string]any, bool:
	default: // which package jsonschema does not expect
		begin := len(raw) - len(bytes.TrimLeft(raw, " \t\r\n"))
		return nil, fmt.Errorf("%s: a schema is an object, true or false", text.PlaceAt(name, raw, begin))
	}
	if key, offset, ok := yamltree.RepeatedKey(raw); ok {
		return nil, fmt.Errorf("%s: the key %q is in this object already", text.PlaceAt(name, raw, offset), key)
	}
	if err := checkParts(document, 0, new(int)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := &Schema{name: name, document: document}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	s.countSteps(compiler)
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if s.compiled, err = compiler.Compile(schemaURL); err != nil {
		message := text.Line(strings.ReplaceAll(err.Error(), schemaURL, ""))
		return nil, fmt.Errorf("%s: %s", name, message)
	}
	return s, nil
}

// Check returns an *Error with all violations of the schema by n, or nil. It returns another error for a schema that
// refers to itself without end, and for a check of more than 3,000,000 steps. Check is not safe for concurrent use.
func (s *Schema) Check(n *Node) error {
	err := s.validate(n)
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
	c := checker{schema: s, root: n, shown: map[*Node]string{}}
	c.collect(violation)
	return c.problems().OrNil()
}

// validate returns the error of the compiled schema, or errSteps.
func (s *Schema) validate(n *Node) (err error) {
	s.steps.Store(0)
	defer func() {
		switch p := recover(); p {
		case nil:
		case errSteps:
			err = fmt.Errorf("%s: %w", s.name, errSteps)
		default:
			panic(p)
		}
	}()
	return s.compiled.Validate(n.JSON())
}

// cycle returns the JSON pointer of the part of the schema that leads back to itself by $ref.
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

type checker struct {
	schema *Schema
	root   *Node
	found  []violated
	names  map[string][]string // the path of the first key of each name; nil until path is called
	shown  map[*Node]string    // results of show
}

// violated is a Problem whose message is not made yet, as problems makes the first 1000 messages only.
type violated struct {
	at   Origin
	path []string
	what func() string
}

// maxProblems is the limit for the problems that a check lists, and maxListed for the names or values in one message.
const (
	maxProblems = 1000
	maxListed   = 20
)

// problems returns the first maxProblems problems in the order of their places, and one more that counts the rest.
func (c *checker) problems() *Error {
	slices.SortStableFunc(c.found, func(a, b violated) int {
		return cmp.Or(comparePlaces(a.at, b.at), slices.Compare(a.path, b.path))
	})
	var all Error
	for i, v := range c.found {
		what := ""
		if i < maxProblems {
			what = v.what()
		} else {
			what = fmt.Sprintf("from here on, %d more things are wrong", len(c.found)-i)
		}
		all.Problems = append(all.Problems, Problem{Origin: v.at, Path: c.root.Spell(v.path), What: what})
		if i == maxProblems {
			break
		}
	}
	return &all
}

// collect adds the problems of a violation and of its causes to c.found.
func (c *checker) collect(e *jsonschema.ValidationError) {
	path := e.InstanceLocation
	node := c.root.Get(path...)
	add := func(at Origin, path []string, what func() string) {
		c.found = append(c.found, violated{at, path, what})
	}
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, key := range k.Properties {
			add(node.Fields[key].Origin, append(slices.Clip(path), key), func() string { return c.unknown(key, e.SchemaURL) })
		}
	case *kind.Required:
		for _, key := range k.Missing {
			at, what := node.Origin, "is needed, and nobody gives it"
			if taken, ok := node.removed[key]; ok {
				at, what = taken, "null takes it away, and it is needed"
			}
			add(at, append(slices.Clip(path), key), func() string { return what })
		}
	case *kind.PropertyNames:
		path := c.path(k.Property) // package jsonschema does not say where
		if node = c.root.Get(path...); node == nil {
			node = c.root
		}
		add(node.Origin, path, func() string {
			what := "this is no name for a key here"
			if hint := c.described(e.SchemaURL); hint != "" {
				what += ": want " + hint
			}
			return what
		})
	case *kind.AnyOf, *kind.OneOf:
		if hint := c.described(e.SchemaURL); hint != "" {
			add(node.Origin, path, func() string { return c.show(node) + ": want " + hint })
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
		add(node.Origin, path, func() string { return c.what(e) })
	}
}

// unknown returns the message for a key that the part of the schema at url does not know.
func (c *checker) unknown(key, url string) string {
	const maxCompared = 1000 // for each of maxProblems keys
	known := c.known(url)
	if near := text.Nearest(key, known[:min(len(known), maxCompared)]); near != "" {
		return "unknown key, did you mean " + near + "?"
	}
	hint := c.described(url)
	switch {
	case len(known) > maxListed:
		return "unknown key"
	case len(known) > 0:
		return "unknown key: have " + strings.Join(known, ", ")
	case hint != "":
		return "unknown key: want " + hint
	}
	return "unknown key"
}

// path returns the path of the first key called name.
func (c *checker) path(name string) []string {
	if c.names == nil {
		c.names = map[string][]string{}
		c.addNames(c.root, nil)
	}
	if path, ok := c.names[name]; ok {
		return path
	}
	return []string{name}
}

func (c *checker) addNames(n *Node, path []string) {
	for _, key := range slices.Sorted(maps.Keys(n.Fields)) {
		at := append(slices.Clip(path), key)
		if _, seen := c.names[key]; !seen {
			c.names[key] = at
		}
		c.addNames(n.Fields[key], at)
	}
	for i, item := range n.Items {
		c.addNames(item, append(slices.Clip(path), strconv.Itoa(i)))
	}
}

func (c *checker) causes(e *jsonschema.ValidationError) {
	for _, cause := range e.Causes {
		c.collect(cause)
	}
}

// at returns the part of the schema at url, or nil.
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

// known returns the property names of the part of the schema at url.
func (c *checker) known(url string) []string {
	properties, _ := c.at(url)["properties"].(map[string]any)
	return slices.Sorted(maps.Keys(properties))
}

// described returns the description of the part of the schema at url, or "".
func (c *checker) described(url string) string {
	text, _ := c.at(url)["description"].(string)
	return text
}
