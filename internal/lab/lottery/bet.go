// Package lottery is the domain of the lab's lottery. It has the bets, their records in bets.csv, and HasWon. Of the
// packages below, store keeps bets.csv (StoreBets, LoadBets), draw keeps the finishes and the draw, and journal lets
// their files survive crashes. None of these packages knows a wire format or a network.
package lottery

import "fmt"

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
	if bad := b.badTexts(); bad != nil {
		return bad[0]
	}
	if !b.Birthdate.Valid() {
		return &FieldError{Field: Birthdate, Value: b.Birthdate.String(), Reason: reasonDate}
	}
	return nil
}

// badTexts returns an error for each text that is not allowed, in the order of a record.
func (b *Bet) badTexts() (bad []*FieldError) {
	for _, t := range [...]struct {
		field Field
		text  string
	}{{FirstName, b.FirstName}, {LastName, b.LastName}, {Document, b.Document}} {
		if reason := textReason(t.text); reason != "" {
			bad = append(bad, &FieldError{Field: t.field, Value: t.text, Reason: reason})
		}
	}
	return bad
}

// ParseBet returns an agency's bet of five texts from the environment, the birthdate as YYYY-MM-DD and the number in decimal
// digits, and an error for each bad field, in the order of a record.
func ParseBet(agency uint32, firstName, lastName, document, birthdate, number string) (b Bet, bad []*FieldError) {
	b = Bet{Agency: agency, FirstName: firstName, LastName: lastName, Document: document}
	bad = b.badTexts()
	var ok bool
	if b.Birthdate, ok = parseDate(birthdate); !ok {
		bad = append(bad, &FieldError{Field: Birthdate, Value: birthdate, Reason: reasonDate})
	}
	if b.Number, ok = parseUint32(number); !ok {
		bad = append(bad, &FieldError{Field: Number, Value: number, Reason: reasonNumber})
	}
	return b, bad
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

// The reasons of a FieldError for the same field of a record and of the environment.
const (
	reasonDate   = "is no date of the form YYYY-MM-DD"
	reasonNumber = "is no number from 0 to 4294967295"
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
