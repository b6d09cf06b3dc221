package wire_test

import (
	"bytes"
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
		size := wire.HeaderSize + len(body)
		frames = append(frames, append([]byte{byte(size >> 8), byte(size), byte(t)}, body...))
	}
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
	for _, header := range []string{"\x00\x00", "\x00\x01", "\x00\x02\x01", "\x20\x01\x03", "\xff\xff\x03", "GET / HTTP/1.1\r\n"} {
		// Nothing is read behind a size that cannot be.
		r := wire.NewReader(io.MultiReader(strings.NewReader(header), iotest.ErrReader(errors.New("read on"))))
		if _, _, err := r.Next(); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%q: %v, want %v", header, err, wire.ErrMalformed)
		}
	}
	longest := "\x20\x00\x42" + strings.Repeat("x", wire.MaxFrame-wire.HeaderSize)
	r := wire.NewReader(strings.NewReader(longest + longest))
	for range 2 {
		if kind, body, err := r.Next(); err != nil || kind != 0x42 || string(body) != longest[3:] {
			t.Errorf("the longest frame: %v of %d bytes, %v", kind, len(body), err)
		}
	}
}

func TestReaderErrors(t *testing.T) {
	r := wire.NewReader(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("\x00\x03\x7f"))))
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
	r := wire.NewReader(io.MultiReader(strings.NewReader("\x00\x03\x7f\x00\x03\x05\x00\x04"), strings.NewReader("\x85\x01")))
	for i, want := range []bool{false, true, false, false} {
		if got := r.Buffered(); got != want {
			t.Errorf("after %d frames: buffered %v", i, got)
		}
		if _, _, err := r.Next(); err != nil && i < 3 {
			t.Fatal(err)
		}
	}
}

// Whatever comes in either is refused or is what the encoder makes of it.
func FuzzDecode(f *testing.F) {
	for _, frame := range frames {
		f.Add([]byte(frame.bytes))
	}
	f.Add(stream())
	f.Fuzz(func(t *testing.T, data []byte) {
		r := wire.NewReader(bytes.NewReader(data))
		for {
			kind, body, err := r.Next()
			if err != nil {
				return
			}
			value, err := decode(kind, body)
			if err != nil {
				if !errors.Is(err, wire.ErrMalformed) && !errors.Is(err, wire.ErrVersion) {
					t.Fatalf("%v: %v wraps no sentinel", kind, err)
				}
				continue
			}
			if w, ok := value.(wire.Winners); ok && w.More {
				continue // frames that are followed by others are full in our encoder
			}
			again, err := encode(nil, kind, value)
			if err != nil || !bytes.Equal(again[wire.HeaderSize:], body) {
				t.Fatalf("%v: % x is encoded again as % x, %v", kind, body, again, err)
			}
			back, err := decode(kind, again[wire.HeaderSize:])
			if err != nil || !reflect.DeepEqual(back, value) {
				t.Fatalf("%v: %+v, %v, want %+v", kind, back, err, value)
			}
		}
	})
}
