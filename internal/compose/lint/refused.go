package lint

import (
	"context"
	"errors"
	"slices"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/project"
)

// refusing are the rules for which compose-go refuses a file, whatever other files there are.
var refusing = []string{
	"unreadable", "yaml-syntax", "duplicate-key", "alias-expansion", "too-large", "specification", "undefined-network", "undefined-volume", "undefined-service",
	"undefined-file", "dependency-cycle", "extends-cycle", "scaled-container-name", "unquoted-date",
}

// Refused returns the first finding for which compose-go refuses a text. It returns false if no finding is of that
// kind, or if ctx ends first.
func Refused(ctx context.Context, text []byte) (Finding, bool) {
	return firstRefused(Check(ctx, Source{Text: text}, nil))
}

// firstRefused returns the first finding for which compose-go refuses a file, unless there is an error.
func firstRefused(findings []Finding, err error) (Finding, bool) {
	i := slices.IndexFunc(findings, func(f Finding) bool { return slices.Contains(refusing, f.Rule) })
	if err != nil || i < 0 {
		return Finding{}, false
	}
	return findings[i], true
}

// Explain returns a clearer error in place of err, which came from loading files as one project in dir. If err is a
// *load.Error, and CheckProject has a finding for which compose-go refuses the files, Explain returns the first such
// finding as a *load.Error: a finding has a place and suggests what was meant. Otherwise it returns err.
func Explain(ctx context.Context, all []*project.File, dir string, err error) error {
	if _, ok := errors.AsType[*load.Error](err); !ok {
		return err
	}
	if one, found := firstRefused(CheckProject(ctx, all, dir, func(string) *Options { return nil })); found {
		return &load.Error{Place: one.Place, Message: one.Message}
	}
	return err
}
