package central

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// hello takes the connection from HELLO to WELCOME: the agency says who it is and proves it, an older connection of it
// makes room, and a place becomes free.
func (c *session) hello() error {
	h, err := c.introduce()
	if err != nil {
		return err
	}
	if c.server.config.Secret.IsZero() {
		if h.Secret {
			return errNoSecret
		}
	} else if err := c.challenge(h); err != nil {
		return err
	}
	c.agency = h.Agency
	var replaced bool
	if h.Waits {
		err = c.follow()
	} else {
		replaced, err = c.replace()
	}
	if err != nil {
		return err
	}
	c.place = c.server.turns.enter(c.agency)
	if !c.waitTelling(c.place.ready, func() { c.tellWait(c.server.turns.holders()...) }) {
		return c.cause
	}
	c.advanced = c.server.config.Now()
	a := c.server.lottery.Account(c.agency)
	c.write(wire.AppendWelcome(nil, wire.Welcome{Agency: c.agency, Stored: a.Count, Checksum: a.Checksum, Replaced: replaced}))
	return nil
}

func (c *session) introduce() (wire.Hello, error) {
	t, body, err := c.next(c.server.config.HelloTimeout)
	if err != nil {
		return wire.Hello{}, err
	}
	if t != wire.TypeHello {
		return wire.Hello{}, errUnexpected
	}
	h, err := wire.ParseHello(body)
	if err != nil {
		return wire.Hello{}, err
	}
	if c.server.lottery.Check(h.Agency) != nil {
		return wire.Hello{}, errAgency
	}
	return h, nil
}

// challenge proves to the agency that the server has the agency's secret, and wants a proof of the same.
func (c *session) challenge(h wire.Hello) error {
	if !h.Secret {
		return fmt.Errorf("agency %d: %w", h.Agency, errNoProof)
	}
	own, _ := c.server.config.Secret.Of(h.Agency) // the master secret has that of every agency
	mac, nonce := own.NewMAC(), wire.NewNonce()
	c.write(wire.AppendChallenge(nil, wire.Challenge{Nonce: nonce, Proof: wire.NewProof(mac, wire.TypeChallenge, h, nonce)}))
	t, body, err := c.next(c.server.config.HelloTimeout)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("agency %d: %w", h.Agency, errLeft)
	case err != nil:
		return err
	case t != wire.TypeProof:
		return errUnexpected
	}
	proof, err := wire.ParseProof(body)
	if err != nil {
		return err
	}
	if !proof.Equal(wire.NewProof(mac, wire.TypeProof, h, nonce)) {
		return fmt.Errorf("agency %d: %w", h.Agency, errWrongProof)
	}
	return nil
}

// courtesy is how long an older connection of an agency may go on before another takes its place: the end of one that
// its client has closed may arrive after the HELLO of the next.
const courtesy = 50 * time.Millisecond

// replace takes the place of an older connection of the agency, and waits for its end. It reports whether there was one.
func (c *session) replace() (bool, error) {
	old, ok := c.server.replace(c.agency, c)
	switch {
	case !ok:
		return false, errReplaced
	case old == nil:
		return false, nil
	}
	c.replaced = old.done
	select {
	case <-old.done:
		return false, nil
	case <-time.After(courtesy):
		old.stop(errReplaced)
	case <-c.stopped:
	}
	if !c.wait(old.done) {
		return false, c.cause
	}
	return true, nil
}

// follow waits until no other connection of the agency is open.
func (c *session) follow() error {
	for {
		current := c.server.follow(c.agency, c)
		if current == nil {
			return nil
		}
		if !c.waitTelling(current.done, func() { c.tellWait(c.agency) }) {
			return c.cause
		}
	}
}

func (c *session) tellWait(holders ...uint32) {
	c.log(slog.LevelInfo, "wait_turn", logline.InProgress, slog.Uint64("agencia", uint64(c.agency)),
		slog.String("turno_de", strings.Trim(fmt.Sprint(holders), "[]")))
}
