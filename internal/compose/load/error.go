package load

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4" // the version that compose-go reads with

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// Error says why compose-go does not load a file.
type Error struct {
	// Place is where the fault is. Its Line is 0 if compose-go does not say where.
	text.Place
	// Message is a sentence on one line, without the place.
	Message string
	// Path is the keys that lead to the fault, such as services, web, ports. It is nil if compose-go names none.
	Path []string
}

// Error returns the place, as far as it is known, and the message.
func (e *Error) Error() string {
	switch {
	case e.File != "":
		return e.Place.String() + ": " + e.Message
	case e.Line > 0:
		return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
	}
	return e.Message
}

var (
	noise       = text.LazyRegexp(`yaml: construct errors:\s+line \d+: |^(?:validating |failed to parse )?(?:compose\.yaml)?:? ?(?:decoding failed due to the following error\(s\): )?|: invalid compose project$`)
	keyPath     = text.LazyRegexp(`'?\b(?:services|networks|volumes|configs|secrets|models)[.\[][\w.\[\]-]+'?`)
	unknownKey  = text.LazyRegexp(`^(\S+) additional properties '([^']+)'`)
	distinctKey = text.LazyRegexp(`can't set distinct values on '(\w+)'`)
	namedPart   = text.LazyRegexp(`\b(service|network|volume|config|secret|model) "([^"]+)"`)
)

// newError returns err, an error of compose-go about a text that it read as a file of that name, as an *Error.
func (o Options) newError(content []byte, err error, name string) *Error {
	e := &Error{Place: text.Place{File: o.File}}
	if excess, ok := errors.AsType[*yamltree.LimitError](err); ok {
		e.Message, e.Line, e.Column = excess.Message, excess.Node.Line, excess.Node.Column
		return e
	}
	if needs, ok := errors.AsType[*Error](err); ok { // of checkDependencies
		e.Message, e.Path = text.Line(needs.Message), needs.Path
		o.find(e, content, e.Path)
		return e
	}
	message := err.Error()
	if name != "" {
		message = strings.ReplaceAll(message, name, "compose.yaml")
	}
	e.Message = noise().ReplaceAllString(text.Line(message), "")
	if named := keyPath().FindString(e.Message); named != "" {
		clean := strings.NewReplacer("'", "", ".[]", "", ".[", ".", "[", ".", "]", "").Replace(named)
		e.Message = strings.Replace(e.Message, named, clean, 1)
		e.Path = strings.Split(strings.TrimRight(clean, "."), ".")
	}
	path := e.Path
	if unknown := unknownKey().FindStringSubmatch(e.Message); unknown != nil {
		e.Path = append(strings.Split(unknown[1], "."), unknown[2])
		path = e.Path
	}
	if key := distinctKey().FindStringSubmatch(e.Message); key != nil {
		e.Path = append(e.Path, key[1])
		path = e.Path
	}
	e.Message = inPlainWords(e.Message)
	if part := namedPart().FindStringSubmatch(e.Message); part != nil {
		path = []string{part[1] + "s", part[2]}
		if e.Path == nil {
			e.Path = path
		}
	}
	o.find(e, content, path)
	return e
}

// find sets the place of an error to that of the value at a path, or of the innermost one around it.
func (o Options) find(e *Error, content []byte, path []string) {
	for found := false; len(path) > 1 && !found; path = path[:len(path)-1] {
		if o.Place == nil {
			e.Line, e.Column, found = Find(content, path...)
		} else if place, ok := o.Place(path); ok {
			e.Place, found = place, true
		}
	}
}

// Find returns the line and column of the value at a path. A step of the path is a key, a list index, or a name that is
// an item of a list. For a map or a list, Find returns the place of its key. If several YAML documents of a text have
// the path, the last one counts. It returns false if none has it.
func Find(content []byte, path ...string) (line, column int, ok bool) {
	for document, err := range yamltree.Documents(content) {
		if err != nil {
			break
		}
		if at := Node(document.Content[0], path); at != nil {
			line, column, ok = at.Line, at.Column, true
		}
	}
	return line, column, ok
}

// Node returns the node at a path, whose steps are those of Find. For a map or a list, it returns the node of its key.
// It returns nil if there is nothing at the path.
func Node(node *yaml.Node, path []string) *yaml.Node {
	key := node
	for _, step := range path {
		var next *yaml.Node
		if i, err := strconv.Atoi(step); err == nil && node.Kind == yaml.SequenceNode && 0 <= i && i < len(node.Content) {
			next = yamltree.Follow(node.Content[i])
			key = next
		}
		if next == nil && node.Kind == yaml.SequenceNode {
			for _, item := range node.Content {
				if item = yamltree.Follow(item); item.Kind == yaml.ScalarNode && item.Value == step {
					key, next = item, item
					break
				}
			}
		}
		for k, v := range yamltree.Entries(node) {
			if k.Value == step {
				key, next = k, v
				break
			}
		}
		if node = next; node == nil {
			return nil
		}
	}
	if slices.Contains([]yaml.Kind{yaml.MappingNode, yaml.SequenceNode}, node.Kind) {
		return key
	}
	return node
}
