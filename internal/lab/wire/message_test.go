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

// batchOf is what is compared of a Batch: no aliases of the body.
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
	case wire.TypeChallenge:
		return wire.ParseChallenge(body)
	case wire.TypeProof:
		return wire.ParseProof(body)
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
	case wire.Challenge:
		return wire.AppendChallenge(dst, v), nil
	case wire.Proof:
		return wire.AppendProof(dst, v), nil
	}
	switch t {
	case wire.TypeAsk:
		return wire.AppendEmpty(dst, wire.TypeAsk), nil
	case wire.TypeFinished:
		return wire.AppendEmpty(dst, wire.TypeFinished), nil
	case wire.TypeKeepAlive:
		return wire.AppendEmpty(dst, wire.TypeKeepAlive), nil
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
		"HELLO", "\x00\x11\x01" + "TP0L" + "\x02" + "\x00\x00\x01\x02" + "\x00" + "\x75\xe8\xb3\xdb",
		wire.TypeHello,
		wire.Hello{Agency: 258},
	},
	{
		"HELLO that waits", "\x00\x11\x01" + "TP0L" + "\x02" + "\x00\x00\x01\x02" + "\x01" + "\x87\x83\x30\xd8",
		wire.TypeHello,
		wire.Hello{Agency: 258, Waits: true},
	},
	{
		"HELLO with a secret", "\x00\x21\x01" + "TP0L" + "\x02" + "\x00\x00\x01\x02" + "\x00" + "0123456789abcdef" + "\x24\xe2\xa7\xda",
		wire.TypeHello,
		wire.Hello{Agency: 258, Secret: true, Nonce: wire.Nonce([]byte("0123456789abcdef"))},
	},
	{
		"BATCH", "\x00\x45\x03" + "\x01\x02\x03\x04\x05\x06\x07\x08" + "\x00\x02" + "\x08Santiago" + "\x05Lorca" + "\x0830904465" + "\x07\xcf\x03\x11" + "\x00\x00\x1d\x96" + "\x02ñ" + "\x04,\"=|" + "\x03007" + "\xff\xff\xff\xff" + "\xff\xff\xff\xff" + "\x45\xeb\x1b\x62",
		wire.TypeBatch,
		batchOf{0x0102030405060708, []wire.Bet{santiago, odd}},
	},
	{
		"BATCH of one", "\x00\x31\x03" + "\x00\x00\x00\x00\x00\x00\x00\x07" + "\x00\x01" + "\x08Santiago" + "\x05Lorca" + "\x0830904465" + "\x07\xcf\x03\x11" + "\x00\x00\x1d\x96" + "\x02\x4e\xc9\xb5",
		wire.TypeBatch,
		batchOf{7, []wire.Bet{santiago}},
	},
	{
		"BATCH of an empty bet", "\x00\x1c\x03" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x01" + "\x00\x00\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" + "\x67\x06\xe4\x97",
		wire.TypeBatch,
		batchOf{0, []wire.Bet{{}}},
	},
	{
		"FINISH", "\x00\x13\x04" + "\x00\x00\x00\x00\x00\x00\x00\xe6" + "\xde\xad\xbe\xef" + "\x55\xe0\x64\x1f",
		wire.TypeFinish,
		wire.Finish{Total: 230, Checksum: 0xdeadbeef},
	},
	{
		"ASK", "\x00\x07\x05" + "\x2f\xf8\x7e\x23",
		wire.TypeAsk,
		empty{},
	},
	{
		"KEEPALIVE", "\x00\x07\x7f" + "\x35\x82\x02\x16",
		wire.TypeKeepAlive,
		empty{},
	},
	{
		"PROOF", "\x00\x27\x06" + "0123456789abcdef0123456789ABCDEF" + "\x59\x1f\x92\xca",
		wire.TypeProof,
		wire.Proof([]byte("0123456789abcdef0123456789ABCDEF")),
	},
	{
		"WELCOME", "\x00\x18\x81" + "\x00\x00\x01\x02" + "\x00\x00\x00\x01\x00\x00\x00\x02" + "\x01\x02\x03\x04" + "\x00" + "\x8b\x44\x48\xcd",
		wire.TypeWelcome,
		wire.Welcome{Agency: 258, Stored: 1<<32 + 2, Checksum: 0x01020304},
	},
	{
		"WELCOME in place of another", "\x00\x18\x81" + "\x00\x00\x01\x02" + "\x00\x00\x00\x01\x00\x00\x00\x02" + "\x01\x02\x03\x04" + "\x01" + "\x79\x2f\xcb\xce",
		wire.TypeWelcome,
		wire.Welcome{Agency: 258, Stored: 1<<32 + 2, Checksum: 0x01020304, Replaced: true},
	},
	{
		"CHALLENGE", "\x00\x37\x86" + "nonce of central" + "0123456789abcdef0123456789ABCDEF" + "\xb9\xf1\x5e\x6d",
		wire.TypeChallenge,
		wire.Challenge{Nonce: wire.Nonce([]byte("nonce of central")), Proof: wire.Proof([]byte("0123456789abcdef0123456789ABCDEF"))},
	},
	{
		"RESULT", "\x00\x14\x82" + "\x00\x00\x00\x00\x00\x00\x00\x64" + "\x00\x64" + "\x0c" + "\x00\x05" + "\x22\x6a\xfd\xa2",
		wire.TypeResult,
		wire.Result{Position: 100, Count: 100, Code: wire.CodeDocument, Index: 5},
	},
	{
		"RESULT ok", "\x00\x14\x82" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x01" + "\x00" + "\xff\xff" + "\x5c\x6b\xae\x85",
		wire.TypeResult,
		wire.Result{Count: 1, Index: wire.NoIndex},
	},
	{
		"FINISHED", "\x00\x07\x83" + "\x8b\xaf\xa2\xb3",
		wire.TypeFinished,
		empty{},
	},
	{
		"WINNERS", "\x00\x17\x84" + "\x00" + "\x00\x02" + "\x0830904465" + "\x03007" + "\xc3\x9a\x70\xb1",
		wire.TypeWinners,
		wire.Winners{Documents: []string{"30904465", "007"}},
	},
	{
		"WINNERS none", "\x00\x0a\x84" + "\x00" + "\x00\x00" + "\xcb\xed\x50\x8f",
		wire.TypeWinners,
		wire.Winners{Documents: []string{}},
	},
	{
		"ERROR", "\x00\x08\x85" + "\x19" + "\xbe\x31\x6a\xf3",
		wire.TypeError,
		wire.CodeMismatch,
	},
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
			body := []byte(f.bytes[wire.HeaderSize : len(f.bytes)-4])
			for n := range len(body) {
				if f.name == "HELLO with a secret" && n == len(body)-16 {
					continue // a HELLO without
				}
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
		{"a document that takes the number", wire.TypeBatch, position + "\x00\x01\x00\x00\x01" + bet[3:], wire.ErrMalformed},
		{"waits more than true", wire.TypeHello, "TP0L\x02\x00\x00\x00\x01\x02", wire.ErrMalformed},
		{"replaced more than true", wire.TypeWelcome, strings.Repeat("\x00", 16) + "\x02", wire.ErrMalformed},
		{"more winners than can be", wire.TypeWinners, "\x00\xff\xff\x00", wire.ErrMalformed},
		{"more than true", wire.TypeWinners, "\x02\x00\x00", wire.ErrMalformed},
		{"a document that is cut off", wire.TypeWinners, "\x00\x00\x01\x02a", wire.ErrMalformed},
		{"another magic", wire.TypeHello, "HTTP\x02\x00\x00\x00\x01", wire.ErrVersion},
		{"another version", wire.TypeHello, "TP0L\x03\x00\x00\x00\x01", wire.ErrVersion},
		{"another version, longer", wire.TypeHello, "TP0L\x03\x00\x00\x00\x01\x00", wire.ErrVersion},
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
	if got := wire.NoBets(258); got != 0xbafea347 {
		t.Errorf("of no bets of agency 258: %08x", got)
	}
	if got := wire.NoBets(1); got == wire.NoBets(2) {
		t.Errorf("of no bets of agencies 1 and 2: %08x", got)
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
		0: "ok", 1: "malformed", 2: "version", 3: "agency", 4: "unexpected", 5: "timeout", 6: "replaced", 7: "shutdown", 8: "busy", 9: "corrupt",
		10: "first_name", 11: "last_name", 12: "document", 13: "birthdate",
		20: "position", 21: "storage", 22: "finished", 23: "drawn", 24: "not_finished", 25: "mismatch", 26: "no_draw", 27: "limit", 30: "no_proof", 31: "wrong_proof", 32: "no_secret",
		99: "code 99",
	}
	for code, name := range names {
		if code.String() != name {
			t.Errorf("code %d is %q, want %q", byte(code), code, name)
		}
	}
}
