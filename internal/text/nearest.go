package text

import (
	"fmt"
	"slices"
	"strings"
)

// DidYouMean returns `, did you mean "NAME"?` with the name of UniqueNearest, or "" without one.
func DidYouMean(name string, candidates []string) string {
	if near := UniqueNearest(name, candidates); near != "" {
		return fmt.Sprintf(", did you mean %q?", near)
	}
	return ""
}

// Suggestion returns ", did you mean NAME?" with the name of Nearest, or "" without one. Use it for words that stand in
// files without quotes, and only where a wrong guess misleads nobody.
func Suggestion(name string, candidates []string) string {
	if near := Nearest(name, candidates); near != "" {
		return ", did you mean " + near + "?"
	}
	return ""
}

// UniqueNearest returns the candidate of Nearest if no other candidate is as near to name, else the only
// candidate that begins with name, else "".
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

// longest is how many bytes a name may have to be compared: time and memory grow with the product of two lengths.
const longest = 64

// Nearest returns the candidate with the fewest edits from name; of several such candidates, the first in sorted order.
// It returns "" if every candidate needs more edits than a third of the bytes of name, or if name is longer than 64
// bytes. An edit adds, drops or replaces a byte, or swaps two neighbours.
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

// distance returns the number of edits between a and b (optimal string alignment).
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
