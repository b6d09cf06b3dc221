package wire_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// The values were computed by Python's hmac.
func TestProof(t *testing.T) {
	mac := hmac.New(sha256.New, []byte(strings.Repeat("k", 32)))
	hello, challenge := wire.Hello{Agency: 258, Secret: true, Nonce: wire.Nonce([]byte("0123456789abcdef"))}, wire.Nonce([]byte("nonce of central"))
	const central = "0b283fbaee4be064829d66d76aea41d0f72442db2933e52d69945be59053679c"
	const agency = "8cc0a1f09fafec1aefce24b00254023938e7afc1e54399d2fd11fdd0550a07da"
	for range 2 { // the MAC may be used again
		if p := wire.NewProof(mac, wire.TypeChallenge, hello, challenge); fmt.Sprintf("%x", p) != central {
			t.Errorf("the central's proof is %x", p)
		}
		if p := wire.NewProof(mac, wire.TypeProof, hello, challenge); fmt.Sprintf("%x", p) != agency {
			t.Errorf("the agency's proof is %x", p)
		}
	}
	// Whatever differs, the proof is another.
	p := wire.NewProof(mac, wire.TypeProof, hello, challenge)
	other, waits, nonce := hello, hello, hello
	other.Agency++
	waits.Waits = true
	nonce.Nonce[15]++
	for _, h := range []wire.Hello{other, waits, nonce} {
		if p.Equal(wire.NewProof(mac, wire.TypeProof, h, challenge)) {
			t.Errorf("%+v has the same proof", h)
		}
	}
	if challenge[0]++; p.Equal(wire.NewProof(mac, wire.TypeProof, hello, challenge)) {
		t.Error("another challenge has the same proof")
	}
	if same := p; !p.Equal(same) {
		t.Error("a proof is not equal to itself")
	}
}

func TestNewNonce(t *testing.T) {
	if a, b := wire.NewNonce(), wire.NewNonce(); a == b || a == (wire.Nonce{}) {
		t.Errorf("%x, %x", a, b)
	}
}
