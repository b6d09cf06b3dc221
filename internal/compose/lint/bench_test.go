package lint_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/compose/lint"
)

// BenchmarkBroken checks files of which every service is wrong. The time for each
// service stays the same however many there are.
func BenchmarkBroken(b *testing.B) {
	for _, n := range []int{5_000, 20_000} {
		var text strings.Builder
		text.WriteString("services:\n")
		for i := range n {
			fmt.Fprintf(&text, "  worker%d:\n    imag: busybox\n    environment:\n      WORKER_ID: \"%d\"\n", i, i)
		}
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			for b.Loop() {
				if _, ok := lint.Refused(b.Context(), []byte(text.String())); !ok {
					b.Fatal("nothing is found")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/service")
		})
	}
}
