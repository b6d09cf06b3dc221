package dataset

import (
	"io"
	"testing"
)

func BenchmarkGenerate(b *testing.B) {
	for _, bench := range []struct {
		name  string
		write func(io.Writer, Options) error
	}{
		{"csv", Generate},
		{"zip", func(w io.Writer, o Options) error {
			return writeArchive(w, []Options{o}, func(int) error { return nil })
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			const bets = 200_000
			b.ReportAllocs()
			for b.Loop() {
				if err := bench.write(io.Discard, Options{Agency: 1, Bets: bets, Winners: 20, Seed: 1}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(bets)*float64(b.N)/b.Elapsed().Seconds(), "bets/s")
		})
	}
}
