package diff

import (
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// edits returns edits of whole lines that turn before into after.
//
// Package udiff searches for the longest common subsequence up to a hundred differences, and returns coarse edits
// beyond that. Numbered replicas have more differences. So edits first cuts both texts at anchors, as patience diff
// does, and compares the parts between them.
func edits(before, after string) []udiff.Edit {
	var all []udiff.Edit
	begin, beginNew := 0, 0
	end := anchor{len(before), len(after), 0}
	for _, a := range append(anchors(before, after), end) {
		for _, e := range udiff.Lines(before[begin:a.before], after[beginNew:a.after]) {
			e.Start += begin
			e.End += begin
			all = append(all, e)
		}
		begin, beginNew = a.before+a.length, a.after+a.length
	}
	return all
}

// anchor is a line that stands once in each text, such as a service's name. before and after are its offsets.
type anchor struct{ before, after, length int }

// anchors returns the longest list of anchors that have the same order in both texts.
func anchors(before, after string) []anchor {
	type candidate struct {
		anchor
		times, timesNew int
	}
	lines := map[string]*candidate{}
	offset := 0
	for line := range strings.Lines(before) {
		if lines[line] == nil {
			lines[line] = &candidate{anchor: anchor{before: offset, length: len(line)}}
		}
		lines[line].times++
		offset += len(line)
	}
	offset = 0
	for line := range strings.Lines(after) {
		if c := lines[line]; c != nil {
			c.timesNew++
			c.after = offset
		}
		offset += len(line)
	}
	var all []anchor
	for _, c := range lines {
		if c.times == 1 && c.timesNew == 1 {
			all = append(all, c.anchor)
		}
	}
	slices.SortFunc(all, func(a, b anchor) int { return a.before - b.before })
	return longestAscending(all)
}

// longestAscending returns the longest subsequence whose offsets in the new text ascend.
func longestAscending(all []anchor) []anchor {
	var last []int // by length less one, the last anchor of a subsequence; of several the one with the least offset
	previous := make([]int, len(all))
	for i, a := range all {
		length, _ := slices.BinarySearchFunc(last, a.after, func(j, offset int) int { return all[j].after - offset })
		if length > 0 {
			previous[i] = last[length-1]
		}
		if length == len(last) {
			last = append(last, i)
		}
		last[length] = i
	}
	longest := make([]anchor, len(last))
	for i := len(last) - 1; i >= 0; i-- {
		longest[i] = all[last[i]]
		if i > 0 {
			last[i-1] = previous[last[i]]
		}
	}
	return longest
}
