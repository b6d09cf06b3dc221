package check

import (
	"fmt"
	"strconv"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// YAML returns an *Error if content is not one or more YAML documents. It is for files other than Compose files.
func YAML(content []byte) error {
	for _, err := range yamltree.Documents(content) {
		if err != nil {
			line, column, message := yamltree.DescribeSyntaxError(content, err)
			return errorAt(content, text.OffsetOf(content, line, column), message)
		}
	}
	return nil
}

// JSON returns the JSON of a YAML document. Its error is an *Error if its place is known.
func JSON(content []byte) ([]byte, error) {
	made, err := yamltree.JSON(content)
	if err == nil {
		return made, nil
	}
	parts := placed().FindStringSubmatch(err.Error())
	if parts == nil {
		return nil, fmt.Errorf("make JSON: %w", err)
	}
	line, _ := strconv.Atoi(parts[1])
	column, _ := strconv.Atoi(parts[2])
	return nil, errorAt(content, text.OffsetOf(content, line, column), parts[3])
}

// placed matches an error that begins with line:column.
var placed = text.LazyRegexp(`(?s)^(\d+):(\d+): (.*)$`)
