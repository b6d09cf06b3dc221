//go:build unix

package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/dataset"
)

// TestMain lets the test's binary be started again as the benchmark's own
// subcommands.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && commands[os.Args[1]] != nil {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// The whole of it with little data, so that it cannot rot. No time is judged.
func TestSmall(t *testing.T) {
	b := &benchmark{dir: t.TempDir(), now: time.Now, talk: io.Discard}
	if err := b.build(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	small := scenario{
		name:   "small",
		shape:  dataset.Shape{{Agency: 1, Bets: 500, Winners: 3, Seed: 1}, {Agency: 2, Bets: 500, Seed: 1, Before: 500}},
		limits: []int{fullFrames, 140}, runs: 1,
	}
	rows, err := b.measure(t.Context(), small)
	if err != nil {
		t.Fatal(err)
	}
	idle, err := b.measureIdle(t.Context(), t.TempDir(), 20)
	if err != nil {
		t.Fatal(err)
	}
	text := report{machine: describe(b.dir), rows: rows, idle: idle}.markdown()
	for _, want := range []string{"| small, full frames | 2 | 1,000 | 1 |", "| small, batches of 140 | 2 | 1,000 | 1 |", "| 20 idle connections |"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestMedian(t *testing.T) {
	got := median([]outcome{{took: 3, server: 1, client: 9}, {took: 1, server: 2, client: 8}, {took: 2, server: 7, client: 7}})
	if want := (outcome{took: 2, server: 7, client: 9}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	r := row{ratios: []float64{4, 5, 9}}
	if r.ratio() != 5 {
		t.Errorf("ratio %v", r.ratio())
	}
}

// A run that is not exact must not pass for one.
func TestVerify(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const told = "2026-01-01 00:00:00 INFO     action: consulta_ganadores | result: success | cant_ganadores: 2\n"
	bets := file("bets.csv", "1,a,b,1,2000-01-01,7\r\n1,a,b,2,2000-01-01,7\r\n")
	for name, c := range map[string]struct {
		bets, winners int
		log, want     string
	}{
		"exact":           {2, 2, told, ""},
		"a bet is lost":   {3, 2, told, "2 lines in bets.csv for 3 bets"},
		"a bet is double": {1, 2, told, "2 lines in bets.csv for 1 bets"},
		"other winners":   {2, 1, told, "told 2 winners of 1"},
		"no answer":       {2, 2, "", "0 answers"},
		"two answers":     {2, 2, told + told, "2 answers"},
	} {
		t.Run(name, func(t *testing.T) {
			err := verify(data{winners: []int{c.winners}, bets: c.bets}, bets, []*process{{log: file("log", c.log)}})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
