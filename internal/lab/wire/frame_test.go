package wire_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// stream returns all frames of the table and between them a few that fill a
// frame, so that a Reader goes from one of its buffers to the other and back.
func stream() []byte {
	var s []byte
	var w wire.BatchWriter
	full := fullFrame(&w, nil)
	for _, f := range frames {
		s = append(s, f.bytes...)
		s = append(s, full...)
	}
	return s
}

// readFrames returns the frames that come before the error.
func readFrames(r *wire.Reader) (frames [][]byte, err error) {
	for {
		t, body, err := r.Next()
		if err != nil {
			return frames, err
		}
		frames = append(frames, frame(t, string(body)))
	}
}

// frame returns a frame of any type and body.
func frame(t wire.Type, body string) []byte {
	size := wire.MinFrame + len(body)
	f := append([]byte{byte(size >> 8), byte(size), byte(t)}, body...)
	return binary.BigEndian.AppendUint32(f, wire.Checksum(0, f))
}

func TestReader(t *testing.T) {
	s := stream()
	readers := map[string]func(io.Reader) io.Reader{
		"all at once":        func(r io.Reader) io.Reader { return r },
		"one byte at a time": iotest.OneByteReader,
		"half":               iotest.HalfReader,
		"data with the end":  iotest.DataErrReader,
		"empty reads":        func(r io.Reader) io.Reader { return &hesitant{r: r} },
	}
	for name, wrap := range readers {
		t.Run(name, func(t *testing.T) {
			got, err := readFrames(wire.NewReader(wrap(bytes.NewReader(s))))
			if !errors.Is(err, io.EOF) || !bytes.Equal(bytes.Join(got, nil), s) || len(got) != 2*len(frames) {
				t.Errorf("%d frames of %d, %v", len(got), 2*len(frames), err)
			}
		})
	}
}

// hesitant gives nothing at every other Read.
type hesitant struct {
	r    io.Reader
	turn int
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.turn++; h.turn%2 == 0 {
		return 0, nil
	}
	return h.r.Read(p)
}

// However the stream is cut into reads, the same frames come out of it.
func TestReaderCuts(t *testing.T) {
	s := stream()
	rapid.Check(t, func(t *rapid.T) {
		var pieces []io.Reader
		for rest := s; len(rest) > 0; {
			n := rapid.IntRange(1, min(len(rest), 20_000)).Draw(t, "read")
			pieces = append(pieces, bytes.NewReader(rest[:n]))
			rest = rest[n:]
		}
		got, err := readFrames(wire.NewReader(io.MultiReader(pieces...)))
		if !errors.Is(err, io.EOF) || !bytes.Equal(bytes.Join(got, nil), s) {
			t.Fatalf("%d frames, %v", len(got), err)
		}
	})
}

// The end is clean between frames and unexpected at any other place.
func TestReaderEnd(t *testing.T) {
	var s []byte
	ends := map[int]int{0: 0} // where the stream may end: how many frames there are
	for i, f := range frames {
		s = append(s, f.bytes...)
		ends[len(s)] = i + 1
	}
	for n := range len(s) + 1 {
		want, whole := io.ErrUnexpectedEOF, 0
		for end, count := range ends {
			if end <= n {
				whole = max(whole, count)
			}
		}
		if _, ok := ends[n]; ok {
			want = io.EOF
		}
		got, err := readFrames(wire.NewReader(iotest.HalfReader(bytes.NewReader(s[:n]))))
		if !errors.Is(err, want) || len(got) != whole {
			t.Errorf("%d bytes: %d frames, %v, want %d, %v", n, len(got), err, whole, want)
		}
	}
}

func TestReaderSize(t *testing.T) {
	for _, header := range []string{"\x00\x00", "\x00\x01", "\x00\x02\x01", "\x00\x03\x7f", "\x00\x06\x7f", "\x20\x01\x03", "\xff\xff\x03", "GET / HTTP/1.1\r\n"} {
		// Nothing is read behind a size that cannot be.
		r := wire.NewReader(io.MultiReader(strings.NewReader(header), iotest.ErrReader(errors.New("read on"))))
		if _, _, err := r.Next(); !errors.Is(err, wire.ErrCorrupt) {
			t.Errorf("%q: %v, want %v", header, err, wire.ErrCorrupt)
		}
	}
	longest := string(frame(0x42, strings.Repeat("x", wire.MaxFrame-wire.MinFrame)))
	r := wire.NewReader(strings.NewReader(longest + longest))
	for range 2 {
		if kind, body, err := r.Next(); err != nil || kind != 0x42 || string(body) != longest[3:len(longest)-4] {
			t.Errorf("the longest frame: %v of %d bytes, %v", kind, len(body), err)
		}
	}
}

