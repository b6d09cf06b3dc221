package yamltree

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// MaxDepth is how deep values may be nested, and MaxValues how many of them aliases
// may make of a document. A text is one, and another for each 100 bytes.
const (
	MaxDepth  = 200
	MaxValues = 300_000
)

// Excess is why a document is not followed.
type Excess struct {
	At      *yaml.Node
	Message string
	// Nested: values are too deep within others, whatever the aliases.
	Nested bool
}

func (e *Excess) Error() string { return fmt.Sprintf("%d:%d: %s", e.At.Line, e.At.Column, e.Message) }

// Exceeds returns why a document is not to be followed, or nil: values that are nested
// too deep, an anchor that contains itself, or more than so many values, with all
// aliases written out. To follow it could take endless time.
func Exceeds(root *yaml.Node, values int) *Excess {
	if at := nestedDeeper(root, MaxDepth); at != nil {
		return &Excess{at, fmt.Sprintf("values are nested more than %d deep here", MaxDepth), true}
	}
	var found *Excess
	sizes := map[*yaml.Node]int{} // of anchored nodes; 0 while they are looked at
	var size func(n *yaml.Node) int
	size = func(n *yaml.Node) int {
		n = Follow(n)
		if n.Anchor != "" {
			known, seen := sizes[n]
			if seen && known == 0 && found == nil {
				found = &Excess{n, fmt.Sprintf("anchor %q contains itself", n.Anchor), false}
			}
			if seen {
				return known
			}
			sizes[n] = 0
		}
		total := 1 + len(n.Value)/100
		for _, c := range n.Content {
			if total += size(c); total > values && found == nil {
				found = &Excess{c, fmt.Sprintf("up to here there are more than %d values, with aliases written out", values), false}
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

// nestedDeeper returns a node that has more than depth others around it, or nil.
func nestedDeeper(n *yaml.Node, depth int) *yaml.Node {
	if depth < 0 {
		return n
	}
	for _, c := range n.Content {
		if at := nestedDeeper(c, depth-1); at != nil {
			return at
		}
	}
	return nil
}

// Sound returns an *Excess if a document of a text is not to be followed, by those
// who have it followed by others. What else is wrong they find out themselves.
func Sound(text []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document yaml.Node
		if decoder.Decode(&document) != nil || len(document.Content) == 0 {
			return nil
		}
		if e := exceeds(document.Content[0], len(text)); e != nil {
			return e
		}
		if at := larger(document.Content[0], maxKeys); at != nil {
			return &Excess{at, fmt.Sprintf("a mapping with more than %d keys begins here", maxKeys), false}
		}
	}
}

// maxKeys is how many keys a mapping may have that others decode: package yaml
// compares each with each.
const maxKeys = 20_000

// larger returns a mapping with more than so many keys, or nil.
func larger(n *yaml.Node, keys int) *yaml.Node {
	if n.Kind == yaml.MappingNode && len(n.Content)/2 > keys {
		return n
	}
	for _, c := range n.Content {
		if at := larger(c, keys); at != nil {
			return at
		}
	}
	return nil
}

// exceeds is Exceeds for a document of a text of that length, which may be long.
func exceeds(root *yaml.Node, text int) *Excess { return Exceeds(root, MaxValues+text) }
