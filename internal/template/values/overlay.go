package values

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
)

// Overlay is what a user lays over a stage's values: files, and single keys
// over them, each in its order.
type Overlay struct {
	// Stdin is read for a file that is named "-". nil is an empty one.
	Stdin io.Reader
	files []*Node
	keys  []assignment
	wrong Error
}

// assignment is a value for the key at a path.
type assignment struct {
	path   []step
	value  *Node
	origin Origin
}

// step is a key, or an index of a list.
type step struct {
	key   string
	index bool
}

// Empty reports whether there is nothing to lay over.
func (o *Overlay) Empty() bool {
	return o == nil || len(o.files)+len(o.keys)+len(o.wrong.Problems) == 0
}

// AddFile adds the values in a file: a YAML map of at most 1 MiB.
func (o *Overlay) AddFile(path string) {
	name, text, err := o.read(path)
	if err != nil {
		o.unread(Origin{Source: name}, "", files.Cause(err))
		return
	}
	node, err := Parse(name, text)
	if o.failed(err) {
		return
	}
	o.files = append(o.files, node)
}

// read returns the name and the content of a file, or of Stdin for "-". The content has a byte more than
// maxFile if the file is longer.
func (o *Overlay) read(path string) (name string, content []byte, err error) {
	if path != "-" {
		content, err = files.Read(path, maxFile)
		return path, content, err
	}
	if o.Stdin != nil {
		content, err = files.ReadFrom(o.Stdin, "stdin", maxFile)
	}
	return "stdin", content, err
}

// A Reading says what the text behind a key's = is.
type Reading int

// Readings.
const (
	YAML Reading = iota // a value of YAML; text that does not begin with a bracket or quote is one scalar
	Text                // a string
	File                // the name of a file whose text is the value, at most 1 MiB
)

// AddKey adds key.path=value, which by, a flag or variable, says. In a path a
// dot begins the next key, [0] is an item of a list, and a backslash takes its
// meaning from the character behind it.
func (o *Overlay) AddKey(by string, r Reading, text string) {
	if !utf8.ValidString(text) {
		o.fail(Origin{Source: by}, "", "not UTF-8: "+strconv.Quote(text))
		return
	}
	path, spelled, value, err := parsePath(text)
	if err != nil {
		o.fail(Origin{Source: by + " " + text}, "", err.Error())
		return
	}
	a := assignment{path: path, origin: Origin{Source: by + " " + spelled}}
	a.value = &Node{Origin: a.origin, Scalar: value}
	switch r {
	case Text:
	case File:
		name, content, err := o.read(value)
		switch {
		case err != nil:
			o.unread(a.origin, spelled, fmt.Errorf("%s: %w", name, files.Cause(err)))
			return
		case !utf8.Valid(content):
			o.fail(a.origin, spelled, notUTF8(name, content).String())
			return
		}
		a.value.Scalar = string(content)
	default:
		if a.value, err = typed(a.origin, spelled, value); o.failed(err) {
			return
		}
	}
	o.keys = append(o.keys, a)
}

// typed reads the value of a --set.
func typed(o Origin, path, text string) (*Node, error) {
	p := parser{name: o.Source, flag: true}
	if text == "" {
		return &Node{Origin: o, Scalar: ""}, nil
	}
	var document yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(text))
	err := decoder.Decode(&document)
	if err == nil && !errors.Is(decoder.Decode(new(yaml.Node)), io.EOF) {
		err = errors.New("there is more behind it")
	}
	if strings.IndexByte(`{["'`, text[0]) < 0 { // a word, whatever YAML makes of it
		if err != nil || document.Content[0].Kind != yaml.ScalarNode || document.Content[0].Value != text {
			return &Node{Origin: o, Scalar: text}, nil
		}
	} else if err != nil {
		_, _, message := yamltree.DescribeSyntaxError([]byte(text), err)
		return nil, p.errorf(0, 0, path, "%s: --set-string takes it as text", message)
	}
	return p.node(document.Content[0], o, path, 0)
}

