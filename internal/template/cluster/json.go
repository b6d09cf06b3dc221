package cluster

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// ListJSON returns Kubernetes manifests as one JSON document, which kubectl reads as well: a List of all objects. Errors
// are those of yamltree.JSON.
func ListJSON(content []byte) ([]byte, error) {
	var p problems
	roots := p.parse(content)
	if len(p) > 0 {
		return nil, fmt.Errorf("%d:%d: %s", p[0].Line, p[0].Column, p[0].Message)
	}
	items := make([]json.RawMessage, len(roots))
	for i, root := range roots {
		var err error
		if items[i], err = yamltree.CompactJSON(root, yamltree.MaxJSON(len(content))); err != nil {
			return nil, err
		}
	}
	list, err := json.Marshal(struct {
		Version string            `json:"apiVersion"`
		Kind    string            `json:"kind"`
		Items   []json.RawMessage `json:"items"`
	}{"v1", "List", items})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, list, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}
