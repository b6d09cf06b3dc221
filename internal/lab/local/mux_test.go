package local

import (
	"bytes"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// What services write in pieces comes out as lines, each of its service, in
// the order of the writes that end them.
func TestMuxKeepsLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const services = 3
		var pipe bytes.Buffer
		writers := make([]*muxWriter, services)
		for i := range writers {
			writers[i] = &muxWriter{w: &pipe, index: uint16(i)}
		}
		want := make([]string, services)
		for range rapid.IntRange(0, 20).Draw(t, "writes") {
			i := rapid.IntRange(0, services-1).Draw(t, "service")
			text := rapid.SampledFrom([]string{"", "a", "\n", "line\n", strings.Repeat("x", maxFrame), "ñandú"}).Draw(t, "text")
			if _, err := writers[i].Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			want[i] += text
		}
		for _, w := range writers {
			if err := w.mark(endMark); err != nil {
				t.Fatal(err)
			}
		}
		got, ended := make([]string, services), 0
		err := demux(iotest.OneByteReader(&pipe), services, func(i int, text string) { got[i] += text + "\n" }, func(_ int, mark uint16) {
			if mark == endMark {
				ended++
			}
		})
		if err != nil || ended != services {
			t.Fatalf("%d ends, %v", ended, err)
		}
		for i := range want {
			if want[i] != "" && !strings.HasSuffix(want[i], "\n") {
				want[i] += "\n"
			}
			if strings.ReplaceAll(got[i], "\r", "") != want[i] {
				t.Fatalf("service %d: %q, want %q", i, got[i], want[i])
			}
		}
	})
}

func TestDemuxBounds(t *testing.T) {
	var longest int
	long := &bytes.Buffer{}
	w := &muxWriter{w: long}
	for range 2 * maxLine / maxFrame {
		if _, err := w.Write(bytes.Repeat([]byte("x"), maxFrame)); err != nil {
			t.Fatal(err)
		}
	}
	if err := demux(long, 1, func(_ int, text string) { longest = max(longest, len(text)) }, func(int, uint16) {}); err != nil || longest != maxLine {
		t.Errorf("%d bytes, %v", longest, err)
	}
	for _, frame := range [][]byte{{0, 1, 0, 1, 'x'}, {0, 0, 255, 254}, {0, 1, 255, 255}, {0, 0, 0, 2, 'x'}, {0, 0}} {
		if err := demux(bytes.NewReader(frame), 1, func(int, string) {}, func(int, uint16) {}); err == nil {
			t.Errorf("% x is taken", frame)
		}
	}
}
