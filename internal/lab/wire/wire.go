// Package wire is the codec of docs/protocol.md: it encodes and decodes the frames that an agency and the central
// exchange, over any io.Reader and io.Writer. Both sides share it. It opens no socket and does not judge bets.
//
// All integers are big-endian. A frame is a header of 3 bytes (2 for the size of the whole frame, 1 for the type), a
// body, and 4 bytes with the CRC-32C of all bytes before them. Each message has an Append function, which appends a
// whole frame, and a Parse function, which decodes the body that Reader.Next returned; the comment of the message lists
// its fields with their widths in bytes. A Parse function decodes its body to the end: a missing byte, a trailing byte
// and a count that the body cannot hold are errors that wrap ErrMalformed.
package wire

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	// Magic begins every HELLO.
	Magic = "TP0L"
	// Version is the version of the protocol that this package speaks.
	Version = 2
	// MaxText is the length of the longest text of a bet in bytes: one byte holds the length.
	MaxText = 255
	// MaxInFlight is the most batches that an agency may have sent without having read their results.
	MaxInFlight = 256
	// NoIndex is the Index of a Result that blames no single bet.
	NoIndex = 0xFFFF
)

var (
	// ErrCorrupt is in the error of Reader.Next for a frame whose size is impossible or whose checksum is wrong: bytes
	// were changed on the way, or the peer speaks another protocol. The central answers CodeCorrupt.
	ErrCorrupt = errors.New("corrupt frame")
	// ErrMalformed is in every error about a body that the protocol does not allow. The checksum of the frame is right,
	// so the peer has encoded the body in this way. The central answers CodeMalformed.
	ErrMalformed = errors.New("malformed frame")
	// ErrVersion is in the error of ParseHello for a peer that speaks another protocol or another version of this
	// one. The central answers CodeVersion.
	ErrVersion = errors.New("unsupported protocol version")
	// ErrVersion1 is in the error of Reader.Next for a peer that speaks version 1. The central answers with
	// AppendVersion1Error, which that peer can read. It wraps ErrVersion.
	ErrVersion1 = fmt.Errorf("%w 1", ErrVersion)
	// ErrTooLong is in the error of an Append function for a text of more than MaxText bytes.
	ErrTooLong = errors.New("text too long")
)

// Type is the third byte of a frame. It says which message the body holds.
type Type byte

// The types of frames. The agency sends TypeHello to TypeProof, the central TypeWelcome to TypeChallenge, and both
// TypeKeepAlive.
const (
	TypeHello     Type = 0x01
	TypeBatch     Type = 0x03
	TypeFinish    Type = 0x04
	TypeAsk       Type = 0x05
	TypeProof     Type = 0x06
	TypeKeepAlive Type = 0x7F
	TypeWelcome   Type = 0x81
	TypeResult    Type = 0x82
	TypeFinished  Type = 0x83
	TypeWinners   Type = 0x84
	TypeError     Type = 0x85
	TypeChallenge Type = 0x86
)

var typeNames = map[Type]string{
	TypeHello: "HELLO", TypeBatch: "BATCH", TypeFinish: "FINISH", TypeAsk: "ASK", TypeProof: "PROOF",
	TypeKeepAlive: "KEEPALIVE",
	TypeWelcome:   "WELCOME", TypeResult: "RESULT", TypeFinished: "FINISHED", TypeWinners: "WINNERS", TypeError: "ERROR", TypeChallenge: "CHALLENGE",
}

// String returns the protocol's name of the type, such as "HELLO".
func (t Type) String() string { return cmp.Or(typeNames[t], fmt.Sprintf("type 0x%02x", byte(t))) }

// Code is the outcome of a request, in a RESULT or an ERROR.
type Code byte

// The codes. docs/protocol.md says which of them close the connection.
const (
	CodeOK          Code = 0
	CodeMalformed   Code = 1
	CodeVersion     Code = 2
	CodeAgency      Code = 3
	CodeUnexpected  Code = 4
	CodeTimeout     Code = 5
	CodeReplaced    Code = 6
	CodeShutdown    Code = 7
	CodeBusy        Code = 8
	CodeCorrupt     Code = 9
	CodeFirstName   Code = 10
	CodeLastName    Code = 11
	CodeDocument    Code = 12
	CodeBirthdate   Code = 13
	CodePosition    Code = 20
	CodeStorage     Code = 21
	CodeFinished    Code = 22
	CodeDrawn       Code = 23
	CodeNotFinished Code = 24
	CodeMismatch    Code = 25
	CodeNoDraw      Code = 26
	CodeLimit       Code = 27
	CodeNoProof     Code = 30
	CodeWrongProof  Code = 31
	CodeNoSecret    Code = 32
)

var codeNames = map[Code]string{
	CodeOK: "ok", CodeMalformed: "malformed", CodeVersion: "version", CodeAgency: "agency", CodeUnexpected: "unexpected",
	CodeTimeout: "timeout", CodeReplaced: "replaced", CodeShutdown: "shutdown", CodeBusy: "busy", CodeCorrupt: "corrupt",
	CodeFirstName: "first_name", CodeLastName: "last_name", CodeDocument: "document", CodeBirthdate: "birthdate",
	CodePosition: "position", CodeStorage: "storage", CodeFinished: "finished", CodeDrawn: "drawn",
	CodeNotFinished: "not_finished", CodeMismatch: "mismatch", CodeNoDraw: "no_draw", CodeLimit: "limit",
	CodeNoProof: "no_proof", CodeWrongProof: "wrong_proof", CodeNoSecret: "no_secret",
}

// String returns the protocol's name of the code, such as "not_finished".
func (c Code) String() string { return cmp.Or(codeNames[c], fmt.Sprintf("code %d", byte(c))) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// NoBets returns the checksum of an agency without bets: the CRC-32C (RFC 3720, appendix B.4) of its number in 4 bytes.
// So two agencies with the same bets have different checksums.
func NoBets(agency uint32) uint32 {
	return crc32.Checksum(binary.BigEndian.AppendUint32(nil, agency), castagnoli)
}

// Checksum continues sum, the checksum of an agency's first bets, over the encoded bets that follow them. NoBets returns
// the sum to begin with.
func Checksum(sum uint32, encoded []byte) uint32 { return crc32.Update(sum, castagnoli, encoded) }

// malformed returns an error about a body of type t that wraps ErrMalformed.
func malformed(t Type, format string, args ...any) error {
	return fmt.Errorf("decode %v: %w: %s", t, ErrMalformed, fmt.Sprintf(format, args...))
}

// checkSize returns an error unless the body of a frame of type t has exactly size bytes.
func checkSize(t Type, body []byte, size int) error {
	if len(body) != size {
		return malformed(t, "%d bytes, want %d", len(body), size)
	}
	return nil
}
