package wire_test

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// singleBet and batchOf are what is compared of a Single and a Batch: no
// aliases of the body.
type singleBet struct {
	Position uint64
	Bet      wire.Bet
}

type batchOf struct {
	Position uint64
	Bets     []wire.Bet
}

type empty struct{}

// decode parses a body by its type, as either side does.
func decode(t wire.Type, body []byte) (any, error) {
	switch t {
	case wire.TypeHello:
		return wire.ParseHello(body)
	case wire.TypeBet:
		s, err := wire.ParseSingle(body)
		return singleBet{s.Position, s.Bet}, err
	case wire.TypeBatch:
		b, err := wire.ParseBatch(body)
		of := batchOf{Position: b.Position}
		for _, bet := range b.All() {
			of.Bets = append(of.Bets, *bet)
		}
		return of, err
	case wire.TypeFinish:
		return wire.ParseFinish(body)
	case wire.TypeWelcome:
		return wire.ParseWelcome(body)
	case wire.TypeResult:
		return wire.ParseResult(body)
	case wire.TypeWinners:
		return wire.ParseWinners(body)
	case wire.TypeError:
		return wire.ParseError(body)
	case wire.TypeAsk, wire.TypeFinished, wire.TypeKeepAlive:
		return empty{}, wire.ParseEmpty(t, body)
	default:
		return nil, wire.ErrMalformed
	}
}

// encode is decode's inverse.
func encode(dst []byte, t wire.Type, v any) ([]byte, error) {
	switch v := v.(type) {
	case wire.Hello:
		return wire.AppendHello(dst, v), nil
	case singleBet:
		bet, err := wire.AppendBet(nil, &v.Bet)
		return wire.AppendSingle(dst, v.Position, bet), err
	case batchOf:
		var w wire.BatchWriter
		w.Reset(v.Position)
		for _, bet := range v.Bets {
			encoded, err := wire.AppendBet(nil, &bet)
			if err != nil {
				return nil, err
			}
			if !w.Add(encoded) {
				return nil, errors.New("batch is full")
			}
		}
		return append(dst, w.Frame()...), nil
	case wire.Finish:
		return wire.AppendFinish(dst, v), nil
	case wire.Welcome:
		return wire.AppendWelcome(dst, v), nil
	case wire.Result:
		return wire.AppendResult(dst, v), nil
	case wire.Winners:
		dst, rest, err := wire.AppendWinners(dst, v.Documents)
		if len(rest) > 0 {
			return nil, errors.New("more than a frame of winners")
		}
		return dst, err
	case wire.Code:
		return wire.AppendError(dst, v), nil
	}
	switch t {
	case wire.TypeAsk:
		return wire.AppendAsk(dst), nil
	case wire.TypeFinished:
		return wire.AppendFinished(dst), nil
	case wire.TypeKeepAlive:
		return wire.AppendKeepAlive(dst), nil
	}
	return nil, errors.New("no such frame")
}

var (
	santiago = wire.Bet{FirstName: "Santiago", LastName: "Lorca", Document: "30904465", Year: 1999, Month: 3, Day: 17, Number: 7574}
	odd      = wire.Bet{FirstName: "ñ", LastName: `,"=|`, Document: "007", Year: 65535, Month: 255, Day: 255, Number: 1<<32 - 1}
)

