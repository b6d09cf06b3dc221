// Package translate turns bets of the lottery into those of a frame, and back.
package translate

import (
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// Append appends the bet in the encoding of a frame. Bet.Check must accept the bet. Append is the Encode of
// store.Options.
func Append(dst []byte, b *lottery.Bet) []byte {
	dst, _ = wire.AppendBet(dst, &wire.Bet{ // a bet that Check accepts is never too long
		FirstName: b.FirstName,
		LastName:  b.LastName,
		Document:  b.Document,
		Year:      b.Birthdate.Year,
		Month:     b.Birthdate.Month,
		Day:       b.Birthdate.Day,
		Number:    b.Number,
	})
	return dst
}

// Set sets b to the agency's bet w. It shares the texts of w.
func Set(b *lottery.Bet, agency uint32, w *wire.Bet) {
	*b = lottery.Bet{
		Agency: agency, FirstName: w.FirstName, LastName: w.LastName, Document: w.Document,
		Birthdate: lottery.Date{Year: w.Year, Month: w.Month, Day: w.Day}, Number: w.Number,
	}
}
