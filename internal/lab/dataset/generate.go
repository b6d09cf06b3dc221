package dataset

import (
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"strconv"

	"github.com/tp0-lab/composer/internal/lab/lottery"
)

const (
	numbers = 10_000 // bets are on 0 … numbers-1

	// Documents are firstDocument and up, in rounds of documentRound. A round goes in steps of documentStep, which shares
	// no factor with documentRound. So a round visits each document once, and neighbours in a file look unrelated.
	firstDocument = 10_000_000
	documentRound = 40_000_000
	documentStep  = 24_721_359

	// Birthdates are in these years, so that everybody is an adult.
	firstBirthYear = 1945
	birthYears     = 61

	// block is how many bytes go into one write, and between two checks for a cancellation. longestRow bounds one row.
	block      = 64 << 10
	longestRow = 256
)

// Options are the content of one agency's file. The same options always give the same bytes.
type Options struct {
	Agency  uint32 // each agency has other bets
	Bets    int    // the number of rows
	Winners int    // the number of bets on lottery.WinningNumber
	Seed    uint64
	// Before is the number of bets of all agencies before this one. It makes documents distinct across agencies.
	Before int
}

func (o Options) check() error {
	if o.Winners < 0 || o.Winners > o.Bets {
		return fmt.Errorf("agency %d: %d winners of %d bets: want 0 … %[3]d", o.Agency, o.Winners, o.Bets)
	}
	return nil
}

// Generate writes an agency's file to w: rows of `first name,last name,document,YYYY-MM-DD,number`, each with CRLF at
// its end, without a header. It holds 64 KiB in memory, whatever the number of bets. The error is that of the options
// or of w.
//
// The random numbers are those of PCG-DXSM (math/rand/v2.PCG documents the algorithm), seeded with the seed and the
// agency. Generate brings them into range itself, because another version of Go may do it in another way.
func Generate(w io.Writer, o Options) error {
	return generate(w, o, func(int) error { return nil })
}

// generate is Generate. It calls progress after each block with the number of the block's bets, and stops at its error.
func generate(w io.Writer, o Options, progress func(bets int) error) error {
	if err := o.check(); err != nil {
		return err
	}
	g := generator{winners: o.Winners}
	g.random.Seed(o.Seed, uint64(o.Agency))
	// All agencies of a dataset walk the same documents, from a place that the seed decides.
	documents := rand.NewPCG(o.Seed, 0)
	g.firstStep, _ = bits.Mul64(documents.Uint64(), documentRound)

	buf := make([]byte, 0, block+longestRow)
	pending := 0
	for i := range o.Bets {
		buf = g.appendRow(buf, uint64(o.Before)+uint64(i), o.Bets-i)
		pending++
		if len(buf) < block && i < o.Bets-1 {
			continue
		}
		if _, err := w.Write(buf); err != nil {
			return fmt.Errorf("agency %d: %w", o.Agency, err)
		}
		if err := progress(pending); err != nil {
			return fmt.Errorf("agency %d: %w", o.Agency, err)
		}
		buf, pending = buf[:0], 0
	}
	return nil
}

type generator struct {
	random    rand.PCG
	firstStep uint64 // where the first round of documents begins
	winners   int    // still to be placed
}

// below returns a number in 0 … n-1. Its bias is n in 2^64.
func (g *generator) below(n uint64) uint64 {
	hi, _ := bits.Mul64(g.random.Uint64(), n)
	return hi
}

// appendRow appends the bet at a position of the dataset. left is the number of the agency's bets from this one on.
func (g *generator) appendRow(b []byte, position uint64, left int) []byte {
	given := women
	if g.below(2) == 0 {
		given = men
	}
	first := g.below(uint64(len(given)))
	b = append(b, given[first]...)
	if g.below(10) < 7 { // seven in ten have a second, different given name
		second := g.below(uint64(len(given) - 1))
		if second >= first {
			second++
		}
		b = append(b, ' ')
		b = append(b, given[second]...)
	}
	b = append(b, ',')
	b = append(b, surnames[g.below(uint64(len(surnames)))]...)
	b = append(b, ',')
	b = strconv.AppendUint(b, g.document(position), 10)
	b = append(b, ',')
	b = g.appendBirthdate(b)
	b = append(b, ',')
	b = strconv.AppendUint(b, g.number(left), 10)
	return append(b, '\r', '\n')
}

func (g *generator) document(position uint64) uint64 {
	round, place := position/documentRound, position%documentRound
	return firstDocument + round*documentRound + (g.firstStep+place*documentStep)%documentRound
}

func (g *generator) appendBirthdate(b []byte) []byte {
	d := lottery.Date{Year: uint16(firstBirthYear + g.below(birthYears)), Month: uint8(1 + g.below(12))}
	d.Day = uint8(1 + g.below(uint64(d.MonthDays())))
	return lottery.AppendDate(b, d)
}

// number returns the number of the next bet. It places the winners by selection sampling (Knuth, TAOCP 3.4.2, S): each
// bet that is left has the same chance to be one of the winners that are left. The other bets never win.
func (g *generator) number(left int) uint64 {
	if g.winners > 0 && g.below(uint64(left)) < uint64(g.winners) {
		g.winners--
		return lottery.WinningNumber
	}
	n := g.below(numbers - 1)
	if n >= lottery.WinningNumber {
		n++
	}
	return n
}