// The frames of docs/protocol.md, written out.
var frames = []struct {
	name  string
	bytes string
	t     wire.Type
	value any
}{
	{
		"HELLO", "\x00\x0c\x01" + "TP0L" + "\x01" + "\x00\x00\x01\x02",
		wire.TypeHello,
		wire.Hello{Agency: 258},
	},
	{
		"BET", "\x00\x2b\x02" + "\x00\x00\x00\x00\x00\x00\x00\x07" +
			"\x08Santiago" + "\x05Lorca" + "\x0830904465" + "\x07\xcf\x03\x11" + "\x00\x00\x1d\x96",
		wire.TypeBet,
		singleBet{7, santiago},
	},
	{
		"BATCH", "\x00\x41\x03" + "\x01\x02\x03\x04\x05\x06\x07\x08" + "\x00\x02" +
			"\x08Santiago" + "\x05Lorca" + "\x0830904465" + "\x07\xcf\x03\x11" + "\x00\x00\x1d\x96" +
			"\x02ñ" + "\x04,\"=|" + "\x03007" + "\xff\xff\xff\xff" + "\xff\xff\xff\xff",
		wire.TypeBatch,
		batchOf{0x0102030405060708, []wire.Bet{santiago, odd}},
	},
	{
		"BATCH of an empty bet", "\x00\x18\x03" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x01" +
			"\x00\x00\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00",
		wire.TypeBatch,
		batchOf{0, []wire.Bet{{}}},
	},
	{
		"FINISH", "\x00\x0f\x04" + "\x00\x00\x00\x00\x00\x00\x00\xe6" + "\xde\xad\xbe\xef",
		wire.TypeFinish,
		wire.Finish{Total: 230, Checksum: 0xdeadbeef},
	},
	{"ASK", "\x00\x03\x05", wire.TypeAsk, empty{}},
	{"KEEPALIVE", "\x00\x03\x7f", wire.TypeKeepAlive, empty{}},
	{
		"WELCOME", "\x00\x14\x81" + "\x00\x00\x00\x01\x00\x00\x00\x02" + "\x01\x02\x03\x04" + "\x05\x06\x07\x08" + "\x03",
		wire.TypeWelcome,
		wire.Welcome{Stored: 1<<32 + 2, Checksum: 0x01020304, Last: 0x05060708, State: wire.StateFinished | wire.StateDrawn},
	},
	{
		"RESULT", "\x00\x10\x82" + "\x00\x00\x00\x00\x00\x00\x00\x64" + "\x00\x64" + "\x0c" + "\x00\x05",
		wire.TypeResult,
		wire.Result{Position: 100, Count: 100, Code: wire.CodeDocument, Index: 5},
	},
	{
		"RESULT ok", "\x00\x10\x82" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x01" + "\x00" + "\xff\xff",
		wire.TypeResult,
		wire.Result{Count: 1, Index: wire.NoIndex},
	},
	{"FINISHED", "\x00\x03\x83", wire.TypeFinished, empty{}},
	{
		"WINNERS", "\x00\x13\x84" + "\x00" + "\x00\x02" + "\x0830904465" + "\x03007",
		wire.TypeWinners,
		wire.Winners{Documents: []string{"30904465", "007"}},
	},
	{"WINNERS none", "\x00\x06\x84" + "\x00" + "\x00\x00", wire.TypeWinners, wire.Winners{Documents: []string{}}},
	{"ERROR", "\x00\x04\x85" + "\x19", wire.TypeError, wire.CodeMismatch},
}

func TestFrameBytes(t *testing.T) {
	for _, f := range frames {
		t.Run(f.name, func(t *testing.T) {
			got, err := encode([]byte("before"), f.t, f.value)
			if err != nil || string(got) != "before"+f.bytes {
				t.Errorf("encoded % x, %v\n   want % x", got, err, "before"+f.bytes)
			}
			kind, body, err := wire.NewReader(strings.NewReader(f.bytes)).Next()
			if err != nil || kind != f.t {
				t.Fatalf("read %v, %v", kind, err)
			}
			value, err := decode(kind, body)
			if err != nil || !reflect.DeepEqual(value, f.value) {
				t.Errorf("decoded %+v, %v\n   want %+v", value, err, f.value)
			}
		})
	}
}

// A body that is a byte shorter or longer, or shorter still, is malformed.
func TestFrameLength(t *testing.T) {
	for _, f := range frames {
		t.Run(f.name, func(t *testing.T) {
			body := []byte(f.bytes[wire.HeaderSize:])
			for n := range len(body) {
				if v, err := decode(f.t, body[:n]); !errors.Is(err, wire.ErrMalformed) {
					t.Errorf("%d of %d bytes: %+v, %v", n, len(body), v, err)
				}
			}
			for _, more := range []string{"\x00", "\x01", "\xff", strings.Repeat("\x00", 300)} {
				if v, err := decode(f.t, append(slices.Clip(body), more...)); !errors.Is(err, wire.ErrMalformed) {
					t.Errorf("%d trailing bytes: %+v, %v", len(more), v, err)
				}
			}
		})
	}
}

func TestMalformedBodies(t *testing.T) {
	position := strings.Repeat("\x00", 8)
	bet := strings.Repeat("\x00", 11)
	tests := []struct {
		name string
		t    wire.Type
		body string
		want error
	}{
		{"a batch of no bets", wire.TypeBatch, position + "\x00\x00" + bet, wire.ErrMalformed},
		{"a batch of fewer bets than it holds", wire.TypeBatch, position + "\x00\x01" + bet + bet, wire.ErrMalformed},
		{"a batch of more bets than it holds", wire.TypeBatch, position + "\x00\x03" + bet + bet, wire.ErrMalformed},
		{"a batch of 65535 bets", wire.TypeBatch, position + "\xff\xff" + bet + bet, wire.ErrMalformed},
		{"a first name beyond the end", wire.TypeBatch, position + "\x00\x01\xff" + bet[1:], wire.ErrMalformed},
		{"a last name beyond the end", wire.TypeBatch, position + "\x00\x01\x00\xff" + bet[2:], wire.ErrMalformed},
		{"a document beyond the end", wire.TypeBatch, position + "\x00\x01\x00\x00\xff" + bet[3:], wire.ErrMalformed},
		{"a document that takes the number", wire.TypeBet, position + "\x00\x00\x01" + bet[3:], wire.ErrMalformed},
		{"an unknown state", wire.TypeWelcome, strings.Repeat("\x00", 16) + "\x04", wire.ErrMalformed},
		{"more winners than can be", wire.TypeWinners, "\x00\xff\xff\x00", wire.ErrMalformed},
		{"more than true", wire.TypeWinners, "\x02\x00\x00", wire.ErrMalformed},
		{"a document that is cut off", wire.TypeWinners, "\x00\x00\x01\x02a", wire.ErrMalformed},
		{"another magic", wire.TypeHello, "HTTP\x01\x00\x00\x00\x01", wire.ErrVersion},
		{"another version", wire.TypeHello, "TP0L\x02\x00\x00\x00\x01", wire.ErrVersion},
		{"another version, longer", wire.TypeHello, "TP0L\x02\x00\x00\x00\x01\x00", wire.ErrVersion},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if v, err := decode(tt.t, []byte(tt.body)); !errors.Is(err, tt.want) {
				t.Errorf("%+v, %v, want %v", v, err, tt.want)
			}
		})
	}
}

