package yamltree

import (
	"bytes"
	"encoding/json"
)

// RepeatedKey returns the first key of a JSON text that repeats an earlier key of the same object, and the offset in
// bytes of its opening quote. ok is false if no key is repeated; encoding/json would silently take the last value.
// RepeatedKey stops where the text is not JSON.
func RepeatedKey(text []byte) (key string, offset int, ok bool) {
	type object struct {
		keys  map[string]bool // nil for a list
		value bool            // the next token is a value
	}
	var open []*object
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // a number too large for a float64 is no error here
	for {
		before := int(decoder.InputOffset())
		token, err := decoder.Token()
		if err != nil {
			return "", 0, false
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 {
			if in := open[len(open)-1]; in.keys != nil && !in.value {
				name := token.(string)
				if in.keys[name] {
					return name, before + bytes.IndexByte(text[before:], '"'), true
				}
				in.keys[name], in.value = true, true
				continue
			}
			open[len(open)-1].value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, &object{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, &object{})
		}
	}
}
