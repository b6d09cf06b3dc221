// Package lottery is the domain of the lab's lottery: bets, their records in
// bets.csv, the store that keeps them, and the draw. It knows no wire format
// and no network.
package lottery

import (
	"fmt"
	"strconv"
	"strings"
)

// WinningNumber is the number that wins; the lab fixes it.
const WinningNumber = 7574

// MaxText is the longest name or document, in bytes.
const MaxText = 255

// Bet is what one person bets on, through one agency. Its strings may be parts
// of a larger one (see FileReader): clone what is kept.
type Bet struct {
	Agency    uint32
	FirstName string
	LastName  string
	Document  string // text, so that leading zeros stay
	Birthdate Date
	Number    uint32
}

// HasWon tells whether the bet is on the winning number.
func HasWon(b Bet) bool { return b.Number == WinningNumber }

// Check returns nil if the bet can be stored, or else a *FieldError for the
// first field that is bad: names and the document are 1 to MaxText bytes of
// UTF-8 without control characters and line separators (a record is one line
// of bets.csv), and the birthdate exists. It does not look at Agency and does
// not allocate for a good bet.
func (b *Bet) Check() error {
	if f := b.check(); f != 0 {
		return b.fieldError(f)
	}
	return nil
}

// check returns the first bad field, or 0.
func (b *Bet) check() Field {
	switch {
	case !goodText(b.FirstName):
		return FirstName
	case !goodText(b.LastName):
		return LastName
	case !goodText(b.Document):
		return Document
	case !b.Birthdate.Valid():
		return Birthdate
	}
	return 0
}

func (b *Bet) fieldError(f Field) *FieldError {
	switch f {
	case FirstName:
		return textError(f, b.FirstName)
	case LastName:
		return textError(f, b.LastName)
	case Document:
		return textError(f, b.Document)
	default:
		return &FieldError{Field: f, Value: b.Birthdate.String(), Reason: reasonDate}
	}
}

// ParseBet makes a bet of six texts, as they stand in the environment or in a
// file: agency and number in decimal digits, birthdate as YYYY-MM-DD. Its error
// is nil or FieldErrors, with every field that is bad.
func ParseBet(agency, firstName, lastName, document, birthdate, number string) (Bet, error) {
	var bad FieldErrors
	b := Bet{FirstName: firstName, LastName: lastName, Document: document}
	var ok bool
	if b.Agency, ok = parseUint32(agency); !ok || b.Agency == 0 {
		bad = append(bad, &FieldError{Field: Agency, Value: agency, Reason: reasonAgency})
	}
	for _, t := range []struct {
		field Field
		text  string
	}{{FirstName, firstName}, {LastName, lastName}, {Document, document}} {
		if !goodText(t.text) {
			bad = append(bad, textError(t.field, t.text))
		}
	}
	var err error
	if b.Birthdate, err = ParseDate(birthdate); err != nil {
		bad = append(bad, &FieldError{Field: Birthdate, Value: birthdate, Reason: reasonDate})
	}
	if b.Number, ok = parseUint32(number); !ok {
		bad = append(bad, &FieldError{Field: Number, Value: number, Reason: reasonNumber})
	}
	if bad != nil {
		return Bet{}, bad
	}
	return b, nil
}

// parseUint32 reads decimal digits, leading zeros allowed, nothing else.
func parseUint32(s string) (uint32, bool) {
	if s == "" {
		return 0, false
	}
	var n uint64
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		if n = n*10 + uint64(d); n > 1<<32-1 {
			return 0, false
		}
	}
	return uint32(n), true
}

// Field names a field of a bet.
type Field uint8

// The fields, in the order of a record.
const (
	Agency Field = iota + 1
	FirstName
	LastName
	Document
	Birthdate
	Number
)

// String returns the field's name in words.
func (f Field) String() string {
	switch f {
	case Agency:
		return "agency"
	case FirstName:
		return "first name"
	case LastName:
		return "last name"
	case Document:
		return "document"
	case Birthdate:
		return "birthdate"
	case Number:
		return "number"
	}
	return "field " + strconv.Itoa(int(f))
}

// The reasons of a FieldError.
const (
	reasonEmpty   = "is empty"
	reasonLong    = "is over 255 bytes"
	reasonUTF8    = "is not UTF-8"
	reasonControl = "holds a control character"
	reasonDate    = "is no date of the form YYYY-MM-DD"
	reasonNumber  = "is no number from 0 to 4294967295"
	reasonAgency  = "is no number from 1 to 4294967295"
)

// FieldError says which field of a bet is bad, and why.
type FieldError struct {
	Field  Field
	Value  string // as it was given, of any length
	Reason string // "is empty"
}

// Error returns, for example, `birthdate "2000-02-30" is no date …`; of a long
// value only the beginning.
func (e *FieldError) Error() string {
	const most = 64
	switch v := e.Value; {
	case v == "":
		return e.Field.String() + " " + e.Reason
	case len(v) > most:
		return fmt.Sprintf("%s %q… %s", e.Field, v[:most], e.Reason)
	default:
		return fmt.Sprintf("%s %q %s", e.Field, v, e.Reason)
	}
}

// FieldErrors are all the bad fields of one bet, in the order of a record.
type FieldErrors []*FieldError

// Error returns the errors, separated by semicolons.
func (e FieldErrors) Error() string {
	var s string
	var sSb190 strings.Builder
	for i, f := range e {
		if i > 0 {
			sSb190.WriteString("; ")
		}
		sSb190.WriteString(f.Error())
	}
	s += sSb190.String()
	return s
}

// Unwrap lets errors.As find each one.
func (e FieldErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, f := range e {
		errs[i] = f
	}
	return errs
}
