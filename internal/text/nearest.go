package text

import (
	"fmt"
	"slices"
	"strings"
)

// Hint is `, did you mean "NAME"?`, or "" if there is nothing to suggest.
func DidYouMean(name string, candidates []string) string {
	if near := UniqueNearest(name, candidates); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}

// Unique returns the candidate that Of does, if no other is as near, or else the
// only one that begins with name, or "".
func UniqueNearest(name string, candidates []string) string {
	if near := Nearest(name, candidates); near != "" {
		others := slices.DeleteFunc(slices.Clone(candidates), func(c string) bool { return c == near })
		if second := Nearest(name, others); second == "" || distance(name, near) < distance(name, second) {
			return near
		}
	}
	found := ""
	for _, c := range candidates {
		if name != "" && c != found && strings.HasPrefix(c, name) {
			if found != "" {
				return ""
			}
			found = c
		}
	}
	return found
}

// longest is how many bytes a name may have to be compared with others, which
// takes time and memory by the product of their lengths.
const longest = 64

// Of returns the candidate that is fewest edits away from name, the first in
// order of several, or "" if all are over a third of the name away, or name is
// over 64 bytes long. An edit is a byte too many, too few or another, or two that
// are swapped.
func Nearest(name string, candidates []string) string {
	if len(name) > longest {
		return ""
	}
	best, edits := "", len(name)/3+1
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		if n := len(name) - len(candidate); max(n, -n) >= edits {
			continue // each byte too many is an edit, so a candidate of any length costs little
		}
		if d := distance(name, candidate); d < edits {
			best, edits = candidate, d
		}
	}
	return best
}

// distance returns how many edits there are between a and b, none within
// another (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			other := 1
			if a[i-1] == b[j-1] {
				other = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+other)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
