package graph

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// refineAll is refine without its order: it looks at all names until nothing changes.
func refineAll(classes map[string]int, names []string, ends map[string][]tie) {
	for count := 0; ; {
		numbers, next := map[string]int{}, map[string]int{}
		for _, name := range names {
			of := map[string]bool{}
			for _, t := range ends[name] {
				of[fmt.Sprint(t.kind, t.label, classes[t.name])] = true
			}
			key := fmt.Sprint(classes[name], slices.Sorted(maps.Keys(of)))
			if _, ok := numbers[key]; !ok {
				numbers[key] = len(numbers)
			}
			next[name] = numbers[key]
		}
		maps.Copy(classes, next)
		if len(numbers) == count {
			return
		}
		count = len(numbers)
	}
}

func TestRefineProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "services")
		got, want, ends := map[string]int{}, map[string]int{}, map[string][]tie{}
		var names []string
		first := map[int]int{} // numbers of classes without gaps
		for i := range n {
			name := strconv.Itoa(i)
			class := rapid.IntRange(0, 2).Draw(t, "class")
			if _, ok := first[class]; !ok {
				first[class] = len(first)
			}
			names, got[name], want[name] = append(names, name), first[class], first[class]
		}
		for range rapid.IntRange(0, 2*n).Draw(t, "ties") {
			from, to := rapid.SampledFrom(names).Draw(t, "from"), rapid.SampledFrom(names).Draw(t, "to")
			ends[from] = append(ends[from], tie{label: "l", name: to})
			ends[to] = append(ends[to], tie{label: "from l", name: from})
		}
		refine(got, names, ends)
		refineAll(want, names, ends)
		for _, a := range names {
			for _, b := range names {
				if (got[a] == got[b]) != (want[a] == want[b]) {
					t.Fatalf("%s and %s: got %v, want %v", a, b, got, want)
				}
			}
		}
	})
}

// In a chain each round tells two services from the others, so rounds over all services would take minutes.
func TestRefineChain(t *testing.T) {
	classes, ends := map[string]int{}, map[string][]tie{}
	var names []string
	const n = 20_000
	for i := range n {
		name := strconv.Itoa(i)
		names, classes[name] = append(names, name), 0
		if i > 0 {
			before := strconv.Itoa(i - 1)
			ends[name] = append(ends[name], tie{label: "l", name: before})
			ends[before] = append(ends[before], tie{label: "from l", name: name})
		}
	}
	start := time.Now()
	refine(classes, names, ends)
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	if different := map[int]bool{}; true {
		for _, class := range classes {
			different[class] = true
		}
		if len(different) != n {
			t.Errorf("got %d classes", len(different))
		}
	}
}
