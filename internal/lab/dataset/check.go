package dataset

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tp0-lab/composer/internal/lab/lottery"
)

// Problem is a line of a file of which something is to be said.
type Problem struct {
	Line   int    `json:"line"` // from 1
	Reason string `json:"reason"`
}

// Report is what Check found in one file. Of bad lines and of warnings it
// lists the first ones, up to the limit, and counts all.
type Report struct {
	File     string    `json:"file"`
	Bets     int       `json:"bets"`    // good ones
	Winners  int       `json:"winners"` // of the good ones
	Bytes    int64     `json:"bytes"`   // that were read
	Bad      int       `json:"bad"`
	Unread   bool      `json:"unread"` // the last bad line is so long that what follows was not read
	Problems []Problem `json:"problems"`
	// Repeats are bets whose document and number the file had before: no
	// mistake for sure, but a likely one.
	Repeats  int       `json:"repeats"`
	Warnings []Problem `json:"warnings"`
}

// Check reads an agency's file as the agency will, and reports each line that
// is no bet, listing at most limit of them. It remembers a hash of each bet, about
// 50 bytes of memory, to find the repeated ones. The error is that of the file
// or of ctx.
func Check(ctx context.Context, file string, limit int) (Report, error) {
	agency, ok := agencyOf(filepath.Base(file))
	if !ok {
		agency = 1 // the bets of a file do not depend on it
	}
	f, err := os.Open(file)
	if err != nil {
		return Report{}, fmt.Errorf("check: %w", named(err))
	}
	defer f.Close()
	report, err := check(ctx, f, file, agency, limit)
	if err != nil {
		return Report{}, fmt.Errorf("check: %w", named(err))
	}
	return report, nil
}

// CheckReader is Check for what r reads. name stands for the file in the report and in errors.
func CheckReader(ctx context.Context, r io.Reader, name string, limit int) (Report, error) {
	report, err := check(ctx, r, name, 1, limit)
	if err != nil {
		return Report{}, fmt.Errorf("check %s: %w", name, named(err))
	}
	return report, nil
}

func check(ctx context.Context, r io.Reader, file string, agency uint32, limit int) (Report, error) {
	report := Report{File: file, Problems: []Problem{}, Warnings: []Problem{}} // [] in JSON, not null
	in := &countingReader{ctx: ctx, r: r}
	bets := lottery.NewFileReader(in, file, agency)
	repeated := newRepeats()
	var bet lottery.Bet
	var last *lottery.LineError
	for {
		err := bets.Read(&bet)
		var bad *lottery.LineError
		switch {
		case errors.Is(err, io.EOF):
			report.Bytes = in.n
			return report, nil
		case errors.As(err, &bad):
			if bad == last { // the reader cannot go on behind this line
				report.Unread = true
				report.Bytes = in.n
				return report, nil
			}
			last = bad
			report.Bad++
			if len(report.Problems) < limit {
				report.Problems = append(report.Problems, Problem{bad.Line, bad.Err.Error()})
			}
			continue
		case err != nil:
			return report, err
		}
		report.Bets++
		if lottery.HasWon(bet) {
			report.Winners++
		}
		if repeated.add(&bet) {
			report.Repeats++
			if len(report.Warnings) < limit {
				reason := fmt.Sprintf("document %.50q bets on %d again", bet.Document, bet.Number)
				report.Warnings = append(report.Warnings, Problem{bets.Line(), reason})
			}
		}
	}
}

// CheckFiles names the files that the arguments of a check stand for: of a
// directory its agency-N.csv, in the agencies' order, of anything else itself.
func CheckFiles(paths ...string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("check: %w", named(err))
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("check: %w", named(err))
		}
		var agencies []uint32
		for _, e := range entries {
			if agency, ok := agencyOf(e.Name()); ok {
				agencies = append(agencies, agency)
			}
		}
		if len(agencies) == 0 {
			return nil, fmt.Errorf("check: %s %w; `composer data extract` brings them", path, ErrNoAgencies)
		}
		slices.Sort(agencies)
		for _, agency := range agencies {
			files = append(files, filepath.Join(path, FileName(agency)))
		}
	}
	return files, nil
}

// countingReader counts what it reads, and ends with its context.
type countingReader struct {
	ctx context.Context
	r   io.Reader
	n   int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// repeats remembers the hashes of documents and numbers. That two different
// ones of ten million share a hash happens once in some hundred thousand files.
type repeats struct {
	seed maphash.Seed
	seen map[uint64]struct{}
}

func newRepeats() *repeats {
	return &repeats{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
}

// add tells whether the bet's document and number have been added before.
func (r *repeats) add(b *lottery.Bet) bool {
	var h maphash.Hash
	h.SetSeed(r.seed)
	_, _ = h.WriteString(b.Document) // never fails
	maphash.WriteComparable(&h, b.Number)
	sum := h.Sum64()
	if _, ok := r.seen[sum]; ok {
		return true
	}
	r.seen[sum] = struct{}{}
	return false
}

// named says which file an error is about, and not what was done to it.
func named(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("%s: %w", e.Path, e.Err)
	}
	return err
}
