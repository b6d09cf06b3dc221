package escape

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Format is what templates write, which decides how values are written.
type Format uint8

const (
	// Compose is YAML in which Compose replaces ${NAME}, so the $ of a value is doubled.
	Compose Format = iota
	// YAML is YAML that nobody interpolates: a $ stays one.
	YAML
	// Text is any text. A value is written as it is, and quote puts it into double quotes, as JSON and TOML have them.
	Text
)

// beginning is the context at the beginning of a file.
func (f Format) beginning() context {
	if f == Text {
		return context{place: anyText}
	}
	return beginning()
}

// inText returns a value as it is written into text.
func inText(value any) (string, error) {
	if s, ok := value.(Structure); ok {
		return s.text, nil
	}
	c, err := contentOf(value)
	if err != nil || !c.quote {
		return c.text, err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(c.text)
	return strings.TrimSuffix(b.String(), "\n"), err
}
