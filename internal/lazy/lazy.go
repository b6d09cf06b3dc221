// Package lazy makes what costs time when it is needed first, and not at each
// start of a program.
package lazy

import (
	"regexp"
	"sync"
)

// Regexp returns a function that compiles expr when it is called first. It panics
// if expr is no regular expression, as regexp.MustCompile does.
func Regexp(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
