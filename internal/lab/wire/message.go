package wire

import (
	"encoding/binary"
	"fmt"
)

// Hello is the first frame of an agency.
// Body: magic 4, version 1, agency 4, waits 1 (0 or 1), and the nonce 16 of an agency that has a secret.
type Hello struct {
	Agency uint32
	// Waits is true if the connection waits for the end of the agency's older connection. Otherwise it takes the place
	// of the older one.
	Waits  bool
	Secret bool  // the agency has a secret, and wants the central's proof
	Nonce  Nonce // only in the frame if Secret is true
}

const helloSize = 4 + 1 + 4 + 1

// AppendHello appends a HELLO of this Version.
func AppendHello(dst []byte, h Hello) []byte {
	start, size := len(dst), helloSize
	if h.Secret {
		size += len(h.Nonce)
	}
	return seal(h.appendBody(appendHeader(dst, TypeHello, size)), start)
}

func (h Hello) appendBody(dst []byte) []byte {
	dst = append(dst, Magic...)
	dst = append(dst, Version)
	dst = append(binary.BigEndian.AppendUint32(dst, h.Agency), flag(h.Waits))
	if h.Secret {
		dst = append(dst, h.Nonce[:]...)
	}
	return dst
}

// ParseHello decodes the body of a HELLO. The error is ErrVersion for another magic or version, whatever stands behind
// them.
func ParseHello(body []byte) (h Hello, err error) {
	if len(body) > len(Magic) && (string(body[:len(Magic)]) != Magic || body[len(Magic)] != Version) {
		return Hello{}, fmt.Errorf("decode %v: %w: % x", TypeHello, ErrVersion, body[:len(Magic)+1])
	}
	if h.Secret = len(body) == helloSize+len(h.Nonce); !h.Secret {
		if err := checkSize(TypeHello, body, helloSize); err != nil {
			return Hello{}, err
		}
	}
	h.Agency = binary.BigEndian.Uint32(body[len(Magic)+1:])
	copy(h.Nonce[:], body[helloSize:])
	h.Waits, err = parseFlag(TypeHello, body[helloSize-1])
	return h, err
}

// flag is a byte that says yes or no.
func flag(yes bool) byte {
	if yes {
		return 1
	}
	return 0
}

func parseFlag(t Type, b byte) (yes bool, err error) {
	if b > 1 {
		return false, malformed(t, "flag %d", b)
	}
	return b == 1, nil
}

// Finish says that an agency has no more bets, and which bets it believes to be stored.
// Body: total 8, checksum 4.
type Finish struct {
	Total    uint64 // number of bets
	Checksum uint32 // of all bets, see Checksum
}

const finishSize = 8 + 4

// AppendFinish appends a FINISH.
func AppendFinish(dst []byte, f Finish) []byte {
	start := len(dst)
	dst = appendHeader(dst, TypeFinish, finishSize)
	dst = binary.BigEndian.AppendUint64(dst, f.Total)
	return seal(binary.BigEndian.AppendUint32(dst, f.Checksum), start)
}

// ParseFinish decodes the body of a FINISH.
func ParseFinish(body []byte) (Finish, error) {
	if err := checkSize(TypeFinish, body, finishSize); err != nil {
		return Finish{}, err
	}
	return Finish{
		Total:    binary.BigEndian.Uint64(body),
		Checksum: binary.BigEndian.Uint32(body[8:]),
	}, nil
}

// AppendEmpty appends a frame of type t with an empty body. ASK asks for the winners, FINISHED answers FINISH, and
// KEEPALIVE says that the sender waits and has not stalled.
func AppendEmpty(dst []byte, t Type) []byte { return seal(appendHeader(dst, t, 0), len(dst)) }

// ParseEmpty checks that the body of a frame of AppendEmpty is empty.
func ParseEmpty(t Type, body []byte) error { return checkSize(t, body, 0) }

// Welcome is the central's answer to HELLO. It says where the agency has to go on.
// Body: agency 4, stored 8, checksum 4, replaced 1 (0 or 1).
type Welcome struct {
	Agency   uint32 // of HELLO
	Stored   uint64 // number of bets of this agency
	Checksum uint32 // of all stored bets, see Checksum
	Replaced bool   // the connection has taken the place of one that was open
}

const welcomeSize = 4 + 8 + 4 + 1

// AppendWelcome appends a WELCOME.
func AppendWelcome(dst []byte, w Welcome) []byte {
	start := len(dst)
	dst = appendHeader(dst, TypeWelcome, welcomeSize)
	dst = binary.BigEndian.AppendUint32(dst, w.Agency)
	dst = binary.BigEndian.AppendUint64(dst, w.Stored)
	dst = binary.BigEndian.AppendUint32(dst, w.Checksum)
	return seal(append(dst, flag(w.Replaced)), start)
}

