package lint

import (
	"bytes"
	"context"
	"slices"

	"go.yaml.in/yaml/v4"
)

// refusing are the rules with which compose-go reads no file that breaks them,
// whatever is beside it.
var refusing = []string{
	"unreadable", "yaml-syntax", "duplicate-key", "alias-expansion", "specification", "undefined-network", "undefined-volume", "undefined-service",
	"undefined-file", "dependency-cycle", "extends-cycle", "scaled-container-name", "unquoted-date",
}

// Refused returns the first finding that says why compose-go does not load a
// text, if there is one. When ctx is done before it is found, there is none.
func Refused(ctx context.Context, text []byte) (Finding, bool) {
	findings, err := Check(ctx, Source{Text: text}, nil)
	if err != nil {
		return Finding{}, false
	}
	for _, f := range findings {
		if slices.Contains(refusing, f.Rule) {
			return f, true
		}
	}
	return Finding{}, false
}

// Find returns the line and column of the value at a path of keys, or of its key
// if the value is a map or a list, and false if it is not there.
func Find(text []byte, path ...string) (line, column int, ok bool) {
	var doc yaml.Node
	if yaml.NewDecoder(bytes.NewReader(text)).Decode(&doc) != nil || len(doc.Content) == 0 {
		return 0, 0, false
	}
	d := &document{root: doc.Content[0]}
	if get(d.root, path...) == nil {
		return 0, 0, false
	}
	at := d.node(path)
	return at.Line, at.Column, true
}
