package values

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/tp0-lab/composer/internal/text"
)

var english = sync.OnceValue(func() *message.Printer { return message.NewPrinter(language.English) })

// what returns an error message about a single value.
func (c *checker) what(e *jsonschema.ValidationError) string {
	value := c.show(c.root.Get(e.InstanceLocation...))
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
		want := make([]string, min(len(k.Want), maxListed))
		for i := range want {
			if want[i] = fmt.Sprint(k.Want[i]); want[i] == "" {
				want[i] = `""`
			}
		}
		if len(want) < len(k.Want) {
			want = append(want, "another of the schema's")
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
		return fmt.Sprintf("%s, want %s", value, hint)
	default:
		return fmt.Sprintf("%s: %s", value, e.ErrorKind.LocalizedString(english()))
	}
}

// inYAML has YAML's names for the types of JSON.
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

// show is a value for a message.
func (c *checker) show(n *Node) string {
	if n == nil {
		return "this"
	}
	s, ok := c.shown[n]
	if !ok {
		s = text.Short(c.write(n), 60)
		c.shown[n] = s
	}
	return s
}

// write returns a value on one line.
func (c *checker) write(n *Node) string {
	if text, ok := n.Scalar.(string); ok {
		return strconv.Quote(text)
	}
	text, err := json.Marshal(n.JSON())
	if err != nil {
		return fmt.Sprint(n.Scalar)
	}
	return string(text)
}
