package diff

import (
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
)

// edits returns the edits, of whole lines, that make after of before.
//
// The longest common subsequence is sought up to a hundred differences, beyond
// which the library takes what it has. Numbered replicas have more: so the texts
// are first cut at lines that each of them has once (a service's name, say), in
// the longest order that both have them in, as patience diff does.
func edits(before, after string) []udiff.Edit {
	var all []udiff.Edit
	gap := func(begin, end, beginNew, endNew int) {
		for _, e := range udiff.Lines(before[begin:end], after[beginNew:endNew]) {
			e.Start += begin
			e.End += begin
			all = append(all, e)
		}
	}
	begin, beginNew := 0, 0
	for _, a := range anchors(before, after) {
		gap(begin, a.before, beginNew, a.after)
		begin, beginNew = a.before+a.length, a.after+a.length
	}
	gap(begin, len(before), beginNew, len(after))
	return all
}

// anchor is a line that both texts have once, with its offsets.
type anchor struct{ before, after, length int }

func anchors(before, after string) []anchor {
	type place struct {
		times, timesNew int
		anchor          anchor
	}
	in := map[string]*place{}
	offset := 0
	for line := range strings.Lines(before) {
		p := in[line]
		if p == nil {
			p = &place{anchor: anchor{before: offset, length: len(line)}}
			in[line] = p
		}
		p.times++
		offset += len(line)
	}
	offset = 0
	for line := range strings.Lines(after) {
		if p := in[line]; p != nil {
			p.timesNew++
			p.anchor.after = offset
		}
		offset += len(line)
	}
	var common []anchor
	for _, p := range in {
		if p.times == 1 && p.timesNew == 1 {
			common = append(common, p.anchor)
		}
	}
	slices.SortFunc(common, func(a, b anchor) int { return a.before - b.before })
	return ascending(common)
}

// ascending returns the longest subsequence that ascends in both texts, of
// anchors that do in the one before.
func ascending(all []anchor) []anchor {
	last := make([]int, 0, len(all)) // of the chains of each length, where the one that ends first does
	below := make([]int, len(all))
	for i, a := range all {
		length, _ := slices.BinarySearchFunc(last, a.after, func(j, offset int) int { return all[j].after - offset })
		below[i] = -1
		if length > 0 {
			below[i] = last[length-1]
		}
		if length == len(last) {
			last = append(last, i)
		} else {
			last[length] = i
		}
	}
	if len(last) == 0 {
		return nil
	}
	chain := make([]anchor, len(last))
	for i, at := len(last)-1, last[len(last)-1]; i >= 0; i, at = i-1, below[at] {
		chain[i] = all[at]
	}
	return chain
}
