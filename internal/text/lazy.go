package text

import (
	"regexp"
	"sync"
)

// Regexp returns a function that compiles expr when it is called first. It panics
// if expr is no regular expression, as regexp.MustCompile does.
func LazyRegexp(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
