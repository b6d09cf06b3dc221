package agency

import (
	"errors"
	"fmt"
	"net"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

var (
	// ErrRetryLimit is in the error when attempt after attempt has brought no
	// progress for Config.RetryLimit; the last attempt's own error is in it too.
	ErrRetryLimit = errors.New("gave up on the central")
	// ErrOtherBets is in the error when the central has bets of this agency
	// that are not the first of its file: to go on would append to somebody
	// else's.
	ErrOtherBets = errors.New("the central has other bets of this agency")
	// ErrProtocol is in the error when the central has answered with what the
	// protocol does not have in that place; it may be no central at all.
	ErrProtocol = errors.New("unexpected answer")
)

// RefusedError is the central's refusal: an ERROR, or a RESULT that is not ok.
type RefusedError struct {
	Code wire.Code
}

// Error returns what the code means, in the words of docs/protocol.md.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("refused by the central: %v (%s)", e.Code, meaning(e.Code))
}

func meaning(c wire.Code) string {
	switch c {
	case wire.CodeMalformed:
		return "it cannot read our frames"
	case wire.CodeVersion:
		return "it does not speak our version of the protocol"
	case wire.CodeAgency:
		return "it has no agency of this number"
	case wire.CodeUnexpected:
		return "the frame has no place here"
	case wire.CodeTimeout:
		return "we stalled"
	case wire.CodeReplaced:
		return "a newer connection of this agency took our place"
	case wire.CodeShutdown:
		return "it is going down"
	case wire.CodeFirstName, wire.CodeLastName, wire.CodeDocument, wire.CodeBirthdate, wire.CodeNumber:
		return "a bad field of a bet"
	case wire.CodePosition:
		return "the batch does not begin where the stored bets end"
	case wire.CodeStorage:
		return "it could not store them"
	case wire.CodeFinished:
		return "this agency has finished"
	case wire.CodeDrawn:
		return "the draw has taken place"
	case wire.CodeNotFinished:
		return "a question before finishing"
	case wire.CodeMismatch:
		return "it has stored something else"
	case wire.CodeNoDraw:
		return "it has no agencies to draw for"
	default:
		return "unknown"
	}
}

// lostError is that of a connection that could not be made or has broken:
// another may do better.
type lostError struct {
	doing string
	err   error
}

func (e *lostError) Error() string { return e.doing + ": " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// retryable tells whether to connect again: docs/protocol.md, "What each side
// does at each failure".
func retryable(err error) bool {
	if refused := new(RefusedError); errors.As(err, &refused) {
		switch refused.Code {
		case wire.CodeTimeout, wire.CodeShutdown, wire.CodeStorage, wire.CodePosition:
			return true
		}
		return false
	}
	if address := new(net.AddrError); errors.As(err, &address) {
		return false // no host:port, and never will be
	}
	lost := new(lostError)
	return errors.As(err, &lost)
}
