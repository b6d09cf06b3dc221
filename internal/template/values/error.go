package values

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// Problem is one thing that is wrong with values.
type Problem struct {
	Origin Origin
	// Path is the value's, as --set takes it; "" for all of a file.
	Path string
	What string
	// Unread says that it is a file that cannot be read, and no value.
	Unread bool
}

// String returns origin: path: what. A flag or variable names the path already.
func (p Problem) String() string {
	s := p.Origin.String() + ": "
	if p.Path != "" && !strings.HasSuffix(p.Origin.Source, " "+p.Path) {
		s += text.Short(p.Path, 100) + ": "
	}
	return s + p.What
}

// Error is all that is wrong with values.
type Error struct{ Problems []Problem }

// Error returns the problem or, of several, a line for each.
func (e *Error) Error() string {
	if len(e.Problems) == 1 {
		return e.Problems[0].String()
	}
	lines := []string{fmt.Sprintf("%d things are wrong with the values:", len(e.Problems))}
	for _, p := range e.Problems {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

// Unread reports whether files that cannot be read are all that is wrong.
func (e *Error) Unread() bool {
	return !slices.ContainsFunc(e.Problems, func(p Problem) bool { return !p.Unread })
}

// Add adds the problems of err, and reports whether it has nothing else to say.
func (e *Error) Add(err error) bool {
	other, ok := errors.AsType[*Error](err)
	if ok {
		e.Problems = append(e.Problems, other.Problems...)
	}
	return ok || err == nil
}

// OrNil returns nil if there are no problems, and them in the order of their
// places otherwise.
func (e *Error) OrNil() error {
	if len(e.Problems) == 0 {
		return nil
	}
	slices.SortStableFunc(e.Problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.Origin.Source, b.Origin.Source),
			a.Origin.Line-b.Origin.Line, a.Origin.Column-b.Origin.Column, strings.Compare(a.Path, b.Path))
	})
	e.Problems = slices.Compact(e.Problems)
	return e
}
