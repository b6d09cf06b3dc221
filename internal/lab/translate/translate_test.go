package translate

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// filledBet returns a bet in which no field is zero, whatever fields a bet has.
func filledBet(t *testing.T) lottery.Bet {
	t.Helper()
	b := lottery.Bet{
		Agency: 7, FirstName: "José", LastName: "Paz, h.", Document: "00123",
		Birthdate: lottery.Date{Year: 1999, Month: 3, Day: 17}, Number: 7574,
	}
	v := reflect.ValueOf(b)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Fatalf("%s is not filled", v.Type().Field(i).Name)
		}
	}
	return b
}

func TestBetRoundTrip(t *testing.T) {
	want := filledBet(t)
	encoded := Append([]byte("x"), &want)
	if string(encoded) != "x\x05José\x07Paz, h.\x0500123\x07\xcf\x03\x11\x00\x00\x1d\x96" {
		t.Errorf("encoded %q", encoded)
	}
	var w wire.BatchWriter
	w.Reset(0)
	w.Add(encoded[1:])
	_, body, err := wire.NewReader(bytes.NewReader(w.Frame())).Next()
	if err != nil {
		t.Fatal(err)
	}
	batch, err := wire.ParseBatch(body)
	if err != nil {
		t.Fatal(err)
	}
	got := lottery.Bet{Agency: 1, FirstName: "x", LastName: "x", Document: "x", Number: 1}
	for _, b := range batch.All() {
		Set(&got, want.Agency, b)
	}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestBetAllocations(t *testing.T) {
	b, w := filledBet(t), wire.Bet{FirstName: "x"}
	buf := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() {
		buf = Append(buf[:0], &b)
		Set(&b, 1, &w)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
