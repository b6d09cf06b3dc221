package rules

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// layers is services of which each waits for all of the layer before.
func layers(count, width int, more string) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range count {
		for j := range width {
			var needs []string
			for k := range width {
				if i > 0 {
					needs = append(needs, fmt.Sprintf("l%dx%d", i-1, k))
				}
			}
			fmt.Fprintf(&b, "  l%dx%d: {image: x, depends_on: [%s]}\n", i, j, strings.Join(needs, ", "))
		}
	}
	return b.String() + more
}

func TestPaths(t *testing.T) {
	chain := func(length int) string {
		var b strings.Builder
		b.WriteString("services:\n")
		var before []string
		for i := range length {
			fmt.Fprintf(&b, "  s%d: {image: x, depends_on: [%s]}\n", i, strings.Join(before, ", "))
			before = append(before, fmt.Sprintf("s%d", i))
		}
		return b.String()
	}
	for _, tt := range []struct {
		name, text string
		want       []string // in the only message; none is no problem
	}{
		{"each waits for all before it", chain(23), []string{"there are 8388607 of them", "which it waits for by"}},
		{"each waits for hundreds before it", chain(300), []string{"about 2e+90 of them", "which it waits for by"}},
		{"layers", layers(8, 8, ""), []string{"there are 21913088 of them", "let fewer services wait"}},
		{"few", layers(6, 8, ""), nil},
		{"across a layer", layers(8, 8, "  z: {image: x, depends_on: [l7x0, l0x0, l6x1]}\n"), []string{"such as that of z on l6x1, which it waits for by l7x0"}},
		{"for another condition", layers(8, 8, "  z: {image: x, depends_on: {l7x0: {condition: service_started}, l0x0: {condition: service_completed_successfully}}}\n"), []string{"let fewer"}},
		{"more than can be counted", layers(40, 20, ""), []string{"about 1.2e+52 of them"}},
		{"circle", layers(8, 8, "  a: {image: x, depends_on: [a]}\n"), []string{"a → a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := slices.Collect(Check(read(t, tt.text)))
			if len(found) > 1 || len(found) != min(1, len(tt.want)) {
				t.Fatalf("got %v", found)
			}
			for _, words := range tt.want {
				if !strings.Contains(found[0].Message, words) {
					t.Errorf("got %s, want %s", found[0].Message, words)
				}
			}
		})
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[float64]string{3: "3", 1 << 52: "4503599627370496", 2e90: "about 2e+90", math.Inf(1): "more than 1e+308"} {
		if got := number(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
