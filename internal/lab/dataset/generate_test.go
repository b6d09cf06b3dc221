package dataset

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func generated(t interface{ Fatal(...any) }, o Options) []byte {
	var b bytes.Buffer
	if err := Generate(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rows splits a generated file; it holds that all of its lines end in CRLF.
func rows(t *testing.T, file []byte) [][]string {
	t.Helper()
	if len(file) == 0 {
		return nil
	}
	text, ok := strings.CutSuffix(string(file), "\r\n")
	if !ok {
		t.Fatalf("no CRLF at the end of %q", file[max(0, len(file)-50):])
	}
	var all [][]string
	for line := range strings.SplitSeq(text, "\r\n") {
		fields := strings.Split(line, ",")
		if len(fields) != 5 {
			t.Fatalf("%d fields in %q", len(fields), line)
		}
		all = append(all, fields)
	}
	return all
}

// The literal bytes keep datasets the same across machines and versions of Go.
func TestGenerateBytes(t *testing.T) {
	const want = "Margarita Amparo,Ocampo,19379759,2003-11-27,5257\r\n" +
		"Mercedes Catalina,Ortega,44101118,1996-10-20,6284\r\n" +
		"Bernardo,Serrano,28822477,1953-09-17,7574\r\n" +
		"Selene,Pereyra,13543836,1966-09-08,7574\r\n" +
		"Gimena Violeta,Duarte,38265195,1970-01-02,5737\r\n" +
		"Zoe Ignacia,Meyer,22986554,1951-06-15,9883\r\n"
	if got := string(generated(t, Options{Agency: 1, Bets: 6, Winners: 2, Seed: DefaultSeed})); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestGenerateRows(t *testing.T) {
	row := regexp.MustCompile(`^[\p{L}' ]+,[\p{L}' ]+,[0-9]{8},(19[4-9][0-9]|200[0-5])-[01][0-9]-[0-3][0-9],(0|[1-9][0-9]{0,3})$`)
	const bets, winners = 20_000, 7
	all := rows(t, generated(t, Options{Agency: 3, Bets: bets, Winners: winners, Seed: 1}))
	if len(all) != bets {
		t.Fatalf("%d rows, want %d", len(all), bets)
	}
	var won, twoWords, accents int
	documents := map[string]bool{}
	for _, r := range all {
		if line := strings.Join(r, ","); !row.MatchString(line) {
			t.Fatalf("odd row %q", line)
		}
		documents[r[2]] = true
		if r[4] == "7574" {
			won++
		}
		if strings.Contains(r[0], " ") {
			twoWords++
		}
		if strings.ContainsAny(r[0], "áéíóúñ") {
			accents++
		}
	}
	if won != winners {
		t.Errorf("%d winners, want %d", won, winners)
	}
	if len(documents) != bets {
		t.Errorf("%d documents for %d bets", len(documents), bets)
	}
	if twoWords < bets/2 || twoWords > bets*9/10 || accents < bets/20 {
		t.Errorf("%d first names of two words, %d with accents, of %d", twoWords, accents, bets)
	}
}

func TestGenerateCounts(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		bets := rapid.IntRange(0, 3000).Draw(r, "bets")
		o := Options{
			Agency:  rapid.Uint32Min(1).Draw(r, "agency"),
			Bets:    bets,
			Winners: rapid.IntRange(0, bets).Draw(r, "winners"),
			Seed:    rapid.Uint64().Draw(r, "seed"),
			Before:  rapid.IntRange(0, 3*documentRound).Draw(r, "before"),
		}
		file := generated(r, o)
		if n := bytes.Count(file, []byte("\r\n")); n != o.Bets {
			r.Fatalf("%d rows, want %d", n, o.Bets)
		}
		if n := bytes.Count(file, []byte(",7574\r\n")); n != o.Winners {
			r.Fatalf("%d winners, want %d", n, o.Winners)
		}
		if !bytes.Equal(file, generated(r, o)) {
			r.Fatal("other bytes the second time")
		}
	})
}

func TestGenerateDiffers(t *testing.T) {
	base := Options{Agency: 1, Bets: 50, Seed: 1}
	other := map[string]Options{
		"seed":   {Agency: 1, Bets: 50, Seed: 2},
		"agency": {Agency: 2, Bets: 50, Seed: 1},
	}
	for name, o := range other {
		a, b := rows(t, generated(t, base)), rows(t, generated(t, o))
		same := 0
		for i := range a {
			if a[i][0] == b[i][0] {
				same++
			}
		}
		if same > len(a)/4 {
			t.Errorf("another %s: %d of %d first names are the same", name, same, len(a))
		}
	}
}

// Documents are distinct over the agencies of a dataset, also where a second
// round of them begins.
func TestDocumentsAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	before := documentRound - 1500
	for agency := range uint32(3) {
		for _, r := range rows(t, generated(t, Options{Agency: agency + 1, Bets: 1000, Seed: 9, Before: before})) {
			if seen[r[2]] {
				t.Fatalf("document %s twice", r[2])
			}
			seen[r[2]] = true
		}
		before += 1000
	}
}

// A whole round visits each document once if the step shares no factor with it.
func TestDocumentStep(t *testing.T) {
	a, b := documentRound, documentStep
	for b != 0 {
		a, b = b, a%b
	}
	if a != 1 {
		t.Errorf("greatest common divisor of step and round is %d", a)
	}
}

func TestNames(t *testing.T) {
	good := regexp.MustCompile(`^\p{Lu}[\p{L}']*( [\p{L}]+)*$`)
	for _, list := range [][]string{slices.Concat(women, men), surnames} {
		seen := map[string]bool{}
		for _, name := range list {
			if !good.MatchString(name) || seen[name] {
				t.Errorf("%q is odd or there twice", name)
			}
			seen[name] = true
		}
	}
	for _, name := range slices.Concat(women, men) { // the second one makes two words of it
		if strings.Contains(name, " ") {
			t.Errorf("given name %q is not one word", name)
		}
	}
	longest := func(list []string) int {
		n := 0
		for _, s := range list {
			n = max(n, len(s))
		}
		return n
	}
	if n := 2*longest(slices.Concat(women, men)) + longest(surnames) + 64; n > longestRow {
		t.Errorf("a row may have %d bytes, longestRow is %d", n, longestRow)
	}
}

func TestGenerateErrors(t *testing.T) {
	full := errors.New("disk full")
	for name, test := range map[string]struct {
		o    Options
		w    io.Writer
		want string
	}{
		"negative bets":    {Options{Agency: 1, Bets: -1}, io.Discard, "agency 1: 0 winners of -1 bets"},
		"too many winners": {Options{Agency: 2, Bets: 3, Winners: 4}, io.Discard, "agency 2: 4 winners of 3 bets: want 0 … 3"},
		"negative winners": {Options{Agency: 2, Bets: 3, Winners: -4}, io.Discard, "agency 2: -4 winners"},
		"writer":           {Options{Agency: 3, Bets: 3}, failing{full}, "agency 3: disk full"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Generate(test.w, test.o)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// One buffer, whatever the number of bets.
func TestGenerateAllocates(t *testing.T) {
	allocs := testing.AllocsPerRun(3, func() {
		if err := Generate(io.Discard, Options{Agency: 1, Bets: 20_000, Winners: 3}); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 5 {
		t.Errorf("%v allocations for 20,000 bets", allocs)
	}
}
