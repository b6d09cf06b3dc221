// Package secret has the secrets by which the server and the agencies of the lottery prove who they are. An operator
// makes one master secret. The key of each agency is derived from it, so the server needs the master secret only, and
// an agency its own key only.
package secret

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
)

// Size is the length of a secret in bytes.
const Size = 32

// keyLabel begins the HKDF info of an agency's key. The agency's number in decimal digits follows.
const keyLabel = "composer lottery, key of agency "

// Redacted is printed in place of every secret.
const Redacted = "[redacted]"

var errForm = errors.New("want 64 hexadecimal digits, or an agency's number, a colon and 64 hexadecimal digits")

// Secret is the master secret, or the secret of one agency. The zero Secret means that there is no secret.
//
// As a text, the master secret is 64 hexadecimal digits (`openssl rand -hex 32` makes one), and the secret of agency 3
// is "3:" and 64 digits. Only Text returns it: packages fmt, log/slog and encoding/json print Redacted.
type Secret struct {
	agency uint32 // 0 for the master secret
	bytes  hidden
}

// hidden points to a pointer to the bytes, because fmt prints unexported fields without asking for their String, and
// follows one pointer. nil is no secret.
type hidden **[Size]byte

func hide(b []byte) hidden { return new((*[Size]byte)(b)) }

// New returns a new master secret.
func New() Secret {
	b := make([]byte, Size)
	_, _ = rand.Read(b) // never fails
	return Secret{bytes: hide(b)}
}

// Parse reads a secret from its text. Space around it is trimmed, because a file ends with a newline. The error has no
// part of the text.
func Parse(text string) (Secret, error) {
	text = strings.TrimSpace(text)
	var s Secret
	if number, digits, ok := strings.Cut(text, ":"); ok {
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || n == 0 {
			return Secret{}, errForm
		}
		s.agency, text = uint32(n), digits
	}
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != Size {
		return Secret{}, errForm
	}
	s.bytes = hide(b)
	return s, nil
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.bytes == nil }

// IsMaster reports whether s is the master secret, and not that of one agency.
func (s Secret) IsMaster() bool { return s.bytes != nil && s.agency == 0 }

// Of derives the secret of an agency from the master secret. agency must be above 0. The secret of an agency returns
// itself for that agency, and an error for another one. The zero Secret returns an error.
func (s Secret) Of(agency uint32) (Secret, error) {
	switch {
	case s.IsZero():
		return Secret{}, errors.New("there is no secret")
	case s.agency == agency:
		return s, nil
	case s.agency != 0:
		return Secret{}, fmt.Errorf("it is the secret of agency %d, not of agency %d", s.agency, agency)
	}
	// It never fails: the length is within the limits of HKDF.
	b, err := hkdf.Key(sha256.New, (*s.bytes)[:], nil, keyLabel+strconv.FormatUint(uint64(agency), 10), Size)
	return Secret{agency: agency, bytes: hide(b)}, err
}

// NewMAC returns a new HMAC-SHA-256 with the secret of an agency, by which agency and server prove to each other who
// they are. It panics for the master secret and for the zero Secret, whose key would be known to everybody. Compare
// sums with hmac.Equal.
func (s Secret) NewMAC() hash.Hash {
	if s.agency == 0 {
		panic("secret: a MAC without the secret of an agency")
	}
	return hmac.New(sha256.New, (*s.bytes)[:])
}

// Text returns the secret as Parse reads it. It returns "" for no secret.
func (s Secret) Text() string {
	switch {
	case s.IsZero():
		return ""
	case s.agency == 0:
		return hex.EncodeToString((*s.bytes)[:])
	}
	return strconv.FormatUint(uint64(s.agency), 10) + ":" + hex.EncodeToString((*s.bytes)[:])
}

// UnmarshalText implements encoding.TextUnmarshaler, for package config.
func (s *Secret) UnmarshalText(text []byte) (err error) {
	*s, err = Parse(string(text))
	return err
}

// MarshalText implements encoding.TextMarshaler, for JSON and logs. It returns Redacted.
func (Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// String implements fmt.Stringer. It returns Redacted.
func (Secret) String() string { return Redacted }

// Format implements fmt.Formatter. It prints Redacted for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }
