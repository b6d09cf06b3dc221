package render

import (
	"strconv"
	"testing"

	"github.com/tp0-lab/composer/templates"
)

// Allocation for each replica beyond the document's bytes and spans is nothing.
func BenchmarkMemory(b *testing.B) {
	e := unlimited(b)
	for _, n := range []int{10, 1000, 100_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				doc, err := e.Render("ej8", n)
				if err != nil {
					b.Fatal(err)
				}
				size = len(doc.Bytes) + 16*len(doc.Replicas)
			}
			b.ReportMetric(float64(size), "document-B")
		})
	}
}

// The same as a test: a hundred times the replicas, the same number of allocations.
func TestMemoryIsTheDocument(t *testing.T) {
	e := newEngine(t, templates.FS)
	allocations := func(n int) float64 {
		return testing.AllocsPerRun(10, func() {
			if _, err := e.Render("ej8", n); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(10), allocations(1000); many > few+20 {
		t.Errorf("%v allocations for 10 replicas, %v for 1000", few, many)
	}
	doc, err := e.Render("ej8", 1000)
	if err != nil {
		t.Fatal(err)
	}
	if c, l := cap(doc.Bytes), len(doc.Bytes); c > l+l/4 {
		t.Errorf("the buffer has %d bytes for a document of %d", c, l)
	}
}
