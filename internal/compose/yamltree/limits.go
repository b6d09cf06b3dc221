package yamltree

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Limits of a document. Aliases can make a short text larger than any machine.
const (
	MaxDepth  = 200     // values around a value
	MaxValues = 300_000 // values with all aliases written out; 100 bytes of text count as one value
	maxKeys   = 20_000  // keys of a mapping that package yaml decodes, which compares each key with each other
)

// LimitError says which limit a document exceeds.
type LimitError struct {
	// Node is where the document exceeds the limit.
	Node *yaml.Node
	// Message says on one line which limit that is, without the place.
	Message string
	// TooDeep says that values are nested too deep, even without aliases.
	TooDeep bool
}

// Error returns line:column: message.
func (e *LimitError) Error() string { return at(e.Node, "%s", e.Message).Error() }

// CheckLimits returns an error if values of a document are nested more than MaxDepth deep, if an anchor contains
// itself, or if the document has more than the given number of values with all aliases written out. It returns nil
// for a document that can be walked to its end.
func CheckLimits(root *yaml.Node, values int) *LimitError {
	tooDeep := func(_ *yaml.Node, depth int) bool { return depth > MaxDepth }
	if n := find(root, 0, tooDeep); n != nil {
		return &LimitError{n, fmt.Sprintf("values are nested more than %d deep here", MaxDepth), true}
	}
	var found *LimitError
	sizes := map[*yaml.Node]int{} // of anchored nodes; 0 while their content is counted
	var size func(n *yaml.Node) int
	size = func(n *yaml.Node) int {
		n = Follow(n)
		if known, seen := sizes[n]; seen {
			if known == 0 && found == nil {
				found = &LimitError{n, fmt.Sprintf("anchor %q contains itself", n.Anchor), false}
			}
			return known
		}
		if n.Anchor != "" {
			sizes[n] = 0
		}
		total := 1 + len(n.Value)/100
		for _, child := range n.Content {
			if total += size(child); total > values && found == nil {
				message := fmt.Sprintf("up to here there are more than %d values, with aliases written out", values)
				found = &LimitError{child, message, false}
			}
			total = min(total, values+1)
		}
		if n.Anchor != "" {
			sizes[n] = total
		}
		return total
	}
	size(root)
	return found
}

// CheckText returns a *LimitError if a document of a text exceeds a limit, or has a mapping with more than 20,000
// keys. Call it before another package decodes the text. CheckText returns nil for a text that is not YAML: the other
// package reports that.
func CheckText(text []byte) error {
	tooLarge := func(n *yaml.Node, _ int) bool { return n.Kind == yaml.MappingNode && len(n.Content)/2 > maxKeys }
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document yaml.Node
		if decoder.Decode(&document) != nil || len(document.Content) == 0 {
			return nil
		}
		if err := CheckLimits(document.Content[0], MaxValues+len(text)); err != nil {
			return err
		}
		if n := find(document.Content[0], 0, tooLarge); n != nil {
			return &LimitError{n, fmt.Sprintf("a mapping with more than %d keys begins here", maxKeys), false}
		}
	}
}

// find returns n or the first node below it that matches, or nil. It follows no aliases. depth is the number of
// nodes around n.
func find(n *yaml.Node, depth int, matches func(n *yaml.Node, depth int) bool) *yaml.Node {
	if matches(n, depth) {
		return n
	}
	for _, child := range n.Content {
		if found := find(child, depth+1, matches); found != nil {
			return found
		}
	}
	return nil
}
