package lottery

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// appendGood appends the record of a good bet.
func appendGood(dst []byte, b *Bet) []byte {
	record, err := AppendRecord(dst, b)
	if err != nil {
		panic(err)
	}
	return record
}

func readAll(r *FileReader) (bets []Bet, bad []error, err error) {
	for {
		var b Bet
		var line *LineError
		switch err := r.Read(&b); {
		case errors.Is(err, io.EOF):
			return bets, bad, nil
		case errors.As(err, &line) && r.err == nil || errors.As(err, &line) && r.block != "":
			bad = append(bad, err)
		case err != nil:
			return bets, bad, err
		default:
			bets = append(bets, b)
		}
	}
}

func TestFileReader(t *testing.T) {
	a := Bet{7, "Ana", "Paz", "1", Date{2000, 1, 1}, 2}
	b := Bet{7, "José", "Paz, h.", "02", Date{2000, 1, 2}, 3}
	for name, text := range map[string]string{
		"LF":               "Ana,Paz,1,2000-01-01,2\nJosé,\"Paz, h.\",02,2000-01-02,3\n",
		"CRLF":             "Ana,Paz,1,2000-01-01,2\r\nJosé,\"Paz, h.\",02,2000-01-02,3\r\n",
		"no last line end": "Ana,Paz,1,2000-01-01,2\r\nJosé,\"Paz, h.\",02,2000-01-02,3",
		"empty lines":      "\n\r\nAna,Paz,1,2000-01-01,2\n\n\nJosé,\"Paz, h.\",02,2000-01-02,0003\n\n",
		"BOM":              "\ufeffAna,Paz,1,2000-01-01,2\nJosé,\"Paz, h.\",02,2000-01-02,3\n",
	} {
		for way, r := range map[string]io.Reader{
			"whole":     strings.NewReader(text),
			"one byte":  iotest.OneByteReader(strings.NewReader(text)),
			"data+EOF":  iotest.DataErrReader(strings.NewReader(text)),
			"half read": iotest.HalfReader(strings.NewReader(text)),
		} {
			bets, bad, err := readAll(NewFileReader(r, "f", 7))
			if err != nil || bad != nil || len(bets) != 2 || bets[0] != a || bets[1] != b {
				t.Errorf("%s, %s: got %+v, %v, %v", name, way, bets, bad, err)
			}
		}
	}
}

// Offset is the place behind the line end, or the end of the file where the last line has none.
func TestOffset(t *testing.T) {
	for _, text := range []string{"a,b,1,2000-01-01,2\r\na,b,1,2000-01-01,3\n", "a,b,1,2000-01-01,2\r\na,b,1,2000-01-01,3"} {
		r := NewFileReader(strings.NewReader(text), "f", 1)
		var b Bet
		for _, want := range []int64{20, int64(len(text))} {
			if err := r.Read(&b); err != nil || r.Offset() != want {
				t.Errorf("%q: offset %d, error %v, want %d", text, r.Offset(), err, want)
			}
		}
	}
}

func TestFileReaderEmpty(t *testing.T) {
	for _, text := range []string{"", "\n", "\r\n\n", "\ufeff"} {
		if bets, bad, err := readAll(NewFileReader(strings.NewReader(text), "f", 1)); bets != nil || bad != nil || err != nil {
			t.Errorf("%q: %v, %v, %v", text, bets, bad, err)
		}
	}
}

func TestFileReaderSaysWhere(t *testing.T) {
	r := NewFileReader(strings.NewReader("Ana,Paz,1,2000-01-01,2\n\nAna,Paz,1,2000-02-30,2\nAna,Paz,1,2000-01-01,4\n"), "agency.csv", 1)
	var b Bet
	if err := r.Read(&b); err != nil {
		t.Fatal(err)
	}
	err := r.Read(&b)
	const want = `agency.csv:3: birthdate "2000-02-30" is no date of the form YYYY-MM-DD`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := r.Read(&b); err != nil || b.Number != 4 || r.Line() != 4 {
		t.Errorf("line %d: got %+v, %v", r.Line(), b, err)
	}
}

func TestFileReaderLineTooLong(t *testing.T) {
	for _, n := range []int{maxLine + 1, blockSize - 1, blockSize, blockSize + 1, 3 * blockSize} {
		text := "Ana,Paz,1,2000-01-01,2\n" + strings.Repeat("x", n) + "\nAna,Paz,1,2000-01-01,2\n"
		r := NewFileReader(strings.NewReader(text), "f", 1)
		var b Bet
		if err := r.Read(&b); err != nil {
			t.Fatal(err)
		}
		var line *LineError
		if err := r.Read(&b); !errors.Is(err, errLine) || !errors.As(err, &line) || line.Line != 2 {
			t.Errorf("%d: got %v", n, err)
		}
	}
	// The longest one that is not: bad for another reason.
	r := NewFileReader(strings.NewReader(strings.Repeat("x", maxLine)+"\r\n"), "f", 1)
	var b Bet
	if err := r.Read(&b); !errors.Is(err, errColumns) {
		t.Errorf("got %v", err)
	}
}