func TestWinnersInSeveralFrames(t *testing.T) {
	var documents []string
	for i := range 2000 {
		documents = append(documents, strings.Repeat("9", i%(wire.MaxText+1)))
	}
	var stream, frame []byte
	frames := 0
	for rest := documents; ; {
		var err error
		if frame, rest, err = wire.AppendWinners(frame[:0], rest); err != nil {
			t.Fatal(err)
		}
		if len(frame) > wire.MaxFrame {
			t.Fatalf("a frame of %d bytes", len(frame))
		}
		stream = append(stream, frame...)
		frames++
		if len(rest) == 0 {
			break
		}
	}
	var got []string
	r := wire.NewReader(bytes.NewReader(stream))
	for i := range frames {
		_, body, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		w, err := wire.ParseWinners(body)
		if err != nil || w.More != (i < frames-1) {
			t.Fatalf("frame %d of %d: more %v, %v", i, frames, w.More, err)
		}
		got = append(got, w.Documents...)
	}
	if !slices.Equal(got, documents) {
		t.Errorf("%d documents came back, want the same %d", len(got), len(documents))
	}
}

func TestTooLong(t *testing.T) {
	long := strings.Repeat("x", wire.MaxText+1)
	fits := long[1:]
	dst := []byte("kept")
	for _, b := range []wire.Bet{{FirstName: long}, {LastName: long}, {Document: long}} {
		if got, err := wire.AppendBet(dst, &b); !errors.Is(err, wire.ErrTooLong) || string(got) != "kept" {
			t.Errorf("AppendBet: %q, %v", got, err)
		}
	}
	if got, _, err := wire.AppendWinners(dst, []string{"1", long}); !errors.Is(err, wire.ErrTooLong) || string(got) != "kept" {
		t.Errorf("AppendWinners: %q, %v", got, err)
	}
	if got, err := wire.AppendBet(nil, &wire.Bet{FirstName: fits, LastName: fits, Document: fits}); err != nil || len(got) != 3*256+8 {
		t.Errorf("the longest bet: %d bytes, %v", len(got), err)
	}
}

// The check values of RFC 3720, appendix B.4.
func TestChecksum(t *testing.T) {
	zeroes := make([]byte, 32)
	if got := wire.Checksum(0, zeroes); got != 0x8a9136aa {
		t.Errorf("of 32 zeroes: %08x", got)
	}
	if got := wire.Checksum(wire.Checksum(0, zeroes[:5]), zeroes[5:]); got != 0x8a9136aa {
		t.Errorf("of 5 and 27 zeroes: %08x", got)
	}
	if got := wire.Checksum(0, nil); got != 0 {
		t.Errorf("of nothing: %08x", got)
	}
}

func TestNames(t *testing.T) {
	for _, f := range frames {
		if name, _, _ := strings.Cut(f.name, " "); f.t.String() != name {
			t.Errorf("type 0x%02x is %q, want %q", byte(f.t), f.t, name)
		}
	}
	if got := wire.Type(0x42).String(); got != "type 0x42" {
		t.Errorf("an unknown type is %q", got)
	}
	names := map[wire.Code]string{
		0: "ok", 1: "malformed", 2: "version", 3: "agency", 4: "unexpected", 5: "timeout", 6: "replaced", 7: "shutdown",
		10: "first_name", 11: "last_name", 12: "document", 13: "birthdate", 14: "number",
		20: "position", 21: "storage", 22: "finished", 23: "drawn", 24: "not_finished", 25: "mismatch", 26: "no_draw",
		99: "code 99",
	}
	for code, name := range names {
		if code.String() != name {
			t.Errorf("code %d is %q, want %q", byte(code), code, name)
		}
	}
}
