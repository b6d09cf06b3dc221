// Package circle finds circles of needs, such as services that wait for each other.
package circle

import (
	"iter"
	"slices"
)

// All iterates over circles. It yields the names in a circle, in order, and the need of the last name for the first
// one. needs returns the needs of a name, and name returns the name that a need is for. All walks names and needs depth
// first, in their order, and yields each circle at the need that closes it. The slice of names is valid only until the
// next circle.
func All[N any](names iter.Seq[string], needs func(of string) []N, name func(N) string) iter.Seq2[[]string, N] {
	const (
		open = 1
		done = 2
	)
	return func(yield func([]string, N) bool) {
		state := map[string]int{}
		var path []string
		var visit func(of string) bool
		visit = func(of string) bool {
			state[of] = open
			path = append(path, of)
			for _, need := range needs(of) {
				other := name(need)
				if state[other] == open && !yield(path[slices.Index(path, other):], need) || state[other] == 0 && !visit(other) {
					return false
				}
			}
			path = path[:len(path)-1]
			state[of] = done
			return true
		}
		for of := range names {
			if state[of] == 0 && !visit(of) {
				return
			}
		}
	}
}
