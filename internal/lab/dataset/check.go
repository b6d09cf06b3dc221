package dataset

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/lottery"
)

// Problem is a bad line of a file, or a line with a warning.
type Problem struct {
	Line   int    `json:"line"` // from 1
	Reason string `json:"reason"`
}

// Report is the result of Check for one file. Bad and Repeats count all bad lines and warnings; Problems and Warnings
// list the first of them, up to the limit.
type Report struct {
	File    string `json:"file"`
	Bets    int    `json:"bets"`    // good bets
	Winners int    `json:"winners"` // winners among the good bets
	Bytes   int64  `json:"bytes"`   // bytes that were read
	Bad     int    `json:"bad"`
	// Unread is true if the last bad line is so long that the rest of the file was not read.
	Unread   bool      `json:"unread"`
	Problems []Problem `json:"problems"`
	// Repeats counts bets with the document and the number of an earlier bet. A repeated bet is allowed, but it is
	// often a mistake.
	Repeats  int       `json:"repeats"`
	Warnings []Problem `json:"warnings"`
}

// Check reads an agency's file as the agency will, and reports each line that is not a bet. It lists at most limit bad
// lines and as many warnings. To find repeated bets it holds about 50 bytes of memory for each bet. The error is that
// of the file or of ctx.
func Check(ctx context.Context, file string, limit int) (Report, error) {
	f, err := files.OpenInput(file)
	if err != nil {
		return Report{}, fmt.Errorf("check %s: %w", file, files.Cause(err))
	}
	defer f.Close()
	return CheckReader(ctx, f, file, limit)
}

// CheckReader is Check for the content that r reads. name stands for the file in the report and in errors.
func CheckReader(ctx context.Context, r io.Reader, name string, limit int) (Report, error) {
	report := Report{File: name, Problems: []Problem{}, Warnings: []Problem{}} // [] in JSON, not null
	in := &boundedReader{ctx: ctx, r: r, bound: math.MaxInt64}
	bets := lottery.NewFileReader(in, name, 1) // any agency: the rules for a bet are the same for all
	// Two different bets of ten million have the same hash once in some hundred thousand files.
	type repeatKey struct {
		document string
		number   uint32
	}
	seed, seen := maphash.MakeSeed(), map[uint64]struct{}{}
	var bet lottery.Bet
	var last *lottery.LineError
	for !report.Unread {
		err := bets.Read(&bet)
		if errors.Is(err, io.EOF) {
			break
		}
		if bad, ok := errors.AsType[*lottery.LineError](err); ok {
			if bad == last { // the reader cannot go on behind this line
				report.Unread = true
				continue
			}
			last = bad
			report.Bad++
			if len(report.Problems) < limit {
				report.Problems = append(report.Problems, Problem{bad.Line, bad.Err.Error()})
			}
			continue
		}
		if err != nil {
			return Report{}, fmt.Errorf("check %s: %w", name, files.Cause(err))
		}
		report.Bets++
		if lottery.HasWon(bet) {
			report.Winners++
		}
		hash := maphash.Comparable(seed, repeatKey{bet.Document, bet.Number})
		if _, ok := seen[hash]; ok {
			report.Repeats++
			if len(report.Warnings) < limit {
				reason := fmt.Sprintf("document %.50q bets on %d again", bet.Document, bet.Number)
				report.Warnings = append(report.Warnings, Problem{bets.Line(), reason})
			}
		}
		seen[hash] = struct{}{}
	}
	report.Bytes = in.n
	return report, nil
}

// CheckFiles returns the agency-N.csv of a directory, in the order of the agencies. For any other path it returns the
// path itself.
func CheckFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", path, files.Cause(err))
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", path, files.Cause(err))
	}
	var agencies []uint32
	for _, e := range entries {
		if agency, ok := AgencyOf(e.Name()); ok {
			agencies = append(agencies, agency)
		}
	}
	if len(agencies) == 0 {
		return nil, fmt.Errorf("%s %w; `composer data extract` writes them", path, ErrNoAgencies)
	}
	slices.Sort(agencies)
	found := make([]string, len(agencies))
	for i, agency := range agencies {
		found[i] = filepath.Join(path, FileName(agency))
	}
	return found, nil
}
