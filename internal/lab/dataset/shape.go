// Package dataset generates, extracts and checks the files of the lottery's agencies: agency-1.csv … agency-N.csv, in a
// directory or in a zip archive.
package dataset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// DefaultSeed is the seed of the shipped .data/dataset.zip.
const DefaultSeed = 7574

// Shape describes the content of a dataset: first the file of agency 1, then the file of agency 2, and so on.
type Shape []Options

const maxAgencies = 1_000_000

// defaultBets are the bets of the agencies of DefaultShape, which resembles the course's data.
var defaultBets = []int{27_000, 25_500, 16_000, 9_200, 1_000}

// DefaultShape is the shape of the shipped .data/dataset.zip. All agencies but the last have winners.
func DefaultShape() Shape {
	s, _ := NewShape(DefaultSeed, 0, nil, nil) // it is a good one
	return s
}

// NewShape makes a shape of a number of agencies and of the bets and the winners of each agency. A list of one number
// is for all agencies.
//
// Without agencies (0) their number is the length of the longer list, or else five. Without bets (nil) an agency has
// 1,000 bets. Without winners (nil) one bet in 10,000 of each agency wins, rounded up. The last agency has no winners,
// so that a dataset has the case of an agency without winners. Without all three, NewShape returns DefaultShape with
// the seed.
func NewShape(seed uint64, agencies int, bets, winners []int) (Shape, error) {
	if agencies == 0 && len(bets) == 0 && len(winners) == 0 {
		bets = defaultBets
	}
	if agencies == 0 {
		if agencies = max(len(bets), len(winners)); agencies == 1 {
			agencies = len(defaultBets)
		}
	}
	if agencies < 1 || agencies > maxAgencies {
		return nil, fmt.Errorf("%d agencies: want 1 … %d", agencies, maxAgencies)
	}
	if len(bets) == 0 {
		bets = []int{1_000}
	}
	bets, err := oneEach(agencies, bets, "bets")
	if err == nil && len(winners) > 0 {
		winners, err = oneEach(agencies, winners, "winners")
	}
	if err != nil {
		return nil, err
	}
	s, before := make(Shape, agencies), 0
	for i, n := range bets {
		s[i] = Options{Agency: uint32(i + 1), Bets: n, Seed: seed, Before: before}
		switch {
		case len(winners) > 0:
			s[i].Winners = winners[i]
		case i < agencies-1:
			s[i].Winners = n/numbers + min(n%numbers, 1)
		}
		before += n
	}
	return s, s.check()
}

// oneEach returns a number for each agency. It repeats a single one.
func oneEach(agencies int, list []int, noun string) ([]int, error) {
	if len(list) == 1 {
		return slices.Repeat(list, agencies), nil
	}
	if len(list) != agencies {
		return nil, fmt.Errorf("%d numbers of %s for %d agencies: want one for all or one for each", len(list), noun, agencies)
	}
	return list, nil
}

// Totals returns the bets and the winners of all agencies together.
func (s Shape) Totals() (bets, winners int) {
	for _, o := range s {
		bets += o.Bets
		winners += o.Winners
	}
	return bets, winners
}

// check returns an error that names the first agency with wrong numbers.
func (s Shape) check() error {
	for _, o := range s {
		if err := o.check(); err != nil {
			return err
		}
	}
	return nil
}

// FileName returns the name of an agency's file: agency-N.csv.
func FileName(agency uint32) string {
	return fmt.Sprintf("agency-%d.csv", agency)
}

// AgencyOf returns the agency whose file has this name. A name with a directory is no agency's.
func AgencyOf(name string) (agency uint32, ok bool) {
	digits := strings.TrimSuffix(strings.TrimPrefix(name, "agency-"), ".csv")
	n, _ := strconv.ParseUint(digits, 10, 32)
	return uint32(n), n > 0 && name == FileName(uint32(n))
}
