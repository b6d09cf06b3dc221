package lottery

import (
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write testdata/python.csv with python3")

// goldenBets are in testdata/python.csv, as Python's csv module wrote them.
var goldenBets = []Bet{
	{1, "Santiago Lionel", "Lorca", "30904465", Date{1999, 3, 17}, 7574},
	{2, "José María", "Núñez", "00123456", Date{2000, 2, 29}, 1},
	{3, "Ana, la de enfrente", `O"Higgins`, "1,2", Date{1, 1, 1}, 0},
	{4, `"`, ",", "=1+1", Date{9999, 12, 31}, math.MaxUint32},
	{math.MaxUint32, " x ", "a;b|c\\d'e", "7574", Date{1980, 10, 5}, 7574},
	{5, "Ωmega", "日本語", "🎲", Date{1970, 1, 1}, 42},
}

const writePython = `
import csv, datetime, sys
rows = [
  (1, "Santiago Lionel", "Lorca", "30904465", datetime.date(1999, 3, 17), 7574),
  (2, "Jos\u00e9 Mar\u00eda", "N\u00fa\u00f1ez", "00123456", datetime.date(2000, 2, 29), 1),
  (3, "Ana, la de enfrente", 'O"Higgins', "1,2", datetime.date(1, 1, 1), 0),
  (4, '"', ",", "=1+1", datetime.date(9999, 12, 31), 2**32-1),
  (2**32-1, " x ", "a;b|c\\d'e", "7574", datetime.date(1980, 10, 5), 7574),
  (5, "\u03a9mega", "\u65e5\u672c\u8a9e", "\U0001f3b2", datetime.date(1970, 1, 1), 42),
]
with open(sys.argv[1], "w", newline="", encoding="utf-8") as f:
  w = csv.writer(f, quoting=csv.QUOTE_MINIMAL)
  for r in rows:
    w.writerow([r[0], r[1], r[2], r[3], r[4].isoformat(), r[5]])
`

const golden = "testdata/python.csv"

func TestAppendRecordIsPythons(t *testing.T) {
	if *update {
		if out, err := exec.Command("python3", "-c", writePython, golden).CombinedOutput(); err != nil {
			t.Fatalf("python3: %v\n%s", err, out)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	var got []byte
	for i := range goldenBets {
		got = appendGood(got, &goldenBets[i])
	}
	if string(got) != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadPythons(t *testing.T) {
	f, err := os.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := NewFileReader(f, golden, 0)
	for i, want := range goldenBets {
		var got Bet
		if err := r.Read(&got); err != nil {
			t.Fatal(err)
		}
		if got != want || r.Line() != i+1 {
			t.Errorf("line %d: got %+v, want %+v", r.Line(), got, want)
		}
	}
}

// The course's load_bets, which must read what we write.
const loadPython = `
import csv, datetime, json, sys
with open(sys.argv[1], "r", newline="", encoding="utf-8") as f:
  for row in csv.reader(f, quoting=csv.QUOTE_MINIMAL):
    birthdate = datetime.date.fromisoformat(row[4])
    print(json.dumps([int(row[0]), row[1], row[2], row[3], birthdate.isoformat(), int(row[5])]))
`

func TestPythonReadsOurs(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	bets := slices.Clone(goldenBets)
	for i := range 500 {
		bets = append(bets, drawBet().Example(i))
	}
	var data []byte
	for i := range bets {
		data = appendGood(data, &bets[i])
	}
	path := filepath.Join(t.TempDir(), "bets.csv")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-c", loadPython, path).CombinedOutput()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(bets) {
		t.Fatalf("python3 reads %d bets of %d", len(lines), len(bets))
	}
	for i, line := range lines {
		b := bets[i]
		want := []any{float64(b.Agency), b.FirstName, b.LastName, b.Document, b.Birthdate.String(), float64(b.Number)}
		var got []any
		if err := json.Unmarshal([]byte(line), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("python3 reads %s, want %v (%v)", line, want, err)
		}
	}
}

// drawText draws what textReason takes.
func drawText() *rapid.Generator[string] {
	common := rapid.StringOfN(rapid.Rune(), 1, MaxText, MaxText)
	awkward := rapid.StringOfN(rapid.SampledFrom([]rune(`a ",=|;\'ñ日🎲`)), 1, 20, MaxText)
	return rapid.OneOf(common, awkward).Filter(func(s string) bool { return textReason(s) == "" })
}

func drawBet() *rapid.Generator[Bet] {
	return rapid.Custom(func(t *rapid.T) Bet {
		return Bet{
			Agency:    rapid.Uint32Range(1, math.MaxUint32).Draw(t, "agency"),
			FirstName: drawText().Draw(t, "first name"),
			LastName:  drawText().Draw(t, "last name"),
			Document:  drawText().Draw(t, "document"),
			Birthdate: rapid.Custom(func(t *rapid.T) Date {
				return Date{
					Year:  rapid.Uint16Range(1, 9999).Draw(t, "year"),
					Month: rapid.Uint8Range(1, 12).Draw(t, "month"),
					Day:   rapid.Uint8Range(1, 31).Draw(t, "day"),
				}
			}).Filter(Date.Valid).Draw(t, "birthdate"),
			Number: rapid.Uint32().Draw(t, "number"),
		}
	})
}

func TestRecordRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawBet().Draw(t, "bet")
		record := string(appendGood(nil, &want))
		if len(record) > 3*(2*MaxText+2)+2*10+10+5+2 {
			t.Fatalf("record of %d bytes", len(record))
		}
		line, ok := strings.CutSuffix(record, "\r\n")
		if !ok || strings.ContainsAny(line, "\r\n") {
			t.Fatalf("not one line: %q", record)
		}
		var got Bet
		if err := parseRecord(line, 0, &got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		// Five columns, and the same by both ways.
		_, five, _ := strings.Cut(line, ",")
		if err := parseRecord(five, want.Agency, &got); err != nil || got != want {
			t.Errorf("five columns: got %+v, %v", got, err)
		}
		if err := parseAny(line, 0, &got); err != nil || got != want {
			t.Errorf("parseAny: got %+v, %v", got, err)
		}
	})
}

func TestParseRecordErrors(t *testing.T) {
	long := strings.Repeat("x", MaxText+1)
	for _, tt := range []struct {
		line  string
		field Field // of a *FieldError, or
		err   error
	}{
		{line: "1,a,b,3,2000-01-01", err: errColumns},
		{line: "1,a,b,3,2000-01-01,5,6", err: errColumns},
		{line: "x", err: errColumns},
		{line: `1,a"b,c,3,2000-01-01,5`, err: errBareQuote},
		{line: `1,"a,c,3,2000-01-01,5`, err: errOpenQuote},
		{line: `1,"a"b,c,3,2000-01-01,5`, err: errQuoteEnd},
		{line: `1,a,c,3,2000-01-01,"5"x`, err: errQuoteEnd},
		{line: "0,a,b,3,2000-01-01,5", field: Agency},
		{line: "-1,a,b,3,2000-01-01,5", field: Agency},
		{line: "4294967296,a,b,3,2000-01-01,5", field: Agency},
		{line: "1,,b,3,2000-01-01,5", field: FirstName},
		{line: "1," + long + ",b,3,2000-01-01,5", field: FirstName},
		{line: "1,a\tb,b,3,2000-01-01,5", field: FirstName},
		{line: "1,a\u0085b,b,3,2000-01-01,5", field: FirstName},
		{line: "1,a\u2028b,b,3,2000-01-01,5", field: FirstName},
		{line: "1,a,\xff,3,2000-01-01,5", field: LastName},
		{line: "1,a,\xed\xa0\x80,3,2000-01-01,5", field: LastName},
		{line: "1,a,\"\",3,2000-01-01,5", field: LastName},
		{line: "1,a," + long + ",3,2000-01-01,5", field: LastName},
		{line: "1,a,b,,2000-01-01,5", field: Document},
		{line: "1,a,b,\x7f,2000-01-01,5", field: Document},
		{line: "1,a,b," + long + ",2000-01-01,5", field: Document},
		{line: "1,a,b,3,2000-1-1,5", field: Birthdate},
		{line: "1,a,b,3,2001-02-29,5", field: Birthdate},
		{line: "1,a,b,3,1900-02-29,5", field: Birthdate},
		{line: "1,a,b,3,0000-01-01,5", field: Birthdate},
		{line: "1,a,b,3,2000-13-01,5", field: Birthdate},
		{line: "1,a,b,3,2000-00-01,5", field: Birthdate},
		{line: "1,a,b,3,2000-01-00,5", field: Birthdate},
		{line: "1,a,b,3,2000-04-31,5", field: Birthdate},
		{line: "1,a,b,3,2000-01-01,", field: Number},
		{line: "1,a,b,3,2000-01-01,-5", field: Number},
		{line: "1,a,b,3,2000-01-01,+5", field: Number},
		{line: "1,a,b,3,2000-01-01,4294967296", field: Number},
		{line: "1,a,b,3,2000-01-01,99999999999999999999999999", field: Number},
	} {
		var b Bet
		err := parseRecord(tt.line, 0, &b)
		var f *FieldError
		switch {
		case errors.As(err, &f):
			if f.Field != tt.field || f.Reason == "" {
				t.Errorf("%q: %v", tt.line, err)
			}
		case err == nil || !errors.Is(err, tt.err):
			t.Errorf("%q: got %v, want %v", tt.line, err, tt.err)
		}
	}
}

func TestParseRecordTakes(t *testing.T) {
	want := Bet{1, "a", "b", "3", Date{2000, 2, 29}, 7574}
	for _, line := range []string{
		"1,a,b,3,2000-02-29,7574",
		"001,a,b,3,2000-02-29,0000000000000007574",
		`"1","a","b","3","2000-02-29","7574"`,
	} {
		var got Bet
		if err := parseRecord(line, 0, &got); err != nil || got != want {
			t.Errorf("%q: got %+v, %v", line, got, err)
		}
	}
}

func TestParseBet(t *testing.T) {
	got, bad := ParseBet(1, "Santiago Lionel", "Lorca", "30904465", "1999-03-17", "7574")
	if bad != nil || got != goldenBets[0] || !HasWon(got) {
		t.Errorf("got %+v, %v", got, bad)
	}
	_, bad = ParseBet(1, "", "\n", strings.Repeat("9", 300), "17/03/1999", "x")
	if len(bad) != 5 {
		t.Fatalf("got %v", bad)
	}
	for i, f := range bad {
		if f.Field != FirstName+Field(i) || len(f.Error()) > 100 {
			t.Errorf("error %d is of %v: %v", i, f.Field, f)
		}
	}
}

// plain is what scan and plainTexts call so, the slow way.
func plain(s string) bool {
	for _, r := range s {
		if (r < ' ' || r > '~') && (r < 0xc0 || r > 0xff) || r == '"' {
			return false
		}
	}
	return utf8.ValidString(s)
}

// Any byte, and any two of which the first is not ASCII, anywhere.
func TestScanIsWhatItSays(t *testing.T) {
	check := func(s []byte) {
		commas, got := scan(string(s))
		var want uint64
		for i, c := range s {
			if c == ',' {
				want |= 1 << i
			}
		}
		if got != plain(string(s)) || commas != want {
			t.Fatalf("%q: %v with commas %b, want %v with %b", s, got, commas, plain(string(s)), want)
		}
		record := []byte("a,b," + string(s) + ",1980-01-01,1")
		size := len("a,b,") + len(s)
		if got, want := plainTexts(record, size), plain(string(s)) && want == 0; got != want {
			t.Fatalf("%q: plain texts %v, want %v", record, got, want)
		}
	}
	for _, n := range []int{8, 9, 12, 15, 16, 17, 31, 63, 64} {
		for at := range n {
			for first := range 256 {
				s := []byte(strings.Repeat("a", n))
				s[at] = byte(first)
				check(s)
				if first < 0x80 || at == n-1 {
					continue
				}
				if at >= 2 {
					copy(s[at-2:], "ñ")
				}
				for _, second := range []byte{'a', ',', 0x7f, 0x80, 0x85, 0x9f, 0xa0, 0xbf, 0xc0, 0xc3, 0xff} {
					s[at+1] = second
					check(s)
				}
			}
		}
	}
}

func TestAppendRecordIsWhatAppendUnusualIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := drawBet().Draw(t, "bet")
		got, err := AppendRecord(nil, &b)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := appendUnusual(nil, &b); err != nil || string(got) != string(want) {
			t.Errorf("%q, want %q, %v", got, want, err)
		}
	})
}

