package wire

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// Bet is a bet in a frame. It has no agency: HELLO names the agency of the whole connection. Texts are at most MaxText
// bytes and may hold anything.
// Encoded: first name 1+n, last name 1+n, document 1+n, year 2, month 1, day 1, number 4.
type Bet struct {
	FirstName, LastName, Document string
	Year                          uint16
	Month, Day                    uint8
	Number                        uint32
}

const (
	betTail = 2 + 1 + 1 + 4 // the bytes of an encoded bet behind its texts
	minBet  = 3 + betTail
)

// AppendBet appends an encoded bet without a frame around it, for BatchWriter.Add and Checksum. For a
// text of more than MaxText bytes it returns ErrTooLong and dst unchanged.
func AppendBet(dst []byte, b *Bet) ([]byte, error) {
	if max(len(b.FirstName), len(b.LastName), len(b.Document)) > MaxText {
		return dst, fmt.Errorf("encode bet: %w: texts of %d, %d and %d bytes",
			ErrTooLong, len(b.FirstName), len(b.LastName), len(b.Document))
	}
	for _, text := range [...]string{b.FirstName, b.LastName, b.Document} {
		dst = append(append(dst, byte(len(text))), text...)
	}
	dst = append(binary.BigEndian.AppendUint16(dst, b.Year), b.Month, b.Day)
	return binary.BigEndian.AppendUint32(dst, b.Number), nil
}

// betSize returns the length of the encoded bet at the start of b, or 0 if b ends before the bet.
func betSize(b []byte) int {
	size := 0
	for range 3 {
		if size >= len(b) {
			return 0
		}
		size += 1 + int(b[size])
	}
	size += betTail
	if size > len(b) {
		return 0
	}
	return size
}

// decodeBet sets b to the encoded bet at the start of s, which must be whole, and returns its length. The texts of b
// are substrings of s.
func decodeBet(s string, b *Bet) (size int) {
	i := 1 + int(s[0])
	b.FirstName = s[1:i]
	j := i + 1 + int(s[i])
	b.LastName = s[i+1 : j]
	k := j + 1 + int(s[j])
	b.Document = s[j+1 : k]
	t := s[k : k+betTail]
	b.Year = uint16(t[0])<<8 | uint16(t[1])
	b.Month, b.Day = t[2], t[3]
	b.Number = uint32(t[4])<<24 | uint32(t[5])<<16 | uint32(t[6])<<8 | uint32(t[7])
	return k + betTail
}

const batchHead = 8 + 2

// Batch is a decoded BATCH.
// Body: position 8, count 2 (1 …), that many bets.
type Batch struct {
	Position uint64 // number of the agency's bets before the first one
	Count    int    // number of bets, at least 1
	Encoded  []byte // all encoded bets, for Checksum; a part of the body

	text string // a copy of Encoded; the texts of the bets are substrings of it
}

// ParseBatch decodes the body of a BATCH. It checks the whole body, so that All cannot fail. It allocates once for all
// bets together.
func ParseBatch(body []byte) (Batch, error) {
	if len(body) < batchHead+minBet {
		return Batch{}, malformed(TypeBatch, "%d bytes, want %d or more", len(body), batchHead+minBet)
	}
	b := Batch{
		Position: binary.BigEndian.Uint64(body),
		Count:    int(binary.BigEndian.Uint16(body[8:])),
		Encoded:  body[batchHead:],
	}
	if b.Count == 0 {
		return Batch{}, malformed(TypeBatch, "no bets")
	}
	rest := b.Encoded
	for i := range b.Count {
		size := betSize(rest)
		if size == 0 {
			return Batch{}, malformed(TypeBatch, "bet %d of %d is cut off", i, b.Count)
		}
		rest = rest[size:]
	}
	if len(rest) > 0 {
		return Batch{}, malformed(TypeBatch, "%d trailing bytes", len(rest))
	}
	b.text = string(b.Encoded)
	return b, nil
}

// All returns the bets in order, each with its encoded bytes, which are a part of the body. A *Bet is valid until the
// next one. Its texts are substrings of one string for the whole batch, which any of them keeps alive.
func (b *Batch) All() iter.Seq2[[]byte, *Bet] {
	return func(yield func([]byte, *Bet) bool) {
		var bet Bet
		for at := 0; at < len(b.text); {
			size := decodeBet(b.text[at:], &bet)
			if !yield(b.Encoded[at:at+size], &bet) {
				return
			}
			at += size
		}
	}
}

// BatchWriter builds one BATCH after another in a buffer of its own, which it allocates once. The caller calls Reset
// before the first Add of each batch.
type BatchWriter struct {
	frame []byte
	count int
}

// Reset begins a batch at that position. The bytes that Frame and Encoded returned are not valid any more.
func (w *BatchWriter) Reset(position uint64) {
	if w.frame == nil {
		w.frame = make([]byte, 0, MaxFrame)
	}
	w.frame = appendHeader(w.frame[:0], TypeBatch, 0)
	w.frame = binary.BigEndian.AppendUint64(w.frame, position)
	w.frame = append(w.frame, 0, 0)
	w.count = 0
}

// Add adds a bet that AppendBet has encoded. If the frame would be longer than MaxFrame, Add returns false and adds
// nothing: the caller then sends the frame and begins another.
func (w *BatchWriter) Add(encoded []byte) bool {
	if len(w.frame)+len(encoded)+checksumSize > MaxFrame {
		return false
	}
	w.frame = append(w.frame, encoded...)
	w.count++
	return true
}

// Len returns the number of bets in the batch. A batch without bets must not be sent.
func (w *BatchWriter) Len() int { return w.count }

// Encoded returns the encoded bets, for Checksum; valid until Reset.
func (w *BatchWriter) Encoded() []byte { return w.frame[HeaderSize+batchHead:] }

// Frame completes the frame and returns it; valid until Reset or Add.
func (w *BatchWriter) Frame() []byte {
	binary.BigEndian.PutUint16(w.frame, uint16(len(w.frame)+checksumSize))
	binary.BigEndian.PutUint16(w.frame[HeaderSize+8:], uint16(w.count))
	return seal(w.frame, 0)
}
