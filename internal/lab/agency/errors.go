package agency

import (
	"cmp"
	"errors"
	"fmt"
	"net"

	"github.com/tp0-lab/composer/internal/lab/secure"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

var (
	// ErrRetryLimit is in the error when no attempt has brought progress for Config.RetryLimit. The error wraps the
	// error of the last attempt, too.
	ErrRetryLimit = errors.New("gave up on the central")
	// ErrOtherBets is in the error when the central has bets of this agency that are not the first bets of its file. The
	// agency stops, because its bets would follow those of somebody else.
	ErrOtherBets = errors.New("the central has other bets of this agency")
	// ErrFalseCentral is in the error when the central has not proved that it knows this agency's secret. The agency has
	// not sent its own proof, nor anything else.
	ErrFalseCentral = errors.New("the central does not know this agency's secret: it has been given another, or it is another central")
	// ErrProtocol is in the error when the protocol does not allow the answer at that point. The peer may not be a
	// central at all.
	ErrProtocol = errors.New("unexpected answer")
)

// RefusedError is the central's refusal: an ERROR, or a RESULT with a code other than ok.
type RefusedError struct {
	Code wire.Code
}

// Error returns the code and its meaning.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("refused by the central: %v (%s)", e.Code, cmp.Or(meanings[e.Code], "unknown"))
}

var meanings = map[wire.Code]string{
	wire.CodeMalformed:   "it cannot read our frames",
	wire.CodeVersion:     "it does not speak our version of the protocol: build server and client from the same project",
	wire.CodeAgency:      "it has no agency of this number",
	wire.CodeUnexpected:  "the frame has no place here",
	wire.CodeTimeout:     "we stalled",
	wire.CodeReplaced:    "another client of this agency took our place: two clients with one number, or one that was started again; we wait until it is gone",
	wire.CodeShutdown:    "it is going down",
	wire.CodeBusy:        "it has too many connections",
	wire.CodeCorrupt:     "a frame of ours arrived with other bytes",
	wire.CodeFirstName:   "a bad field of a bet",
	wire.CodeLastName:    "a bad field of a bet",
	wire.CodeDocument:    "a bad field of a bet",
	wire.CodeBirthdate:   "a bad field of a bet",
	wire.CodePosition:    "the batch does not begin where the stored bets end",
	wire.CodeStorage:     "it could not store them",
	wire.CodeFinished:    "this agency has finished",
	wire.CodeDrawn:       "the draw has taken place",
	wire.CodeNotFinished: "a question before finishing",
	wire.CodeMismatch:    "it has stored something else",
	wire.CodeNoDraw:      "it has no agencies to draw for",
	wire.CodeNoProof:     "it wants a proof, and this agency has no secret: set CLI_SECRET_FILE",
	wire.CodeWrongProof:  "our secret is not the one that it knows: make both with composer data secrets",
	wire.CodeNoSecret:    "it cannot prove who it is: give it SERVER_SECRET_FILE, or take this agency's secret away",
	wire.CodeLimit:       "it takes no more bets of this agency",
}

// lostError is the error of a connection that broke, or that could not be made. Another attempt may succeed.
type lostError struct {
	operation string
	err       error
}

func (e *lostError) Error() string { return e.operation + ": " + e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// retryable reports whether another attempt can succeed: docs/protocol-implementers.md, "What each side does at each failure".
func retryable(err error) bool {
	if refused := new(RefusedError); errors.As(err, &refused) {
		switch refused.Code {
		case wire.CodeTimeout, wire.CodeShutdown, wire.CodeBusy, wire.CodeCorrupt, wire.CodeReplaced, wire.CodeStorage, wire.CodePosition:
			return true
		}
		return false
	}
	if address := new(net.AddrError); errors.As(err, &address) {
		return false // the address is not host:port
	}
	if secure.Refused(err) {
		return false // it is not our central
	}
	lost := new(lostError)
	return errors.As(err, &lost)
}
