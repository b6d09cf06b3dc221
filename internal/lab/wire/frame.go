package wire

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
)

const (
	// HeaderSize is the length of a frame's header in bytes.
	HeaderSize = 3
	// MinFrame is the length of a frame without a body in bytes.
	MinFrame = HeaderSize + checksumSize
	// MaxFrame is the length of the longest frame in bytes, header and checksum included, in either direction.
	MaxFrame = 8192

	checksumSize = 4

	// largeSize holds two of the longest frames: more saves few reads, and costs much with a thousand busy connections.
	largeSize = 2 * MaxFrame
	// smallSize holds every frame without texts.
	smallSize = 64
	// maxEmptyReads is how often in a row a reader may return no byte and no error.
	maxEmptyReads = 100
)

// appendHeader appends the header of a frame whose body has that many bytes.
func appendHeader(dst []byte, t Type, body int) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(MinFrame+body))
	return append(dst, byte(t))
}

// seal appends the checksum of the frame that begins at start.
func seal(dst []byte, start int) []byte {
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

var largeBuffers = sync.Pool{New: func() any { return new([largeSize]byte) }}

// Reader cuts a stream into frames.
//
// Ten thousand idle connections must not hold ten thousand large buffers. A Reader waits with a small buffer of its
// own. It borrows a large one from a pool when the beginning of a longer frame has arrived, and returns it when all
// frames in it have been taken.
type Reader struct {
	r          io.Reader
	small      [smallSize]byte
	large      *[largeSize]byte // borrowed; nil while the small buffer is in use
	start, end int              // of the bytes in the buffer that have not been taken
}

// NewReader returns a Reader of the frames of r. It reads ahead and does not close r. For a time limit, set the
// deadline of r before Next.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

func (r *Reader) buffer() []byte {
	if r.large != nil {
		return r.large[:]
	}
	return r.small[:]
}

// Next returns the type and the body of the next frame. The body is valid until the next call. Next checks the size
// as soon as its two bytes have arrived, before it allocates or reads anything for the body, and the checksum when the
// frame is there; it does not decode the body.
//
// The error is io.EOF if the stream ends between two frames, io.ErrUnexpectedEOF if it ends inside one, one that wraps
// ErrCorrupt if the size is impossible or the checksum is wrong, one that wraps ErrVersion1 if only a peer of version 1
// sends such a frame, or the reader's own. After the reader's own error, such as a deadline, the caller may call Next
// again: no byte is lost. After the others the stream cannot be used any more.
func (r *Reader) Next() (Type, []byte, error) {
	if r.start == r.end {
		r.release()
	}
	for {
		have := r.end - r.start
		need := HeaderSize
		if have >= 2 {
			need = int(binary.BigEndian.Uint16(r.buffer()[r.start:]))
			if need != len(version1Error) && need < MinFrame || need > MaxFrame {
				return 0, nil, fmt.Errorf("read frame: %w: size %d", ErrCorrupt, need)
			}
		}
		if have >= need {
			frame := r.buffer()[r.start : r.start+need]
			if err := check(frame); err != nil {
				return 0, nil, err
			}
			r.start += need
			return Type(frame[2]), frame[HeaderSize : need-checksumSize], nil
		}
		r.makeRoom(need)
		if err := r.fill(); err != nil {
			return 0, nil, err
		}
	}
}

// check returns an error unless the frame's checksum is right.
func check(frame []byte) error {
	if ofVersion1(frame) {
		return fmt.Errorf("read frame: %w", ErrVersion1)
	}
	if len(frame) < MinFrame {
		return fmt.Errorf("read frame: %w: size %d", ErrCorrupt, len(frame))
	}
	body := len(frame) - checksumSize
	if got, want := binary.BigEndian.Uint32(frame[body:]), crc32.Checksum(frame[:body], castagnoli); got != want {
		return fmt.Errorf("read frame: %w: %v of %d bytes with checksum %08x, want %08x", ErrCorrupt, Type(frame[2]), len(frame), got, want)
	}
	return nil
}

// Buffered reports whether the next call of Next will not wait for the peer, because a whole frame, or an impossible
// size, has arrived. While it reports true, the caller may collect answers before it writes them.
func (r *Reader) Buffered() bool {
	have := r.end - r.start
	return have >= 2 && have >= int(binary.BigEndian.Uint16(r.buffer()[r.start:]))
}

// release returns the large buffer to the pool. The buffer must be empty.
func (r *Reader) release() {
	if r.large != nil {
		largeBuffers.Put(r.large)
		r.large = nil
	}
	r.start, r.end = 0, 0
}

// makeRoom moves the bytes in the buffer, if necessary, so that a frame of need bytes fits behind start.
func (r *Reader) makeRoom(need int) {
	buffer := r.buffer()
	if r.start+need <= len(buffer) {
		return
	}
	unread := buffer[r.start:r.end]
	if need > len(buffer) {
		r.large = largeBuffers.Get().(*[largeSize]byte)
	}
	r.start, r.end = 0, copy(r.buffer(), unread)
}

// fill reads once, at least one byte.
func (r *Reader) fill() error {
	for range maxEmptyReads {
		n, err := r.r.Read(r.buffer()[r.end:])
		r.end += n
		switch {
		case n > 0:
			return nil // the next Read returns the error again
		case err == io.EOF && r.end > r.start:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}
