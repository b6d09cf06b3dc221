package text

import (
	"slices"
	"testing"
)

func TestPlural(t *testing.T) {
	for want, got := range map[string]string{
		"0 files": Plural(0, "file"), "1 batch": Plural(1, "batch"), "2 batches": Plural(2, "batch"), "3 boxes": Plural(3, "box"), "2 repositories": Plural(2, "repository"), "2 keys": Plural(2, "key"), "-1 bets": Plural(-1, "bet"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNaturalCompare(t *testing.T) {
	want := []string{"", "2", "10", "a", "a1", "a2", "a02", "a10", "a18446744073709551617", "b", "server"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, NaturalCompare)
	slices.SortFunc(want[5:7], NaturalCompare)
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestIsDigit(t *testing.T) {
	for c := range 256 {
		if got, want := IsDigit(byte(c)), c >= '0' && c <= '9'; got != want {
			t.Errorf("%q: got %t", byte(c), got)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{7: "7", 999: "999", 27_000: "27,000", 1_234_567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := Thousands(n); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWithoutNumbers(t *testing.T) {
	for text, want := range map[string]string{"": "", "12": "#", "a1b22 333, é4": "a#b# #, é#"} {
		if got := WithoutNumbers(text); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
