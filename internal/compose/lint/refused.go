package lint

import (
	"context"
	"slices"
)

// refusing are the rules for which compose-go refuses a file, whatever other files there are.
var refusing = []string{
	"unreadable", "yaml-syntax", "duplicate-key", "alias-expansion", "too-large", "specification", "undefined-network", "undefined-volume", "undefined-service",
	"undefined-file", "dependency-cycle", "extends-cycle", "scaled-container-name", "unquoted-date",
}

// Refused returns the first finding for which compose-go refuses a text. It returns false if no finding is of that kind,
// or if ctx ends before.
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
