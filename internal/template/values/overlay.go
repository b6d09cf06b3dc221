package values

import (
	"cmp"
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

// Overlay is the user's own values, which Over lays over those of a stage: first files, then single keys, each in the
// order in which they were added.
type Overlay struct {
	// Stdin is read for a file named "-".
	Stdin io.Reader
	// Format is the format of files whose names say none, one of Formats; "" is yaml.
	Format string
	files  []*Node
	keys   []assignment
	wrong  Error
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

// Empty reports whether o has no values and no problems.
func (o *Overlay) Empty() bool {
	return o == nil || len(o.files)+len(o.keys)+len(o.wrong.Problems) == 0
}

// AddFile adds the values in a file of at most 1 MiB, see ParseFile. Over returns its problems.
func (o *Overlay) AddFile(path string) {
	text, name, err := files.ReadOperand(path, o.Stdin, maxFile)
	if err != nil {
		o.unread(Origin{File: name}, "", files.Cause(err))
		return
	}
	node, err := ParseFile(name, o.Format, text)
	if o.failed(err) {
		return
	}
	o.files = append(o.files, node)
}

// A Reading is a way to read the text behind the = of a key.
type Reading int

// Readings.
const (
	YAML Reading = iota // a YAML value; text without a bracket or quote at its beginning is one scalar
	Text                // a string
	File                // the name of a file of at most 1 MiB; its content is the value, a string
)

// AddKey adds the value in text, which is key.path=value. by is the name of the flag or variable that has the text. A
// dot in the path begins the next key, [0] is an item of a list, and a backslash makes the next character part of a
// key. Over returns the problems of text.
func (o *Overlay) AddKey(by string, r Reading, text string) {
	if !utf8.ValidString(text) {
		o.fail(Origin{File: by}, "", "not UTF-8: "+strconv.Quote(text))
		return
	}
	path, spelled, value, err := parsePath(text)
	if err != nil {
		o.fail(Origin{File: by + " " + text}, "", err.Error())
		return
	}
	a := assignment{path: path, origin: Origin{File: by + " " + spelled}}
	a.value = &Node{Origin: a.origin, Scalar: value}
	switch r {
	case Text:
	case File:
		content, name, err := files.ReadOperand(value, o.Stdin, maxFile)
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

// typed reads text, the value of --set PATH=TEXT, as YAML does.
func typed(o Origin, path, text string) (*Node, error) {
	p := parser{name: o.File, flag: true}
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

// parsePath splits key.path=value into the steps of the path, the path as it is spelled, and the value.
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
	for i := 0; i < len(text) && err == nil; i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			key.WriteByte(text[i])
		case c == '=':
			err = end()
			return path, text[:i], text[i+1:], err
		case c == '.':
			err = end()
			open = true
		case c == '[':
			if err = end(); err != nil {
				break
			}
			index, _, closed := strings.Cut(text[i+1:], "]")
			if !closed {
				err = fmt.Errorf("want a ] behind %s", text[i:])
				break
			}
			n, wrong := strconv.Atoi(index)
			if wrong != nil || n < 0 || index[0] == '+' {
				err = fmt.Errorf("want a number in brackets, such as [0], not [%s]", index)
			}
			path = append(path, step{key: strconv.Itoa(n), index: true})
			i += len(index) + 1
		case !open:
			err = errors.New("want a dot, = or another bracket behind ]")
		default:
			key.WriteByte(c)
		}
	}
	return nil, "", "", cmp.Or(err, errors.New("want key.path=value, and there is no ="))
}

// Over returns base with the values of o laid over it, and the problems of those values that it left out.
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

// over returns n, which may be nil, with the value of a laid over the value at path.
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
	laid.set(key, child)
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

// unread adds the error of read.
func (o *Overlay) unread(at Origin, path string, err error) {
	o.wrong.Problems = append(o.wrong.Problems, Problem{at, path, err.Error(), !errors.Is(err, files.ErrTooLarge)})
}

// failed adds the problems of err to those of o, and reports whether err is an error.
func (o *Overlay) failed(err error) bool {
	o.wrong.Add(err)
	return err != nil
}

// Literal returns a scalar, or an empty map or list, on one line, such that --set reads the same value from it.
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
