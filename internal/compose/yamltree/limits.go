package yamltree

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Limits of a document. Aliases can make a short text larger than any machine.
const (
	MaxDepth   = 200     // values around a value
	MaxValues  = 100_000 // values in a document, keys of mappings aside: compose-go refuses more
	MaxAliased = 100_000 // values that aliases add to a document; 100 bytes of text count as one value
	maxKeys    = 20_000  // keys of a mapping that package yaml decodes, which compares each key with each other
	// maxDocuments is how many documents a text may have: Compose lays each over all before it.
	maxDocuments = 500
)

// Of a document of more than fewValues values, package yaml decodes none in which aliases make more than this part.
const (
	fewValues = 1000
	aliasPart = 0.99
)

// LimitError says which limit a document exceeds.
type LimitError struct {
	// Node is where the document exceeds the limit.
	Node *yaml.Node
	// Message names the limit on one line, without the place.
	Message string
	// TooDeep says that values are nested too deep, even without aliases.
	TooDeep bool
	// Aliased says that aliases exceed the limit.
	Aliased bool
}

// Error returns line:column: message.
func (e *LimitError) Error() string { return at(e.Node, "%s", e.Message).Error() }

// CheckLimits returns an error if values of a document are nested more than MaxDepth deep, if the document itself has
// more than the given number of values, if an anchor contains itself, or if aliases add more than MaxAliased values, or
// more than 1000 values that are more than 99% of all. If it returns nil, a walk through the document ends soon.
func CheckLimits(root *yaml.Node, values int) *LimitError {
	if n := tooDeep(root, 0); n != nil {
		return &LimitError{Node: n, Message: fmt.Sprintf("values are nested more than %d deep here", MaxDepth), TooDeep: true}
	}
	own := 0
	if n := exceeding(root, values, &own); n != nil {
		return &LimitError{Node: n, Message: fmt.Sprintf("up to here there are more than %d values", values)}
	}
	c := counter{sizes: map[*yaml.Node]int{}}
	c.size(root)
	if nearlyAll := float64(c.aliased) > aliasPart*float64(c.aliased+own); c.found == nil && c.aliased > fewValues && nearlyAll {
		return &LimitError{Node: c.largest, Message: "aliases make more than 99% of the values, and Compose refuses that", Aliased: true}
	}
	return c.found
}

// exceeding adds the values of a tree, without its aliases, to own, and returns the first one above the given number.
func exceeding(n *yaml.Node, values int, own *int) *yaml.Node {
	if *own++; *own > values {
		return n
	}
	step := 1
	if n.Kind == yaml.MappingNode {
		step = 2 // keys are no values
	}
	for i := step - 1; i < len(n.Content); i += step {
		if found := exceeding(n.Content[i], values, own); found != nil {
			return found
		}
	}
	return nil
}

// counter counts what aliases add to a document.
type counter struct {
	sizes   map[*yaml.Node]int // of anchored nodes; 0 while their content is counted
	aliased int
	largest *yaml.Node // the alias that adds most
	most    int
	found   *LimitError // the first one
}

// size returns the size of a value with its aliases written out.
func (c *counter) size(n *yaml.Node) int {
	target := Follow(n)
	total, seen := c.sizes[target]
	switch {
	case !seen:
		total = c.measure(target)
	case total == 0 && c.found == nil:
		c.found = &LimitError{Node: target, Message: fmt.Sprintf("anchor %q contains itself", target.Anchor), Aliased: true}
	}
	if n.Kind == yaml.AliasNode {
		c.aliased = min(c.aliased+total, MaxAliased+1)
		if total > c.most {
			c.most, c.largest = total, n
		}
		if c.aliased > MaxAliased && c.found == nil {
			c.found = &LimitError{Node: n, Message: fmt.Sprintf("up to here aliases add more than %d values", MaxAliased), Aliased: true}
		}
	}
	return total
}

func (c *counter) measure(n *yaml.Node) int {
	if n.Anchor != "" {
		c.sizes[n] = 0
	}
	total := 1 + len(n.Value)/100
	for _, child := range n.Content {
		total = min(total+c.size(child), MaxAliased+1)
	}
	if n.Anchor != "" {
		c.sizes[n] = total
	}
	return total
}

// CheckText returns a *LimitError if a document of a text exceeds a limit, or has a mapping with more than 20,000
// keys, or if there are more than 500 documents. Call it before another package decodes the text. CheckText returns nil
// for a text that is not YAML: the other package reports that.
func CheckText(text []byte) error {
	documents := 0
	for document, err := range Documents(text) {
		if err != nil {
			return nil //nolint:nilerr // the other package reports it
		}
		if err := CheckLimits(document.Content[0], MaxValues); err != nil {
			return err
		}
		documents++
		if err := CheckDocuments(documents, document.Content[0]); err != nil {
			return err
		}
		for n := range All(document.Content[0]) {
			if n.Kind == yaml.MappingNode && len(n.Content)/2 > maxKeys {
				return &LimitError{Node: n, Message: fmt.Sprintf("a mapping with more than %d keys begins here", maxKeys)}
			}
		}
	}
	return nil
}

// CheckDocuments returns an error at root if number is above 500, the limit for the documents of a text. root is the
// root of the document with that number, counted from 1.
func CheckDocuments(number int, root *yaml.Node) *LimitError {
	if number <= maxDocuments {
		return nil
	}
	return &LimitError{Node: root, Message: fmt.Sprintf("more than %d YAML documents are before this one", maxDocuments)}
}

// tooDeep returns n or the first node below it that is nested more than MaxDepth deep, or nil. It follows no aliases. depth
// is the number of nodes around n.
func tooDeep(n *yaml.Node, depth int) *yaml.Node {
	if depth > MaxDepth {
		return n
	}
	for _, child := range n.Content {
		if found := tooDeep(child, depth+1); found != nil {
			return found
		}
	}
	return nil
}