// ParseWelcome decodes the body of a WELCOME.
func ParseWelcome(body []byte) (Welcome, error) {
	if err := checkSize(TypeWelcome, body, welcomeSize); err != nil {
		return Welcome{}, err
	}
	replaced, err := parseFlag(TypeWelcome, body[16])
	return Welcome{
		Agency:   binary.BigEndian.Uint32(body),
		Stored:   binary.BigEndian.Uint64(body[4:]),
		Checksum: binary.BigEndian.Uint32(body[12:]),
		Replaced: replaced,
	}, err
}

// Result is the central's answer to a BATCH. Results come in the order of the batches.
// Body: position 8, count 2, code 1, index 2.
type Result struct {
	Position uint64 // of the batch
	Count    uint16 // number of bets in the batch
	Code     Code
	Index    uint16 // of the first bad bet in the batch, otherwise NoIndex
}

const resultSize = 8 + 2 + 1 + 2

// AppendResult appends a RESULT.
func AppendResult(dst []byte, r Result) []byte {
	start := len(dst)
	dst = appendHeader(dst, TypeResult, resultSize)
	dst = binary.BigEndian.AppendUint64(dst, r.Position)
	dst = binary.BigEndian.AppendUint16(dst, r.Count)
	dst = append(dst, byte(r.Code))
	return seal(binary.BigEndian.AppendUint16(dst, r.Index), start)
}

// ParseResult decodes the body of a RESULT. It accepts unknown codes, which the caller has to handle.
func ParseResult(body []byte) (Result, error) {
	if err := checkSize(TypeResult, body, resultSize); err != nil {
		return Result{}, err
	}
	return Result{
		Position: binary.BigEndian.Uint64(body),
		Count:    binary.BigEndian.Uint16(body[8:]),
		Code:     Code(body[10]),
		Index:    binary.BigEndian.Uint16(body[11:]),
	}, nil
}

// AppendError appends an ERROR. Body: code 1.
func AppendError(dst []byte, c Code) []byte {
	return seal(append(appendHeader(dst, TypeError, 1), byte(c)), len(dst))
}

// ParseError decodes the body of an ERROR. It accepts unknown codes, which the caller has to handle.
func ParseError(body []byte) (Code, error) {
	if err := checkSize(TypeError, body, 1); err != nil {
		return 0, err
	}
	return Code(body[0]), nil
}

// Winners is one frame of the answer to ASK.
// Body: more 1 (0 or 1), count 2, that many documents (length 1, text).
type Winners struct {
	More      bool // another frame of winners follows
	Documents []string
}

const winnersHead = 1 + 2

// AppendWinners appends one WINNERS with as many of the documents as fit into a frame, possibly none. It returns the
// rest, for the next frame. For a document of more than MaxText bytes it returns ErrTooLong and dst unchanged.
func AppendWinners(dst []byte, documents []string) (frames []byte, rest []string, err error) {
	size, n := winnersHead, 0
	for _, d := range documents {
		if len(d) > MaxText {
			return dst, documents, fmt.Errorf("encode %v: %w: a document of %d bytes", TypeWinners, ErrTooLong, len(d))
		}
		if HeaderSize+size+1+len(d)+checksumSize > MaxFrame {
			break
		}
		size += 1 + len(d)
		n++
	}
	rest = documents[n:]
	start := len(dst)
	dst = append(appendHeader(dst, TypeWinners, size), flag(len(rest) > 0))
	dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	for _, d := range documents[:n] {
		dst = append(append(dst, byte(len(d))), d...)
	}
	return seal(dst, start), rest, nil
}

// ParseWinners decodes the body of a WINNERS. The documents are parts of one string.
func ParseWinners(body []byte) (Winners, error) {
	if len(body) < winnersHead {
		return Winners{}, malformed(TypeWinners, "%d bytes, want %d or more", len(body), winnersHead)
	}
	more, err := parseFlag(TypeWinners, body[0])
	if err != nil {
		return Winners{}, err
	}
	count := int(binary.BigEndian.Uint16(body[1:]))
	rest := string(body[winnersHead:])
	if count > len(rest) {
		return Winners{}, malformed(TypeWinners, "%d documents in %d bytes", count, len(rest))
	}
	w := Winners{More: more, Documents: make([]string, count)}
	for i := range w.Documents {
		if rest == "" || len(rest) < 1+int(rest[0]) {
			return Winners{}, malformed(TypeWinners, "document %d is cut off", i)
		}
		end := 1 + int(rest[0])
		w.Documents[i], rest = rest[1:end], rest[end:]
	}
	if rest != "" {
		return Winners{}, malformed(TypeWinners, "%d trailing bytes", len(rest))
	}
	return w, nil
}
