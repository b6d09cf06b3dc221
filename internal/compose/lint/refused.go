package lint

import (
	"context"
	"slices"
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
