package wire

import (
	"crypto/hmac"
	"crypto/rand"
	"hash"
)

// Nonce is 16 bytes that nobody has used before.
type Nonce [16]byte

// NewNonce returns a Nonce.
func NewNonce() (n Nonce) {
	_, _ = rand.Read(n[:]) // never fails
	return n
}

// Proof is an HMAC-SHA-256 with an agency's key, by which one side proves to the other that it has the key. It is good
// for one handshake: a HELLO and the nonce of the CHALLENGE that answers it.
type Proof [32]byte

// NewProof returns the proof in a frame of type t: the central's in a TypeChallenge, the agency's in a TypeProof. mac
// is the HMAC-SHA-256 with the agency's key; NewProof resets it. The proof covers the type of the frame (1 byte), the
// body of HELLO and the nonce of CHALLENGE.
func NewProof(mac hash.Hash, t Type, hello Hello, challenge Nonce) (p Proof) {
	mac.Reset()
	mac.Write([]byte{byte(t)})
	mac.Write(hello.appendBody(nil))
	mac.Write(challenge[:])
	mac.Sum(p[:0])
	return p
}

// Equal compares proofs in constant time.
func (p Proof) Equal(other Proof) bool { return hmac.Equal(p[:], other[:]) }

// Challenge is the central's answer to the HELLO of an agency that has a secret.
// Body: nonce 16, proof 32.
type Challenge struct {
	Nonce Nonce
	Proof Proof // the central's
}

// AppendChallenge appends a CHALLENGE.
func AppendChallenge(dst []byte, c Challenge) []byte {
	start := len(dst)
	dst = appendHeader(dst, TypeChallenge, len(c.Nonce)+len(c.Proof))
	return seal(append(append(dst, c.Nonce[:]...), c.Proof[:]...), start)
}

// ParseChallenge decodes the body of a CHALLENGE.
func ParseChallenge(body []byte) (c Challenge, err error) {
	if err := checkSize(TypeChallenge, body, len(c.Nonce)+len(c.Proof)); err != nil {
		return Challenge{}, err
	}
	copy(c.Proof[:], body[copy(c.Nonce[:], body):])
	return c, nil
}

// AppendProof appends a PROOF, the agency's answer to CHALLENGE. Body: proof 32.
func AppendProof(dst []byte, p Proof) []byte {
	return seal(append(appendHeader(dst, TypeProof, len(p)), p[:]...), len(dst))
}

// ParseProof decodes the body of a PROOF.
func ParseProof(body []byte) (p Proof, err error) {
	if err := checkSize(TypeProof, body, len(p)); err != nil {
		return Proof{}, err
	}
	copy(p[:], body)
	return p, nil
}
