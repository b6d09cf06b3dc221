package central

import (
	"cmp"
	"errors"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// The causes for the end of a session, other than the errors of wire and net.
var (
	errAgency     = errors.New("agency number is not one of the lottery's")
	errUnexpected = errors.New("frame has no place here")
	errTimeout    = errors.New("peer stalled")
	errTurn       = errors.New("nothing but KEEPALIVE for too long while other agencies wait for their turn (SERVER_TURN_TIMEOUT)")
	errReplaced   = errors.New("replaced by a newer connection of the agency")
	errBusy       = errors.New("too many connections (SERVER_MAX_CONNECTIONS)")
	errNoProof    = errors.New("agency has no secret, and this server wants a proof (CLI_SECRET_FILE)")
	errLeft       = errors.New("agency closed the connection in place of its proof: it has another secret than this server")
	errWrongProof = errors.New("proof is not one with the agency's secret: client and server have been given different secrets")
	errNoSecret   = errors.New("agency has a secret and wants a proof, and this server has none (SERVER_SECRET_FILE)")
	errShutdown   = errors.New("shutting down")
)

// codes are the codes for the causes that end a session, and for the errors of the lottery.
var codes = []struct {
	err  error
	code wire.Code
}{
	{wire.ErrCorrupt, wire.CodeCorrupt},
	{wire.ErrMalformed, wire.CodeMalformed},
	{wire.ErrVersion, wire.CodeVersion},
	{errAgency, wire.CodeAgency},
	{errUnexpected, wire.CodeUnexpected},
	{errTimeout, wire.CodeTimeout},
	{errTurn, wire.CodeTimeout},
	{errReplaced, wire.CodeReplaced},
	{errShutdown, wire.CodeShutdown},
	{errBusy, wire.CodeBusy},
	{errNoProof, wire.CodeNoProof},
	{errWrongProof, wire.CodeWrongProof},
	{errNoSecret, wire.CodeNoSecret},
	{store.ErrPosition, wire.CodePosition},
	{store.ErrFinished, wire.CodeFinished},
	{draw.ErrDrawn, wire.CodeDrawn},
	{draw.ErrNotFinished, wire.CodeNotFinished},
	{draw.ErrMismatch, wire.CodeMismatch},
	{draw.ErrNoDraw, wire.CodeNoDraw},
	{store.ErrLimit, wire.CodeLimit},
}

var fieldCodes = map[lottery.Field]wire.Code{
	lottery.FirstName: wire.CodeFirstName,
	lottery.LastName:  wire.CodeLastName,
	lottery.Document:  wire.CodeDocument,
	lottery.Birthdate: wire.CodeBirthdate,
}

// codeOf returns the code for an error, or otherwise for an error that has none.
func codeOf(err error, otherwise wire.Code) wire.Code {
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	if field, ok := errors.AsType[*lottery.FieldError](err); ok {
		return cmp.Or(fieldCodes[field.Field], otherwise)
	}
	return otherwise
}