// parsePath returns the path before the = of an assignment, as steps and as it
// is spelled, and what is behind.
func parsePath(text string) (path []step, spelled, value string, err error) {
	var key strings.Builder
	open := true // a key has begun, and may be empty yet
	end := func() error {
		if open && key.Len() == 0 {
			return errors.New("want key.path=value, and a key is empty")
		}
		if open {
			path = append(path, step{key: key.String()})
		}
		if len(path) > maxDepth {
			return fmt.Errorf("more than %d keys within one another", maxDepth)
		}
		key.Reset()
		open = false
		return nil
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			key.WriteByte(text[i])
		case c == '=':
			if err := end(); err != nil {
				return nil, "", "", err
			}
			return path, text[:i], text[i+1:], nil
		case c == '.':
			if err := end(); err != nil {
				return nil, "", "", err
			}
			open = true
		case c == '[':
			if err := end(); err != nil {
				return nil, "", "", err
			}
			index, _, closed := strings.Cut(text[i+1:], "]")
			if !closed {
				return nil, "", "", fmt.Errorf("want a ] behind %s", text[i:])
			}
			n, err := strconv.Atoi(index)
			if err != nil || n < 0 || index[0] == '+' {
				return nil, "", "", fmt.Errorf("want a number in brackets, such as [0], not [%s]", index)
			}
			path = append(path, step{key: strconv.Itoa(n), index: true})
			i += len(index) + 1
		case !open:
			return nil, "", "", errors.New("want a dot, = or another bracket behind ]")
		default:
			key.WriteByte(c)
		}
	}
	return nil, "", "", errors.New("want key.path=value, and there is no =")
}

// Over returns base with all of o laid over it that could be, and what is wrong
// with the rest.
func (o *Overlay) Over(base *Node) (laid *Node, wrong Error) {
	if o.Empty() {
		return base, wrong
	}
	wrong.Problems = slices.Clone(o.wrong.Problems)
	for _, file := range o.files {
		base = Merge(base, file)
	}
	for _, a := range o.keys {
		laid, problem := a.over(base, a.path)
		if problem != "" {
			wrong.Problems = append(wrong.Problems, Problem{Origin: a.origin, What: problem})
			continue
		}
		base = laid
	}
	return base, wrong
}

// over returns n, which may be nil, with the value of a laid over what is at path.
func (a *assignment) over(n *Node, path []step) (laid *Node, problem string) {
	if len(path) == 0 {
		return Merge(n, a.value), ""
	}
	if path[0].index {
		return a.overItem(n, path)
	}
	switch {
	case n != nil && n.Items != nil:
		return nil, "there is a list, not a map: write the number of an item in brackets, such as [0]"
	case n == nil || n.Fields == nil:
		n = Map(a.origin)
	}
	laid = Merge(n, Map(a.origin))
	key := path[0].key
	if len(path) == 1 {
		laid.put(key, a.value)
		return laid, ""
	}
	child, problem := a.over(n.Fields[key], path[1:])
	laid.Fields[key] = child
	return laid, problem
}

func (a *assignment) overItem(n *Node, path []step) (laid *Node, problem string) {
	i, err := strconv.Atoi(path[0].key)
	if n == nil || n.Fields == nil && n.Items == nil {
		n = &Node{Origin: a.origin}
	}
	switch {
	case n.Fields != nil:
		return nil, "there is a map, not a list: write a key behind a dot, not in brackets"
	case err != nil || i > len(n.Items):
		return nil, fmt.Sprintf("the list has %d items, and [%d] adds the next", len(n.Items), len(n.Items))
	}
	items := slices.Clone(n.Items)
	if i == len(items) {
		items = append(items, nil)
	}
	if items[i], problem = a.over(items[i], path[1:]); problem != "" {
		return nil, problem
	}
	return &Node{Origin: n.Origin, Items: items}, ""
}

func (o *Overlay) fail(at Origin, path, what string) {
	o.wrong.Problems = append(o.wrong.Problems, Problem{Origin: at, Path: path, What: what})
}

// unread keeps the error of read for the file called name.
func (o *Overlay) unread(at Origin, path string, err error) {
	o.wrong.Problems = append(o.wrong.Problems, Problem{at, path, err.Error(), !errors.Is(err, files.ErrTooLarge)})
}

// failed keeps the problems of err, and reports whether there are any.
func (o *Overlay) failed(err error) bool {
	o.wrong.Add(err)
	return err != nil
}

// Literal returns a scalar, or an empty map or list, as --set takes it, on one line.
func Literal(value any) string {
	if text, ok := value.(string); ok {
		printable := text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) })
		if node, err := typed(Origin{}, "", text); printable && err == nil && node.Scalar == value {
			return text
		}
		return strconv.Quote(text) // whose escapes YAML has too
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