// What parsePlain takes is what parseAny makes of it; that it takes the course's lines
// is what the benchmarks are for.
func TestParsePlainIsParseAny(t *testing.T) {
	character := rapid.SampledFrom([]string{"a", "7", "é", ",", ",", "\"", " ", "-", "\xc3", "\u0085", "\u2028", "1980-02-29", "7574"})
	rapid.Check(t, func(t *rapid.T) {
		line := strings.Join(rapid.SliceOfN(character, 1, 40).Draw(t, "line"), "")
		if rapid.Bool().Draw(t, "almost") {
			line += ",Paz,1,1980-02-29,7574"
		}
		for agency := range uint32(2) {
			var got, want Bet
			if !parsePlain(line, agency, &got) {
				continue
			}
			if err := parseAny(line, agency, &want); err != nil || got != want {
				t.Fatalf("%q: %+v, want %+v, %v", line, got, want, err)
			}
		}
	})
	for _, line := range []string{"Santiago Lionel,Lorca,30904465,1999-03-17,7574", "José,Núñez,00123456,2000-02-29,1"} {
		var b Bet
		if !parsePlain(line, 1, &b) || !parsePlain("12,"+line, 0, &b) {
			t.Errorf("%q is not plain", line)
		}
	}
}

func TestAppendRecordRefuses(t *testing.T) {
	good := goldenBets[2]
	for _, bad := range []string{"", "\r", "a\nb", `,"` + "\x00", "\xc3", "ñ\xf1", "\u0085", "a,\u2028", strings.Repeat("x", MaxText+1)} {
		for i := range 3 {
			b := good
			*[]*string{&b.FirstName, &b.LastName, &b.Document}[i] = bad
			got, err := AppendRecord([]byte("x"), &b)
			if want := b.Check(); err == nil || !reflect.DeepEqual(err, want) || string(got) != "x" {
				t.Errorf("%+v: %q, %v, want %v", b, got, err, want)
			}
		}
	}
	good.Birthdate.Day = 32
	if got, err := AppendRecord(nil, &good); len(got) > 0 || !reflect.DeepEqual(err, good.Check()) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestGoodTextOfEveryRune(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		want := !unicode.IsControl(r) && r != 0x2028 && r != 0x2029
		for _, s := range []string{string(r), "José Núñez" + string(r)} {
			if (textReason(s) == "") != want {
				t.Fatalf("%q: %s", s, textReason(s))
			}
		}
	}
}

func TestMonthDays(t *testing.T) {
	for date, want := range map[Date]uint8{
		{Year: 1999, Month: 2}: 28, {Year: 2000, Month: 2}: 29, {Year: 2004, Month: 2}: 29, {Year: 1900, Month: 2}: 28,
		{Year: 1999, Month: 1}: 31, {Year: 1999, Month: 4}: 30, {Year: 1999, Month: 12}: 31,
	} {
		if got := date.MonthDays(); got != want {
			t.Errorf("%d-%d has %d days, want %d", date.Year, date.Month, got, want)
		}
	}
}
