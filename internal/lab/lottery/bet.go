// Package lottery is the domain of the lab's lottery. It has the bets and their records in bets.csv, and HasWon. Below
// it, store keeps bets.csv (StoreBets, LoadBets), draw has the finishes and the draw, and by journal their files survive
// crashes. None of them knows a wire format or a network.
package lottery

import (
	"fmt"
	"strings"
)

// WinningNumber is the number that wins. The lab's text fixes it.
const WinningNumber = 7574

// MaxText is the length of the longest name or document in bytes.
const MaxText = 255

// Bet is one person's bet through one agency. Its strings may be parts of a larger string (see FileReader): clone those
// that you keep.
type Bet struct {
	Agency    uint32
	FirstName string
	LastName  string
	Document  string // a text, which keeps leading zeros
	Birthdate Date
	Number    uint32
}

// HasWon reports whether the bet is on the winning number.
func HasWon(b Bet) bool { return b.Number == WinningNumber }

// Check returns a *FieldError for the first bad field, or nil. Names and the document are 1 to MaxText bytes of UTF-8
// without control characters and line separators, because a record is one line of bets.csv. The birthdate must exist.
// Check does not look at Agency, and does not allocate for a good bet.
func (b *Bet) Check() error {
	switch {
	case !goodText(b.FirstName):
		return textError(FirstName, b.FirstName)
	case !goodText(b.LastName):
		return textError(LastName, b.LastName)
	case !goodText(b.Document):
		return textError(Document, b.Document)
	case !b.Birthdate.Valid():
		return &FieldError{Field: Birthdate, Value: b.Birthdate.String(), Reason: reasonDate}
	}
	return nil
}

// ParseBet returns the bet of six texts from the environment: agency and number in decimal digits, birthdate as
// YYYY-MM-DD. The error is a FieldErrors with every bad field.
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
	if b.Birthdate, ok = parseDate(birthdate); !ok {
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

// parseUint32 reads decimal digits and nothing else. Leading zeros are allowed.
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

// Field is a field of a bet.
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

var fieldNames = [...]string{
	Agency: "agency", FirstName: "first name", LastName: "last name", Document: "document",
	Birthdate: "birthdate", Number: "number",
}

// String returns the field's name in words.
func (f Field) String() string { return fieldNames[f] }

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

// FieldError is the error for a bad field of a bet.
type FieldError struct {
	Field  Field
	Value  string // the bad text, of any length
	Reason string // "is empty"
}

// Error returns, for example, `birthdate "2000-02-30" is no date …`. It cuts a value after 64 bytes.
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

// FieldErrors holds the errors for all bad fields of one bet, in the order of a record.
type FieldErrors []*FieldError

// Error returns the errors with semicolons between them.
func (e FieldErrors) Error() string {
	texts := make([]string, len(e))
	for i, f := range e {
		texts[i] = f.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets errors.As find each one.
func (e FieldErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, f := range e {
		errs[i] = f
	}
	return errs
}
