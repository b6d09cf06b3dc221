package wire

import (
	"encoding/binary"
	"fmt"
)

// Hello is the first frame of an agency.
// Body: magic 4, version 1, agency 4.
type Hello struct {
	Agency uint32
}

const helloSize = 4 + 1 + 4

// AppendHello appends a HELLO of this Version.
func AppendHello(dst []byte, h Hello) []byte {
	dst = appendHeader(dst, TypeHello, helloSize)
	dst = append(dst, Magic...)
	dst = append(dst, Version)
	return binary.BigEndian.AppendUint32(dst, h.Agency)
}

// ParseHello decodes the body of a HELLO. The error is ErrVersion for another magic or version, whatever stands behind
// them.
func ParseHello(body []byte) (Hello, error) {
	if len(body) > len(Magic) && (string(body[:len(Magic)]) != Magic || body[len(Magic)] != Version) {
		return Hello{}, fmt.Errorf("decode %v: %w: % x", TypeHello, ErrVersion, body[:len(Magic)+1])
	}
	if err := checkSize(TypeHello, body, helloSize); err != nil {
		return Hello{}, err
	}
	return Hello{Agency: binary.BigEndian.Uint32(body[len(Magic)+1:])}, nil
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
	dst = appendHeader(dst, TypeFinish, finishSize)
	dst = binary.BigEndian.AppendUint64(dst, f.Total)
	return binary.BigEndian.AppendUint32(dst, f.Checksum)
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

// AppendAsk appends an ASK, which asks for the winners. Its body is empty.
func AppendAsk(dst []byte) []byte { return appendHeader(dst, TypeAsk, 0) }

// AppendFinished appends a FINISHED, the answer to FINISH. Its body is empty.
func AppendFinished(dst []byte) []byte { return appendHeader(dst, TypeFinished, 0) }

// AppendKeepAlive appends a KEEPALIVE, which says that the sender waits and has not stalled. Its body is empty.
func AppendKeepAlive(dst []byte) []byte { return appendHeader(dst, TypeKeepAlive, 0) }

// ParseEmpty checks that the body of a frame of type t (ASK, FINISHED or KEEPALIVE) is empty.
func ParseEmpty(t Type, body []byte) error { return checkSize(t, body, 0) }

// State is a set of bits that says how far the lottery is.
type State byte

// The bits of State.
const (
	StateFinished State = 1 // this agency has finished
	StateDrawn    State = 2 // the draw has taken place
)

// Welcome is the central's answer to HELLO. It says where the agency has to go on.
// Body: stored 8, checksum 4, last 4, state 1.
type Welcome struct {
	Stored   uint64 // number of bets of this agency
	Checksum uint32 // of all stored bets, see Checksum
	Last     uint32 // checksum of the last stored bet alone, 0 without bets
	State    State
}

const welcomeSize = 8 + 4 + 4 + 1

// AppendWelcome appends a WELCOME.
func AppendWelcome(dst []byte, w Welcome) []byte {
	dst = appendHeader(dst, TypeWelcome, welcomeSize)
	dst = binary.BigEndian.AppendUint64(dst, w.Stored)
	dst = binary.BigEndian.AppendUint32(dst, w.Checksum)
	dst = binary.BigEndian.AppendUint32(dst, w.Last)
	return append(dst, byte(w.State))
}

// ParseWelcome decodes the body of a WELCOME. An unknown bit in its state is malformed.
func ParseWelcome(body []byte) (Welcome, error) {
	if err := checkSize(TypeWelcome, body, welcomeSize); err != nil {
		return Welcome{}, err
	}
	w := Welcome{
		Stored:   binary.BigEndian.Uint64(body),
		Checksum: binary.BigEndian.Uint32(body[8:]),
		Last:     binary.BigEndian.Uint32(body[12:]),
		State:    State(body[16]),
	}
	if w.State&^(StateFinished|StateDrawn) != 0 {
		return Welcome{}, malformed(TypeWelcome, "state 0x%02x", byte(w.State))
	}
	return w, nil
}

// Result is the central's answer to a BET or a BATCH. Results come in the order of those frames.
// Body: position 8, count 2, code 1, index 2.
type Result struct {
	Position uint64 // of the answered frame
	Count    uint16 // number of bets in the answered frame
	Code     Code
	Index    uint16 // of the first bad bet in the answered frame, otherwise NoIndex
}

const resultSize = 8 + 2 + 1 + 2

// AppendResult appends a RESULT.
func AppendResult(dst []byte, r Result) []byte {
	dst = appendHeader(dst, TypeResult, resultSize)
	dst = binary.BigEndian.AppendUint64(dst, r.Position)
	dst = binary.BigEndian.AppendUint16(dst, r.Count)
	dst = append(dst, byte(r.Code))
	return binary.BigEndian.AppendUint16(dst, r.Index)
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
	return append(appendHeader(dst, TypeError, 1), byte(c))
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
		if HeaderSize+size+1+len(d) > MaxFrame {
			break
		}
		size += 1 + len(d)
		n++
	}
	rest = documents[n:]
	more := byte(0)
	if len(rest) > 0 {
		more = 1
	}
	dst = append(appendHeader(dst, TypeWinners, size), more)
	dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	for _, d := range documents[:n] {
		dst = append(append(dst, byte(len(d))), d...)
	}
	return dst, rest, nil
}

// ParseWinners decodes the body of a WINNERS. The documents are parts of one string.
func ParseWinners(body []byte) (Winners, error) {
	if len(body) < winnersHead {
		return Winners{}, malformed(TypeWinners, "%d bytes, want %d or more", len(body), winnersHead)
	}
	if body[0] > 1 {
		return Winners{}, malformed(TypeWinners, "more %d", body[0])
	}
	count := int(binary.BigEndian.Uint16(body[1:]))
	rest := string(body[winnersHead:])
	if count > len(rest) {
		return Winners{}, malformed(TypeWinners, "%d documents in %d bytes", count, len(rest))
	}
	w := Winners{More: body[0] == 1, Documents: make([]string, count)}
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
