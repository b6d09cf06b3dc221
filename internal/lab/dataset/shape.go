// Package dataset makes, unpacks and checks the files of the lottery's
// agencies: agency-1.csv … agency-N.csv, and the zip archive that holds them.
package dataset

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/tp0-lab/composer/internal/text"
)

// DefaultSeed is the seed of the shipped .data/dataset.zip.
const DefaultSeed = 7574

// Shape says what a dataset holds: the bets of agency 1, agency 2 and so on.
type Shape struct {
	Seed     uint64
	Agencies []Agency
}

// Agency is the size of one agency's file: how many bets, and how many of
// them, exactly, win.
type Agency struct {
	Bets    int
	Winners int
}

// MaxAgencies is the most agencies that NewShape takes.
const MaxAgencies = 1_000_000

// DefaultShape is the shape of the shipped .data/dataset.zip, about that of
// the course's data: some agencies have winners, the last has none.
func DefaultShape() Shape {
	return shapeOf(DefaultSeed, []int{27_000, 25_500, 16_000, 9_200, 1_000})
}

// shapeOf lets one bet in each 10,000 begun win, but none of the last
// agency's: an agency without winners is a case of its own.
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

// NewShape makes a shape of what people say: how many agencies, and the bets
// and the winners of each or, where there is a single number, of every one.
// What is left out, as 0 or nil, follows from the rest: agencies are as many
// as the lists are long, else five; bets are 1,000 each; winners are one in
// 10,000, of the last agency none. If all three are left out, it is the
// DefaultShape with this seed.
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
	if agencies < 1 || agencies > MaxAgencies {
		return Shape{}, fmt.Errorf("%d agencies: want 1 … %d", agencies, MaxAgencies)
	}
	if len(bets) == 0 {
		bets = []int{1_000}
	}
	bets, err := forEach(agencies, bets, "bets")
	if err != nil {
		return Shape{}, err
	}
	s = shapeOf(seed, bets)
	if len(winners) > 0 {
		winners, err := forEach(agencies, winners, "winners")
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

// forEach repeats a single number for each agency.
func forEach(agencies int, list []int, what string) ([]int, error) {
	if len(list) == 1 {
		return slices.Repeat(list, agencies), nil
	}
	if len(list) != agencies {
		return nil, fmt.Errorf("%d numbers of %s for %d agencies: want one for all or one for each", len(list), what, agencies)
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

// Options are those with which Generate writes each agency's file, in order.
// The error names the first agency that cannot be.
func (s Shape) Options() ([]Options, error) {
	all := make([]Options, len(s.Agencies))
	before := 0
	for i, a := range s.Agencies {
		o := Options{Agency: uint32(i + 1), Bets: a.Bets, Winners: a.Winners, Seed: s.Seed, Before: before}
		if err := o.check(); err != nil {
			return nil, err
		}
		if before > math.MaxInt-a.Bets {
			return nil, fmt.Errorf("agency %d: %d bets are too many in all", o.Agency, a.Bets)
		}
		before += a.Bets
		all[i] = o
	}
	return all, nil
}

// FileName is the name of an agency's file: agency-N.csv.
func FileName(agency uint32) string {
	return fmt.Sprintf("agency-%d.csv", agency)
}

var fileName = text.LazyRegexp(`^agency-([1-9][0-9]*)\.csv$`)

// agencyOf returns the agency whose file has this name, without a directory.
func agencyOf(name string) (uint32, bool) {
	m := fileName().FindStringSubmatch(name)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseUint(m[1], 10, 32)
	return uint32(n), err == nil
}

// Missing returns which of the agencies 1 … n have no file in dir. A directory
// in a file's place counts as missing: Docker makes one when it is told to
// mount a file that is not there.
func Missing(dir string, n int) ([]uint32, error) {
	var missing []uint32
	for i := 1; i <= n; i++ {
		info, err := os.Stat(filepath.Join(dir, FileName(uint32(i))))
		switch {
		case err == nil && info.Mode().IsRegular():
		case err == nil || os.IsNotExist(err):
			missing = append(missing, uint32(i))
		default:
			return nil, fmt.Errorf("look for agency files: %w", err)
		}
	}
	return missing, nil
}
