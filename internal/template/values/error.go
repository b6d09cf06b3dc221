package values

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// Problem is one fault of the values.
type Problem struct {
	Origin Origin
	// Path is the path of the value in the syntax of --set, or "" for a fault of a whole file.
	Path string
	What string
	// Unread reports that What is the error of a file that could not be read.
	Unread bool
}

// String returns ORIGIN: PATH: WHAT, without PATH where ORIGIN ends with it, as that of a flag or variable does.
func (p Problem) String() string {
	s := p.Origin.String() + ": "
	if p.Path != "" && !strings.HasSuffix(p.Origin.File, " "+p.Path) {
		s += text.Short(p.Path, 100) + ": "
	}
	return s + p.What
}

// Error lists all faults of the values.
type Error struct{ Problems []Problem }

// Error returns one problem on one line, and several on a line each below a heading.
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

// Unread reports whether every problem is a file that could not be read.
func (e *Error) Unread() bool {
	return !slices.ContainsFunc(e.Problems, func(p Problem) bool { return !p.Unread })
}

// Add adds the problems of err if err is an *Error. It reports whether err was an *Error or nil.
func (e *Error) Add(err error) bool {
	other, ok := errors.AsType[*Error](err)
	if ok {
		e.Problems = append(e.Problems, other.Problems...)
	}
	return ok || err == nil
}

// OrNil returns nil if e has no problems. Otherwise it returns e, with its problems in the order of their places, each
// once.
func (e *Error) OrNil() error {
	if len(e.Problems) == 0 {
		return nil
	}
	slices.SortStableFunc(e.Problems, func(a, b Problem) int {
		return cmp.Or(comparePlaces(a.Origin, b.Origin), strings.Compare(a.Path, b.Path))
	})
	e.Problems = slices.Compact(e.Problems)
	return e
}

func comparePlaces(a, b Origin) int {
	return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
}
