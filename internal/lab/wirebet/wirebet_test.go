package wirebet

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// filled returns a bet of which no field is zero, whatever fields there are.
func filled(t *testing.T) lottery.Bet {
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

func TestThereAndBack(t *testing.T) {
	want := filled(t)
	w := Of(&want)
	if v := reflect.ValueOf(w); v.NumField() != 7 {
		t.Fatalf("%d fields", v.NumField())
	}
	got := lottery.Bet{Agency: 1, FirstName: "x", LastName: "x", Document: "x", Number: 1}
	Put(&got, want.Agency, &w)
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestEncode(t *testing.T) {
	b := filled(t)
	want := "x\x05José\x07Paz, h.\x0500123\x07\xcf\x03\x11\x00\x00\x1d\x96"
	if got := Encode([]byte("x"), &b); string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
	b.LastName = strings.Repeat("x", 256)
	if got, err := Append([]byte("x"), &b); !errors.Is(err, wire.ErrTooLong) || !bytes.Equal(got, []byte("x")) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestNoAllocation(t *testing.T) {
	b := filled(t)
	buf := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() {
		buf = Encode(buf[:0], &b)
		w := Of(&b)
		Put(&b, 1, &w)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
