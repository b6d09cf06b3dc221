package agency

import (
	"errors"
	"fmt"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// single is one bet that is on its way to the central (ej5). It outlasts the connections: a connection that breaks leaves
// open whether the central has stored the bet, and the next WELCOME decides.
type single struct {
	encoded []byte
	sent    bool
	before  wire.Welcome // if sent: what was stored before the bet
}

// send sends the bet unless an earlier connection has stored it.
func (b *single) send(s *session) error {
	stored, err := b.stored(s.welcome)
	if stored || err != nil {
		return err
	}
	var w wire.BatchWriter
	w.Reset(s.welcome.Stored)
	w.Add(b.encoded) // a bet always fits into an empty batch
	b.sent, b.before = true, s.welcome
	s.out = append(s.out, w.Frame()...)
	if err := s.flush(); err != nil {
		return err
	}
	err = s.result(s.welcome.Stored, 1)
	if refused := new(refusal); errors.As(err, &refused) {
		b.sent = false
	}
	return err
}

// stored reports whether the bet that was sent is one of those of WELCOME. By then the connection on which it was sent is
// over for the central, which has stored the bet at its position or never will. Others may have placed bets of the same
// agency since: the checksum tells whose is at the position, unless there are several of them.
func (b *single) stored(now wire.Welcome) (bool, error) {
	if !b.sent || now.Stored <= b.before.Stored {
		return false, nil
	}
	if now.Stored == b.before.Stored+1 {
		return now.Checksum == wire.Checksum(b.before.Checksum, b.encoded), nil
	}
	return false, fmt.Errorf("%w: it had %d before our bet and has %d now: another client places bets of agency %d; look for the bet in the central's file before you place it again",
		ErrOtherBets, b.before.Stored, now.Stored, now.Agency)
}
