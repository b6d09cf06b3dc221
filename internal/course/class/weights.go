package class

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// ReadWeights returns the points of each of the stages asked, from a YAML file with lines such as "ej5: 2". The file
// may name any of the stages all. A stage that the file leaves out counts nothing. An empty path gives each stage one
// point.
func ReadWeights(path string, all, asked []string) (report.Weights, error) {
	weights := make(report.Weights)
	if path == "" {
		for _, stage := range asked {
			weights[stage] = 1
		}
		return weights, nil
	}
	content, err := files.Read(path, maxList)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(content))
	if err := documents.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var second yaml.Node
	switch err := documents.Decode(&second); {
	case err == nil:
		return nil, fmt.Errorf("%s: this is a second document: want one", text.Place{File: path, Line: second.Line, Column: second.Column})
	case !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: want a line for each stage, such as \"ej5: 2\"", path)
	}
	for key := range yamltree.RepeatedKeys(doc.Content[0]) {
		return nil, fmt.Errorf("%s: %s has a weight already", text.Place{File: path, Line: key.Line, Column: key.Column}, key.Value)
	}
	pairs := doc.Content[0].Content
	for i := 0; i < len(pairs); i += 2 {
		key, value := pairs[i], pairs[i+1]
		at := text.Place{File: path, Line: key.Line, Column: key.Column}
		points := 0.0
		switch {
		case !slices.Contains(all, key.Value):
			return nil, fmt.Errorf("%s: there is no stage %q%s", at, key.Value, text.DidYouMean(key.Value, all))
		case value.Tag == "!!null" || value.Decode(&points) != nil || !(points >= 0 && points <= 1e6): // NaN is neither
			return nil, fmt.Errorf("%s: the weight of %s is %q: want a number from 0 to 1000000", at, key.Value, value.Value)
		}
		if slices.Contains(asked, key.Value) {
			weights[key.Value] = points
		}
	}
	return weights, nil
}
