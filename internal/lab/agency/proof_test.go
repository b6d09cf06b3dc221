package agency

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

func ownOf(t *testing.T, s secret.Secret, agency uint32) secret.Secret {
	t.Helper()
	own, err := s.Of(agency)
	if err != nil {
		t.Fatal(err)
	}
	return own
}

// Each side refuses the other unless both have the secret of the agency, says why, and shows no secret.
func TestProofs(t *testing.T) {
	master, other := secret.New(), secret.New()
	for _, tt := range []struct {
		name      string
		central   secret.Secret
		agency    func(*testing.T) secret.Secret
		want      error  // of the agency
		inAgency  string // in the agency's log
		inCentral string // in the central's log
	}{
		{"both", master, func(t *testing.T) secret.Secret { t.Helper(); return ownOf(t, master, 1) }, nil, "apuesta_enviada | result: success", "apuesta_almacenada | result: success"},
		{"neither", secret.Secret{}, func(*testing.T) secret.Secret { return secret.Secret{} }, nil, "apuesta_enviada | result: success", "apuesta_almacenada | result: success"},
		{
			"the central alone", master, func(*testing.T) secret.Secret { return secret.Secret{} }, &RefusedError{wire.CodeNoProof},
			"apuesta_enviada | result: fail | dni: 00000001 | numero: 1 | error: refused by the central: no_proof (it wants a proof, and this agency has no secret: set CLI_SECRET_FILE)",
			"serve_connection | result: fail | ip: 127.0.0.1 | error: agency 1: agency has no secret",
		},
		{
			"the agency alone",
			secret.Secret{},
			func(t *testing.T) secret.Secret { t.Helper(); return ownOf(t, master, 1) }, &RefusedError{wire.CodeNoSecret},
			"apuesta_enviada | result: fail | dni: 00000001 | numero: 1 | error: refused by the central: no_secret (it cannot prove who it is: give it SERVER_SECRET_FILE, or take this agency's secret away)",
			"serve_connection | result: fail | ip: 127.0.0.1 | error: agency has a secret and wants a proof",
		},
		{
			"another secret", master, func(t *testing.T) secret.Secret { t.Helper(); return ownOf(t, other, 1) }, ErrFalseCentral,
			"apuesta_enviada | result: fail | dni: 00000001 | numero: 1 | error: the central does not know this agency's secret",
			"serve_connection | result: fail | ip: 127.0.0.1 | error: agency 1: agency closed the connection in place of its proof",
		},
		{
			"the secret of another agency", master, func(t *testing.T) secret.Secret { t.Helper(); return ownOf(t, master, 2) }, ErrFalseCentral,
			"apuesta_enviada | result: fail | dni: 00000001 | numero: 1 | error: the central does not know this agency's secret",
			"serve_connection | result: fail | ip: 127.0.0.1 | error: agency 1: agency closed the connection in place of its proof",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &realCentral{t: t, path: t.TempDir() + "/bets.csv", secret: tt.central, log: new(lines)}
			c.start()
			defer func() { c.stop() }()
			f := newFake(t) // for its log only
			a, log := f.agency(func(config *Config) { config.Dial, config.Secret = c.dial, tt.agency(t) })
			err := a.SendBet(t.Context(), domainBet(bet(1)))
			if refused := new(RefusedError); errors.As(tt.want, &refused) {
				if got := new(RefusedError); !errors.As(err, &got) || *got != *refused {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			} else if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			for limit := time.Now().Add(10 * time.Second); c.log.count(tt.inCentral) == 0 && time.Now().Before(limit); {
				time.Sleep(time.Millisecond)
			}
			c.stop()
			all := strings.Join(append(slices.Clone(log.all), c.log.all...), "\n")
			if log.count(tt.inAgency) != 1 || c.log.count(tt.inCentral) != 1 {
				t.Errorf("logged:\n%s", all)
			}
			for _, s := range []secret.Secret{master, other} {
				own, err := s.Of(1)
				if err != nil {
					t.Fatal(err)
				}
				for _, text := range []string{s.Text(), own.Text(), strings.TrimPrefix(own.Text(), "1:")} {
					if strings.Contains(all, text) {
						t.Error("a secret is in a log")
					}
				}
			}
		})
	}
}

// With secrets, everything else goes as without, through breaks of the connection, too.
func TestPlayWithSecrets(t *testing.T) {
	master := secret.New()
	c := &realCentral{t: t, path: t.TempDir() + "/bets.csv", agencies: 1, secret: master, log: new(lines)}
	c.start()
	defer func() { c.stop() }()
	path, broken := fileOf(t, bets(0, 95)...), 0
	f := newFake(t)
	a, _ := f.agency(func(config *Config) {
		config.Secret = ownOf(t, master, 1)
		config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := c.dial(ctx, network, address)
			if broken++; err == nil && broken < 4 {
				conn = &cutConn{conn, -1, broken * 20}
			}
			return conn, err
		}
	})
	if _, err := a.Play(t.Context(), path); err != nil {
		t.Error(err)
	}
	n := 0
	for _, err := range c.lottery.LoadBets() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 95 || broken < 4 {
		t.Errorf("%d bets after %d connections", n, broken)
	}
}

// An agency with a secret sends nothing to a central that has not proved that it knows the secret.
func TestFalseCentral(t *testing.T) {
	own := ownOf(t, secret.New(), 1)
	for _, tt := range []struct {
		name   string
		answer []byte
	}{
		{"no proof", wire.AppendWelcome(nil, wire.Welcome{Agency: 1, Checksum: wire.NoBets(1)})},
		{"any proof", wire.AppendChallenge(nil, wire.Challenge{})},
		{"a wait, then no proof", wire.AppendWelcome(wire.AppendEmpty(nil, wire.TypeKeepAlive), wire.Welcome{Agency: 1, Checksum: wire.NoBets(1)})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.meddle = func(_ int, _ wire.Type, _ []byte) []byte { return tt.answer }
				a, _ := f.agency(func(c *Config) { c.Secret = own })
				if err := a.SendBet(t.Context(), domainBet(bet(1))); !errors.Is(err, ErrFalseCentral) {
					t.Errorf("got %v, want %v", err, ErrFalseCentral)
				}
				f.diaryIs("0s HELLO")
			})
		})
	}
}

// Two clients with one number by mistake: both say so, both end well, and every bet is stored once.
func TestTwoClientsOfOneNumber(t *testing.T) {
	c := startCentral(t, 1, 1)
	path := fileOf(t, bets(0, 300)...)
	var logs []*lines
	done := make(chan error, 2)
	for i := range 2 {
		f := newFake(t) // for its log only
		a, log := f.agency(func(config *Config) {
			config.Dial, config.Period, config.MaxAmount = c.dial, 20*time.Millisecond, 10
		})
		logs = append(logs, log)
		go func() {
			_, err := a.Play(t.Context(), path)
			done <- err
		}()
		for i == 0 && log.count("batch_enviado") < 3 {
			time.Sleep(time.Millisecond)
		}
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := logs[0].count("connect | result: in_progress | server_address: central:12345 | error: refused by the central: replaced (another client"); n != 1 {
		t.Errorf("the first logged %q", logs[0].all)
	}
	if logs[1].count("connect | result: success | warning: we took the place of another client of agency 1") != 1 {
		t.Errorf("the second logged %q", logs[1].all)
	}
	n := 0
	for _, err := range c.lottery.LoadBets() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 300 {
		t.Errorf("%d bets are stored, want 300", n)
	}
}
