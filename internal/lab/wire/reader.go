package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
)

const (
	// bufferSize is of the buffers that Readers borrow. Two of the longest
	// frames: larger ones save few reads and cost much with a thousand busy
	// connections.
	bufferSize = 2 * MaxFrame
	// smallSize is of the buffer that each Reader owns: enough for every frame
	// but those with texts.
	smallSize = 32
	// maxEmptyReads is how often a reader may give nothing and no error.
	maxEmptyReads = 100
)

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// Reader cuts a stream into frames.
//
// Ten thousand idle connections must not hold ten thousand buffers. So a Reader
// waits with a small buffer of its own, and borrows a large one from a pool that
// all Readers share only when the beginning of a frame has arrived that is too
// long for the small one. It gives it back when all frames in it have been
// taken, before it waits again. A connection that is busy pays for that with one
// more short read for each large one.
type Reader struct {
	r          io.Reader
	small      [smallSize]byte
	large      *[bufferSize]byte // borrowed, nil while small does
	start, end int               // of the bytes of the buffer that have not been taken
}

// NewReader returns a Reader of r's frames. It reads ahead and closes nothing.
// A time limit is r's: set its deadline before Next.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

func (r *Reader) buffer() []byte {
	if r.large != nil {
		return r.large[:]
	}
	return r.small[:]
}

// Next returns the type and the body of the next frame. The body is valid until
// the next call. The size is checked as soon as it has arrived, before anything
// is allocated or read for the body; the body is not looked into.
//
// The error is io.EOF if the stream ends between two frames,
// io.ErrUnexpectedEOF if it ends in one, one that wraps ErrMalformed if the
// size is impossible (the stream is of no use then), or the reader's own. After
// one of the reader's own, such as a deadline, Next may be called again and
// goes on where it was.
func (r *Reader) Next() (Type, []byte, error) {
	if r.start == r.end {
		r.release()
	}
	for {
		have := r.end - r.start
		need := HeaderSize
		if have >= 2 {
			need = int(binary.BigEndian.Uint16(r.buffer()[r.start:]))
			if need < HeaderSize || need > MaxFrame {
				return 0, nil, fmt.Errorf("read frame: %w: size %d", ErrMalformed, need)
			}
		}
		if have >= need {
			frame := r.buffer()[r.start : r.start+need]
			r.start += need
			return Type(frame[2]), frame[HeaderSize:], nil
		}
		r.makeRoom(need)
		if err := r.fill(); err != nil {
			return 0, nil, err
		}
	}
}

// Buffered tells whether the next frame has arrived already, so that Next will
// not wait for the peer: time to put off writing the answers. It is true too
// for a size that Next will refuse.
func (r *Reader) Buffered() bool {
	have := r.end - r.start
	return have >= 2 && have >= int(binary.BigEndian.Uint16(r.buffer()[r.start:]))
}

// release gives the large buffer back. There must be nothing in it.
func (r *Reader) release() {
	if r.large != nil {
		buffers.Put(r.large)
		r.large = nil
	}
	r.start, r.end = 0, 0
}

// makeRoom sees to it that a frame of need bytes fits behind start.
func (r *Reader) makeRoom(need int) {
	buffer := r.buffer()
	if r.start+need <= len(buffer) {
		return
	}
	unread := buffer[r.start:r.end]
	if need > len(buffer) {
		r.large = buffers.Get().(*[bufferSize]byte)
	}
	r.start, r.end = 0, copy(r.buffer(), unread)
}

// fill reads once, at least a byte.
func (r *Reader) fill() error {
	for range maxEmptyReads {
		n, err := r.r.Read(r.buffer()[r.end:])
		r.end += n
		switch {
		case n > 0:
			return nil // the error, if any, comes again
		case err == io.EOF && r.end > r.start:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}
