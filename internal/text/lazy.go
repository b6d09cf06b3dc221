package text

import (
	"regexp"
	"sync"
)

// LazyRegexp returns a function that compiles expr at its first call, so that a program start costs
// nothing. The call panics on a bad expression, as regexp.MustCompile does.
func LazyRegexp(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
