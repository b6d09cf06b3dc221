package wire_test

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

func text() *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, wire.MaxText), func(b []byte) string { return string(b) })
}

func bet() *rapid.Generator[wire.Bet] {
	return rapid.Custom(func(t *rapid.T) wire.Bet {
		return wire.Bet{
			FirstName: text().Draw(t, "first"),
			LastName:  text().Draw(t, "last"),
			Document:  text().Draw(t, "document"),
			Year:      rapid.Uint16().Draw(t, "year"),
			Month:     rapid.Uint8().Draw(t, "month"),
			Day:       rapid.Uint8().Draw(t, "day"),
			Number:    rapid.Uint32().Draw(t, "number"),
		}
	})
}

// Bets come out of the frames of a BatchWriter as they went in, whatever they
// hold and however many fit into one.
func TestBatchRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bets := rapid.SliceOfN(bet(), 1, 60).Draw(t, "bets")
		first := rapid.Uint64Max(1<<63).Draw(t, "position")
		var (
			w        wire.BatchWriter
			stream   []byte
			position = first
			sum      uint32
		)
		w.Reset(position)
		for _, b := range bets {
			encoded, err := wire.AppendBet(nil, &b)
			if err != nil {
				t.Fatal(err)
			}
			sum = wire.Checksum(sum, encoded)
			if w.Add(encoded) {
				continue
			}
			if len(w.Frame())+len(encoded) <= wire.MaxFrame {
				t.Fatalf("%d bytes do not fit behind %d", len(encoded), len(w.Frame()))
			}
			stream = append(stream, w.Frame()...)
			position += uint64(w.Len())
			w.Reset(position)
			if !w.Add(encoded) {
				t.Fatalf("%d bytes do not fit into an empty batch", len(encoded))
			}
		}
		stream = append(stream, w.Frame()...)

		var (
			got    []wire.Bet
			gotSum uint32
			r      = wire.NewReader(bytes.NewReader(stream))
		)
		for len(got) < len(bets) {
			kind, body, err := r.Next()
			if err != nil || kind != wire.TypeBatch || len(body)+wire.MinFrame > wire.MaxFrame {
				t.Fatalf("%v of %d bytes, %v", kind, len(body), err)
			}
			b, err := wire.ParseBatch(body)
			if err != nil || b.Position != first+uint64(len(got)) {
				t.Fatalf("position %d, %v", b.Position, err)
			}
			gotSum = wire.Checksum(gotSum, b.Encoded)
			var pieces []byte
			for encoded, bet := range b.All() {
				again, err := wire.AppendBet(nil, bet)
				if err != nil || !bytes.Equal(encoded, again) {
					t.Fatalf("% x is encoded again as % x, %v", encoded, again, err)
				}
				pieces = append(pieces, encoded...)
				got = append(got, *bet)
			}
			if !bytes.Equal(pieces, b.Encoded) {
				t.Fatal("the encoded bets are not those of the batch")
			}
		}
		if !slices.Equal(got, bets) || gotSum != sum {
			t.Fatalf("%d bets with checksum %08x, want %d with %08x", len(got), gotSum, len(bets), sum)
		}
	})
}

// fullFrame returns a frame of as many bets as fit.
func fullFrame(w *wire.BatchWriter, buf []byte) []byte {
	w.Reset(0)
	for {
		buf, _ = wire.AppendBet(buf[:0], &santiago)
		if !w.Add(buf) {
			return w.Frame()
		}
	}
}

func TestBatchAllocations(t *testing.T) {
	var w wire.BatchWriter
	buf := make([]byte, 0, 1024)
	frame := fullFrame(&w, buf)
	if n := testing.AllocsPerRun(100, func() { fullFrame(&w, buf) }); n != 0 {
		t.Errorf("encoding a batch of %d bets: %v allocations, want 0", w.Len(), n)
	}
	body := slices.Clone(frame[wire.HeaderSize : len(frame)-4])
	bets := 0
	decodeAll := func() {
		b, err := wire.ParseBatch(body)
		if err != nil {
			t.Fatal(err)
		}
		bets = 0
		for _, bet := range b.All() {
			bets += len(bet.Document) / 8
		}
	}
	if n := testing.AllocsPerRun(100, decodeAll); n > 1 {
		t.Errorf("decoding a batch of %d bets: %v allocations, want 1", bets, n)
	}
	stream := bytes.NewReader(nil)
	r := wire.NewReader(stream)
	readAll := func() {
		stream.Reset(frame)
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, readAll); n != 0 && !raceEnabled {
		t.Errorf("reading a frame: %v allocations, want 0", n)
	}
}

func BenchmarkEncode(b *testing.B) {
	var w wire.BatchWriter
	buf := make([]byte, 0, 1024)
	b.ReportAllocs()
	bets := 0
	for b.Loop() {
		fullFrame(&w, buf)
		bets += w.Len()
	}
	b.ReportMetric(float64(bets)/b.Elapsed().Seconds(), "bets/s")
}

func BenchmarkDecode(b *testing.B) {
	var w wire.BatchWriter
	frame := fullFrame(&w, nil)
	body := slices.Clone(frame[wire.HeaderSize : len(frame)-4])
	b.ReportAllocs()
	bets := 0
	for b.Loop() {
		batch, err := wire.ParseBatch(body)
		if err != nil {
			b.Fatal(err)
		}
		for _, bet := range batch.All() {
			bets += len(bet.Document) / 8
		}
	}
	b.ReportMetric(float64(bets)/b.Elapsed().Seconds(), "bets/s")
}
