// Package wire is the codec of docs/protocol.md: the frames that an agency and
// the central exchange, over any io.Reader and io.Writer. It knows neither
// sockets nor what a good bet is; both sides of the conversation share it.
//
// All integers are big-endian. A frame is a header of 3 bytes (size of the
// whole frame 2, type 1) and a body. For each type there is an Append function
// that appends a whole frame and a Parse function that takes the body which
// Reader.Next has returned; the field widths stand in their comments. A Parse
// function decodes its body to the end: a byte missing or too many, and a
// count that the body cannot hold, are errors that wrap ErrMalformed.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	// Magic begins every HELLO.
	Magic = "TP0L"
	// Version is the version of the protocol that this package speaks.
	Version = 1
	// HeaderSize is the length of a frame's header in bytes.
	HeaderSize = 3
	// MaxFrame is the length of the longest frame in bytes, header included,
	// in either direction.
	MaxFrame = 8192
	// MaxText is the length of the longest text of a bet in bytes: its length
	// is one byte.
	MaxText = 255
	// NoIndex is Result's index where no single bet is to blame.
	NoIndex = 0xFFFF
)

var (
	// ErrMalformed is in every error about bytes that are no frame of the
	// protocol. The central answers it with CodeMalformed.
	ErrMalformed = errors.New("malformed frame")
	// ErrVersion is in the error of ParseHello for a peer that speaks another
	// protocol or another version of this one. The central answers it with
	// CodeVersion.
	ErrVersion = errors.New("unsupported protocol version")
	// ErrTooLong is in the error of an Append function for a text of more than
	// MaxText bytes.
	ErrTooLong = errors.New("text too long")
)

// Type is the third byte of a frame: what its body holds.
type Type byte

// The types of frames. From the agency are Hello to Ask, from the central
// those from Welcome on, and KeepAlive from both.
const (
	TypeHello     Type = 0x01
	TypeBet       Type = 0x02
	TypeBatch     Type = 0x03
	TypeFinish    Type = 0x04
	TypeAsk       Type = 0x05
	TypeKeepAlive Type = 0x7F
	TypeWelcome   Type = 0x81
	TypeResult    Type = 0x82
	TypeFinished  Type = 0x83
	TypeWinners   Type = 0x84
	TypeError     Type = 0x85
)

// String returns the protocol's name of the type, such as "HELLO".
func (t Type) String() string {
	switch t {
	case TypeHello:
		return "HELLO"
	case TypeBet:
		return "BET"
	case TypeBatch:
		return "BATCH"
	case TypeFinish:
		return "FINISH"
	case TypeAsk:
		return "ASK"
	case TypeKeepAlive:
		return "KEEPALIVE"
	case TypeWelcome:
		return "WELCOME"
	case TypeResult:
		return "RESULT"
	case TypeFinished:
		return "FINISHED"
	case TypeWinners:
		return "WINNERS"
	case TypeError:
		return "ERROR"
	default:
		return fmt.Sprintf("type 0x%02x", byte(t))
	}
}

// Code says in a RESULT or an ERROR what became of a frame.
type Code byte

// The codes; docs/protocol.md tells which close the connection.
const (
	CodeOK          Code = 0
	CodeMalformed   Code = 1
	CodeVersion     Code = 2
	CodeAgency      Code = 3
	CodeUnexpected  Code = 4
	CodeTimeout     Code = 5
	CodeReplaced    Code = 6
	CodeShutdown    Code = 7
	CodeFirstName   Code = 10
	CodeLastName    Code = 11
	CodeDocument    Code = 12
	CodeBirthdate   Code = 13
	CodeNumber      Code = 14
	CodePosition    Code = 20
	CodeStorage     Code = 21
	CodeFinished    Code = 22
	CodeDrawn       Code = 23
	CodeNotFinished Code = 24
	CodeMismatch    Code = 25
	CodeNoDraw      Code = 26
)

// String returns the protocol's name of the code, such as "not_finished".
func (c Code) String() string {
	switch c {
	case CodeOK:
		return "ok"
	case CodeMalformed:
		return "malformed"
	case CodeVersion:
		return "version"
	case CodeAgency:
		return "agency"
	case CodeUnexpected:
		return "unexpected"
	case CodeTimeout:
		return "timeout"
	case CodeReplaced:
		return "replaced"
	case CodeShutdown:
		return "shutdown"
	case CodeFirstName:
		return "first_name"
	case CodeLastName:
		return "last_name"
	case CodeDocument:
		return "document"
	case CodeBirthdate:
		return "birthdate"
	case CodeNumber:
		return "number"
	case CodePosition:
		return "position"
	case CodeStorage:
		return "storage"
	case CodeFinished:
		return "finished"
	case CodeDrawn:
		return "drawn"
	case CodeNotFinished:
		return "not_finished"
	case CodeMismatch:
		return "mismatch"
	case CodeNoDraw:
		return "no_draw"
	default:
		return fmt.Sprintf("code %d", byte(c))
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Checksum continues the CRC-32C (RFC 3720, appendix B.4) of bets whose
// checksum is sum with the encoded bets that follow them. The checksum of no
// bets is 0.
func Checksum(sum uint32, encoded []byte) uint32 { return crc32.Update(sum, castagnoli, encoded) }

// malformed returns an error about a body of type t that wraps ErrMalformed.
func malformed(t Type, format string, args ...any) error {
	return fmt.Errorf("decode %v: %w: %s", t, ErrMalformed, fmt.Sprintf(format, args...))
}

// checkSize returns an error if the body of a t is not of just that size.
func checkSize(t Type, body []byte, size int) error {
	if len(body) != size {
		return malformed(t, "%d bytes, want %d", len(body), size)
	}
	return nil
}

// appendHeader appends the header of a frame with a body of that size.
func appendHeader(dst []byte, t Type, body int) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(HeaderSize+body))
	return append(dst, byte(t))
}
