// Package nearest finds the name that somebody may have meant.
package nearest

import "slices"

// Of returns the candidate that is fewest edits away from name, the first in
// order of several, or "" if all are over a third of the name away. An edit is a
// byte too many, too few or another, or two that are swapped.
func Of(name string, candidates []string) string {
	best, edits := "", len(name)/3+1
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		if n := len(name) - len(candidate); max(n, -n) >= edits {
			continue // each byte too many is an edit, so a name of any length costs little
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