func TestFileReaderUnderlyingError(t *testing.T) {
	text := "Ana,Paz,1,2000-01-01,2\nAna,Pa"
	r := NewFileReader(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(text))), "f", 1)
	var b Bet
	err := r.Read(&b)
	for range 2 {
		if !errors.Is(err, iotest.ErrTimeout) {
			t.Fatalf("got %v", err)
		}
		err = r.Read(&b)
	}
}

// sample returns n lines of an agency's file, of about 60 bytes, as the
// course's are.
func sample(n int) string {
	var s strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	first := []string{"Santiago Lionel", "María José", "Ana", "Juan Ignacio", "Valentina", "Agustín"}
	last := []string{"Lorca", "Fernández", "de la Fuente", "García Márquez", "Paz"}
	for range n {
		fmt.Fprintf(&s, "%s,%s,%d,%d-%02d-%02d,%d\r\n", first[random.IntN(len(first))], last[random.IntN(len(last))],
			20e6+random.IntN(20e6), 1950+random.IntN(55), 1+random.IntN(12), 1+random.IntN(28), random.IntN(10000))
	}
	return s.String()
}

func TestFileReaderAcrossBlocks(t *testing.T) {
	text := sample(10000)
	bets, bad, err := readAll(NewFileReader(strings.NewReader(text), "f", 3))
	if err != nil || bad != nil || len(bets) != 10000 {
		t.Fatalf("%d bets, %v, %v", len(bets), bad, err)
	}
	var back []byte
	for i := range bets {
		record := appendGood(nil, &bets[i])
		back = append(back, record[len("3,"):]...)
	}
	if string(back) != text {
		t.Error("what was read is not what was written")
	}
}

func TestReadDoesNotAllocateForABet(t *testing.T) {
	r := NewFileReader(strings.NewReader(sample(1000)), "f", 3)
	var b Bet
	_ = r.Read(&b) // makes the block
	var record []byte
	record = appendGood(record, &b)
	if n := testing.AllocsPerRun(900, func() {
		if err := r.Read(&b); err != nil {
			t.Fatal(err)
		}
		record = appendGood(record[:0], &b)
		if err := b.Check(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a bet", n)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("Ana,Paz,1,2000-01-01,2\nJosé,\"Paz, h.\",02,2000-01-02,3"), uint32(1))
	f.Add([]byte("1,\"a\"\"b\",c,3,2000-01-01,5\r\n"), uint32(0))
	f.Add([]byte("\ufeff\r\n\"a\r\n"), uint32(9))
	f.Fuzz(func(t *testing.T, data []byte, agency uint32) {
		r := &FileReader{r: strings.NewReader(string(data)), name: "f", agency: agency}
		bets, _, err := readAll(r)
		var line *LineError
		if err != nil && !errors.As(err, &line) {
			t.Fatal(err)
		}
		// Whatever is taken is a bet, and comes back from its record.
		for i := range bets {
			b := &bets[i]
			if err := b.Check(); err != nil {
				t.Fatalf("%+v: %v", b, err)
			}
			var back Bet
			record := string(appendGood(nil, b))
			if err := parseRecord(strings.TrimSuffix(record, "\r\n"), 0, &back); err != nil || back != *b {
				t.Fatalf("%+v comes back as %+v, %v", b, back, err)
			}
		}
		slow := &FileReader{r: iotest.OneByteReader(strings.NewReader(string(data))), name: "f", agency: agency}
		again, _, _ := readAll(slow)
		if len(again) != len(bets) {
			t.Fatalf("byte by byte %d bets, whole %d", len(again), len(bets))
		}
	})
}

func BenchmarkFileReader(b *testing.B) {
	text := sample(100000)
	b.ReportAllocs()
	b.SetBytes(int64(len(text) / 100000))
	r := NewFileReader(strings.NewReader(text), "f", 3)
	var bet Bet
	for b.Loop() {
		if err := r.Read(&bet); err != nil {
			r = NewFileReader(strings.NewReader(text), "f", 3)
		}
	}
}

func BenchmarkAppendRecord(b *testing.B) {
	bets, _, _ := readAll(NewFileReader(strings.NewReader(sample(1000)), "f", 3))
	b.ReportAllocs()
	var buf []byte
	for i := 0; b.Loop(); i++ {
		buf = appendGood(buf[:0], &bets[i%1000])
	}
}

func BenchmarkCheck(b *testing.B) {
	bets, _, _ := readAll(NewFileReader(strings.NewReader(sample(1000)), "f", 3))
	for i := 0; b.Loop(); i++ {
		if err := bets[i%1000].Check(); err != nil {
			b.Fatal(err)
		}
	}
}
