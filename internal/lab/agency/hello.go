package agency

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// hello takes the connection from HELLO to WELCOME, which comes when it is this agency's turn. With a secret, central
// and agency prove to each other that they have it, the central first.
func (s *session) hello(r *run) error {
	again := r.greeted
	h := wire.Hello{Agency: s.agency.config.Agency, Waits: r.waits, Secret: !s.agency.config.Secret.IsZero()}
	if h.Secret {
		h.Nonce = wire.NewNonce()
	}
	s.out = wire.AppendHello(s.out, h)
	r.greeted = true
	if err := s.flush(); err != nil {
		return err
	}
	if h.Secret {
		if err := s.prove(h); err != nil {
			return err
		}
	}
	body, err := s.expect(wire.TypeWelcome)
	if err != nil {
		return err
	}
	if s.welcome, err = wire.ParseWelcome(body); err != nil {
		return protocolError(err)
	}
	if got, want := s.welcome.Agency, h.Agency; got != want {
		return fmt.Errorf("%w: WELCOME of agency %d, want %d", ErrProtocol, got, want)
	}
	r.waits = false
	if s.welcome.Replaced && !again { // otherwise it may have been a connection of our own
		s.agency.log.LogAttrs(context.Background(), slog.LevelWarn, "connect", logline.Success, slog.String("warning", fmt.Sprintf(
			"we took the place of another client of agency %d: two clients with one number, or one that was started again", h.Agency)))
	}
	return nil
}

// prove waits for the central's proof and sends the agency's.
func (s *session) prove(h wire.Hello) error {
	body, err := s.expect(wire.TypeChallenge)
	if errors.Is(err, ErrProtocol) {
		return fmt.Errorf("%w: %w", ErrFalseCentral, err)
	}
	if err != nil {
		return err
	}
	c, err := wire.ParseChallenge(body)
	if err != nil {
		return protocolError(err)
	}
	mac := s.agency.config.Secret.NewMAC()
	if !c.Proof.Equal(wire.NewProof(mac, wire.TypeChallenge, h, c.Nonce)) {
		return ErrFalseCentral
	}
	s.out = wire.AppendProof(s.out, wire.NewProof(mac, wire.TypeProof, h, c.Nonce))
	return s.flush()
}