func TestReaderErrors(t *testing.T) {
	r := wire.NewReader(iotest.TimeoutReader(iotest.OneByteReader(bytes.NewReader(wire.AppendEmpty(nil, wire.TypeKeepAlive)))))
	if _, _, err := r.Next(); !errors.Is(err, iotest.ErrTimeout) {
		t.Fatalf("got %v, want %v", err, iotest.ErrTimeout)
	}
	if kind, _, err := r.Next(); kind != wire.TypeKeepAlive || err != nil {
		t.Errorf("after a time-out: %v, %v", kind, err)
	}
	r = wire.NewReader(iotest.ErrReader(os.ErrDeadlineExceeded))
	if _, _, err := r.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	r = wire.NewReader(silent{})
	if _, _, err := r.Next(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

func TestReaderBuffered(t *testing.T) {
	s := wire.AppendError(wire.AppendEmpty(wire.AppendEmpty(nil, wire.TypeKeepAlive), wire.TypeAsk), wire.CodeMalformed)
	r := wire.NewReader(io.MultiReader(bytes.NewReader(s[:16]), bytes.NewReader(s[16:])))
	for i, want := range []bool{false, true, false, false} {
		if got := r.Buffered(); got != want {
			t.Errorf("after %d frames: buffered %v", i, got)
		}
		if _, _, err := r.Next(); err != nil && i < 3 {
			t.Fatal(err)
		}
	}
}

// Whatever comes in either is refused or is what the encoder makes of it. The data is a stream, and after its first byte
// the body of a frame of that type, which no fuzzer would give its checksum.
func FuzzDecode(f *testing.F) {
	for _, frame := range frames {
		f.Add([]byte(frame.bytes))
		f.Add(append([]byte{byte(frame.t)}, frame.bytes[wire.HeaderSize:len(frame.bytes)-4]...))
	}
	f.Add(stream())
	f.Fuzz(func(t *testing.T, data []byte) {
		r := wire.NewReader(bytes.NewReader(data))
		for {
			kind, body, err := r.Next()
			if err != nil {
				break
			}
			decodeAgain(t, kind, body)
		}
		if len(data) > 0 && len(data) <= wire.MaxFrame-wire.MinFrame {
			decodeAgain(t, wire.Type(data[0]), data[1:])
		}
	})
}

// decodeAgain decodes the body and, if it is one, encodes and decodes it again.
func decodeAgain(t *testing.T, kind wire.Type, body []byte) {
	t.Helper()
	value, err := decode(kind, body)
	if err != nil {
		if !errors.Is(err, wire.ErrMalformed) && !errors.Is(err, wire.ErrVersion) {
			t.Fatalf("%v: %v wraps no sentinel", kind, err)
		}
		return
	}
	if w, ok := value.(wire.Winners); ok && w.More {
		return // frames that are followed by others are full in our encoder
	}
	again, err := encode(nil, kind, value)
	if err != nil || !bytes.Equal(again, frame(kind, string(body))) {
		t.Fatalf("%v: % x is encoded again as % x, %v", kind, body, again, err)
	}
	back, err := decode(kind, again[wire.HeaderSize:len(again)-4])
	if err != nil || !reflect.DeepEqual(back, value) {
		t.Fatalf("%v: %+v, %v, want %+v", kind, back, err, value)
	}
}

// Every flip of one, two or three bits of a frame is seen, but for those of its size that leave the frame unfinished, and
// none makes a peer believe that the other speaks version 1.
func TestReaderFlips(t *testing.T) {
	for _, f := range frames {
		t.Run(f.name, func(t *testing.T) {
			bits := len(f.bytes) * 8
			try := func(flipped ...int) {
				b := []byte(f.bytes)
				for _, bit := range flipped {
					b[bit/8] ^= 1 << (bit % 8)
				}
				_, _, err := wire.NewReader(bytes.NewReader(b)).Next()
				if !errors.Is(err, wire.ErrCorrupt) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("bits %v: %v", flipped, err)
				}
			}
			for i := range bits {
				try(i)
				for j := range i {
					try(i, j)
				}
			}
			if len(f.bytes) > 8 {
				return
			}
			for i := range bits {
				for j := range i {
					for k := range j {
						try(i, j, k)
					}
				}
			}
		})
	}
}

// The two frames of version 1 that are understood, as that version wrote them.
func TestVersion1(t *testing.T) {
	for _, f := range []string{"\x00\x0c\x01TP0L\x01\x00\x00\x01\x02", string(wire.AppendVersion1Error(nil)), "\x00\x04\x85\x02"} {
		if _, _, err := wire.NewReader(strings.NewReader(f)).Next(); !errors.Is(err, wire.ErrVersion1) || !errors.Is(err, wire.ErrVersion) {
			t.Errorf("%q: %v", f, err)
		}
	}
	for _, f := range []string{"\x00\x0c\x01TP0L\x03\x00\x00\x01\x02", "\x00\x0c\x01HTTP\x01\x00\x00\x01\x02", "\x00\x04\x85\x08"} {
		if _, _, err := wire.NewReader(strings.NewReader(f)).Next(); !errors.Is(err, wire.ErrCorrupt) {
			t.Errorf("%q: %v", f, err)
		}
	}
}
