package dataset

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// of returns a shape with those bets and winners.
func of(seed uint64, agencies ...[2]int) Shape {
	var s Shape
	before := 0
	for i, a := range agencies {
		s = append(s, Options{Agency: uint32(i + 1), Bets: a[0], Winners: a[1], Seed: seed, Before: before})
		before += a[0]
	}
	return s
}

func TestNewShape(t *testing.T) {
	for name, test := range map[string]struct {
		agencies      int
		bets, winners []int
		want          [][2]int
		err           string
	}{
		"default":                 {want: [][2]int{{27_000, 3}, {25_500, 3}, {16_000, 2}, {9_200, 1}, {1_000, 0}}},
		"agencies":                {agencies: 2, want: [][2]int{{1000, 1}, {1000, 0}}},
		"one agency":              {agencies: 1, bets: []int{7}, want: [][2]int{{7, 0}}},
		"one number for all":      {agencies: 3, bets: []int{20_000}, want: [][2]int{{20_000, 2}, {20_000, 2}, {20_000, 0}}},
		"one number, no agencies": {bets: []int{1}, want: [][2]int{{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 0}}},
		"a number each":           {bets: []int{10_001, 0, 5}, want: [][2]int{{10_001, 2}, {0, 0}, {5, 0}}},
		"winners of all":          {agencies: 2, winners: []int{4}, want: [][2]int{{1000, 4}, {1000, 4}}},
		"winners of each":         {bets: []int{9}, winners: []int{0, 9}, want: [][2]int{{9, 0}, {9, 9}}},
		"too few numbers":         {agencies: 3, bets: []int{1, 2}, err: "2 numbers of bets for 3 agencies"},
		"too few winners":         {agencies: 3, winners: []int{1, 2}, err: "2 numbers of winners for 3 agencies"},
		"too many winners":        {agencies: 2, bets: []int{3, 2}, winners: []int{3}, err: "agency 2: 3 winners of 2 bets"},
		"negative agencies":       {agencies: -1, err: "-1 agencies: want 1 …"},
		"too many agencies":       {agencies: maxAgencies + 1, err: "1000001 agencies: want 1 …"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := NewShape(3, test.agencies, test.bets, test.winners)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("error %v, want %q", err, test.err)
				}
				return
			}
			if want := of(3, test.want...); err != nil || !slices.Equal(got, want) {
				t.Errorf("got %v, %v; want %v", got, err, want)
			}
		})
	}
}

func TestDefaultShape(t *testing.T) {
	want := of(DefaultSeed, [2]int{27_000, 3}, [2]int{25_500, 3}, [2]int{16_000, 2}, [2]int{9_200, 1}, [2]int{1_000, 0})
	if got := DefaultShape(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if bets, winners := DefaultShape().Totals(); bets != 78_700 || winners != 9 {
		t.Errorf("%d bets, %d winners in all", bets, winners)
	}
}

func TestShapeOptions(t *testing.T) {
	got, err := NewShape(4, 3, []int{10, 0, 5}, []int{1, 0, 2})
	want := Shape{
		{Agency: 1, Bets: 10, Winners: 1, Seed: 4},
		{Agency: 2, Seed: 4, Before: 10},
		{Agency: 3, Bets: 5, Winners: 2, Seed: 4, Before: 10},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestFileNames(t *testing.T) {
	for name, want := range map[string]uint32{
		"agency-1.csv": 1, "agency-10.csv": 10, "agency-4294967295.csv": math.MaxUint32,
		"agency-0.csv": 0, "agency-01.csv": 0, "agency-4294967296.csv": 0, "agency-.csv": 0, "agency--1.csv": 0,
		"agency-1.csv\t": 0, "agency-1.csv\n": 0, "._agency-1.csv": 0, "agency-1.CSV": 0, "agency-1xcsv": 0, "agency-١.csv": 0,
	} {
		got, ok := AgencyOf(name)
		if ok != (want > 0) || ok && got != want {
			t.Errorf("%q: %d, %v", name, got, ok)
		}
		if ok && FileName(got) != name {
			t.Errorf("%q comes back as %q", name, FileName(got))
		}
	}
}
