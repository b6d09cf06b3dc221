// Package wirebet translates between the bets of internal/lab/lottery and those of
// internal/lab/wire, which do not know each other, for both sides of the
// conversation.
package wirebet

import (
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// Of returns the bet as a frame has it: without its agency. Its texts are those
// of b.
func Of(b *lottery.Bet) wire.Bet {
	return wire.Bet{
		FirstName: b.FirstName,
		LastName:  b.LastName,
		Document:  b.Document,
		Year:      b.Birthdate.Year,
		Month:     b.Birthdate.Month,
		Day:       b.Birthdate.Day,
		Number:    b.Number,
	}
}

// Append appends the bet as it stands in a frame: what is sent, and what the
// checksums of both sides are taken over. A good bet (Bet.Check) is never too
// long; of another the error is wire.ErrTooLong.
func Append(dst []byte, b *lottery.Bet) ([]byte, error) {
	w := Of(b)
	return wire.AppendBet(dst, &w)
}

// Encode is Append of a good bet: the lottery.Options' Encode of a lottery that
// is served.
func Encode(dst []byte, b *lottery.Bet) []byte {
	dst, _ = Append(dst, b)
	return dst
}

// Put makes b the agency's bet that came in a frame. Its texts are those of w.
func Put(b *lottery.Bet, agency uint32, w *wire.Bet) {
	// Field by field: a whole Bet would be made elsewhere first, and copied.
	b.Agency = agency
	b.FirstName = w.FirstName
	b.LastName = w.LastName
	b.Document = w.Document
	b.Birthdate.Year = w.Year
	b.Birthdate.Month = w.Month
	b.Birthdate.Day = w.Day
	b.Number = w.Number
}
