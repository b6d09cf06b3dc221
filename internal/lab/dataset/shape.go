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

// Shape is the size of a dataset: of agency 1, agency 2 and so on.
type Shape struct {
	Seed     uint64
	Agencies []Agency
}

// Agency is the size of one agency's file: the number of bets, and how many of them win.
type Agency struct {
	Bets    int
	Winners int
}

const maxAgencies = 1_000_000

// DefaultShape is the shape of the shipped .data/dataset.zip. It resembles the course's data: all agencies but the last
// have winners.
func DefaultShape() Shape {
	return shapeOf(DefaultSeed, []int{27_000, 25_500, 16_000, 9_200, 1_000})
}

// shapeOf lets one bet in 10,000 win, rounded up, but none of the last agency's: it is the case of an agency without
// winners.
func shapeOf(seed uint64, bets []int) Shape {
	s := Shape{Seed: seed, Agencies: make([]Agency, len(bets))}
	for i, n := range bets {
		s.Agencies[i].Bets = n
		if i < len(bets)-1 {
			s.Agencies[i].Winners = n/numbers + min(n%numbers, 1)
		}
	}
	return s
}

// NewShape makes a shape of a number of agencies and of the bets and the winners of each agency. A list of one number
// is for all agencies.
//
// Without agencies (0) their number is the length of the longer list, or else five. Without bets (nil) an agency has
// 1,000 bets. Without winners (nil) one bet in 10,000 wins, but none of the last agency's. Without all three, NewShape
// returns DefaultShape with the seed.
func NewShape(seed uint64, agencies int, bets, winners []int) (Shape, error) {
	s := DefaultShape()
	s.Seed = seed
	if agencies == 0 && len(bets) == 0 && len(winners) == 0 {
		return s, nil
	}
	if agencies == 0 {
		if agencies = max(len(bets), len(winners)); agencies == 1 {
			agencies = len(s.Agencies)
		}
	}
	if agencies < 1 || agencies > maxAgencies {
		return Shape{}, fmt.Errorf("%d agencies: want 1 … %d", agencies, maxAgencies)
	}
	if len(bets) == 0 {
		bets = []int{1_000}
	}
	bets, err := oneEach(agencies, bets, "bets")
	if err != nil {
		return Shape{}, err
	}
	s = shapeOf(seed, bets)
	if len(winners) > 0 {
		winners, err := oneEach(agencies, winners, "winners")
		if err != nil {
			return Shape{}, err
		}
		for i := range s.Agencies {
			s.Agencies[i].Winners = winners[i]
		}
	}
	_, err = s.Options()
	return s, err
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
	for _, a := range s.Agencies {
		bets += a.Bets
		winners += a.Winners
	}
	return bets, winners
}

// Options returns the options of Generate for each agency's file, in the order of the agencies. The error names the
// first agency with wrong numbers.
func (s Shape) Options() ([]Options, error) {
	all := make([]Options, len(s.Agencies))
	before := 0
	for i, a := range s.Agencies {
		o := Options{Agency: uint32(i + 1), Bets: a.Bets, Winners: a.Winners, Seed: s.Seed, Before: before}
		if err := o.check(); err != nil {
			return nil, err
		}
		before += a.Bets
		all[i] = o
	}
	return all, nil
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
