// Package draw is the lottery as a whole: a store of bets, the agencies that finish, and the draw. Its file is
// bets.csv.draw.
package draw

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"sync"

	"github.com/tp0-lab/composer/internal/lab/closed"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
)

// The errors of a Lottery, for errors.Is, beside those of a store.Store.
var (
	ErrAgency      = errors.New("no such agency")
	ErrDrawn       = errors.New("draw has taken place")
	ErrNotFinished = errors.New("agency has not finished")
	ErrNotDrawn    = errors.New("draw has not taken place")
	ErrMismatch    = errors.New("total or checksum is not that of the stored bets")
	ErrNoDraw      = errors.New("lottery without agencies has no draw")
)

// Lottery is a store of bets with a draw. Each of its agencies 1 to N finishes once. When all agencies have finished,
// the draw takes place, once and for good. The Lottery writes each finish and the draw to bets.csv.draw before it tells
// anybody, so they survive a crash. It is safe for concurrent use.
type Lottery struct {
	store    *store.Store
	options  store.Options
	agencies uint32
	onDraw   func(tell func(told bool))
	drawFile *drawFile

	drawing sync.Mutex    // held during the draw, so that only one takes place
	drawn   chan struct{} // closed when the draw has taken place

	mu       sync.Mutex // guards the fields below
	finished map[uint32]bool
	left     uint32 // how many of the agencies 1 to N have not finished
}

// Open opens the store at path, see store.Load, and the finishes and the draw of its lottery. agencies is how many take
// part. With 0 agencies there is no draw, and an agency may have any number but 0. The caller closes the Lottery.
//
// onDraw writes the line about the draw to the log. The Lottery calls onDraw when the draw is on disk, and before any
// agency learns of the draw. onDraw calls tell(true) right before it writes the line, and tell(false) if the write
// fails. If the draw is on disk without tell(true), because of a crash or a failed write, the next Open calls onDraw.
// So the line is written once, unless a crash comes between tell(true) and the line.
func Open(ctx context.Context, path string, agencies uint32, onDraw func(tell func(told bool)), o store.Options) (*Lottery, error) {
	o.Draw = agencies > 0
	s, err := store.Load(ctx, path, o)
	if err != nil {
		return nil, err
	}
	l := &Lottery{
		store: s, options: o, agencies: agencies, onDraw: onDraw,
		drawn: make(chan struct{}), finished: make(map[uint32]bool), left: agencies,
	}
	var state state
	l.drawFile, state, err = loadDrawFile(ctx, s.File().Target()+suffix, o.Files)
	if err == nil {
		if err = l.restore(state); err != nil {
			_ = l.drawFile.file.Release()
		}
	}
	if err != nil {
		_ = s.File().Release()
		return nil, fmt.Errorf("open draw: %w", err)
	}
	// All files are ours.
	l.logRecovered(state)
	s.Start()
	l.drawFile.file.Settle()
	if state.drawn && !state.told {
		l.onDraw(l.drawFile.file.SetTold)
	}
	if state.drawn {
		close(l.drawn)
	}
	// A crash may have come before the draw. If it fails now, Finish and Winners try again.
	_ = l.draw()
	return l, nil
}

// logRecovered logs the numbers of bets, agencies and finishes that Open has found. It warns of bets of agencies that
// this lottery does not have, such as the bets of an earlier lottery.
func (l *Lottery) logRecovered(state state) {
	var others []uint32
	accounts := l.store.Accounts()
	all, ofOthers := uint64(0), uint64(0)
	for agency, a := range accounts {
		all += a.Count
		if l.Check(agency) != nil {
			others = append(others, agency)
			ofOthers += a.Count
		}
	}
	l.store.File().Log(slog.LevelInfo, "recover_storage", logline.Success, slog.Uint64("bets", all), slog.Int("agencies", len(accounts)),
		slog.Int("finished", len(state.finishes)), slog.Bool("drawn", state.drawn))
	if len(others) > 0 {
		l.store.File().Log(slog.LevelWarn, "check_agencies", logline.Success, slog.Uint64("bets", ofOthers), slog.Int("agencies", len(others)), slog.String("warning", fmt.Sprintf(
			"the draw is of agencies 1 to %d, and the file has bets of agency %d: raise the number of agencies, or begin with another file", l.agencies, slices.Max(others))))
	}
}

// restore finishes the agencies that the file of the draw names.
func (l *Lottery) restore(state state) error {
	var version1 map[uint32]store.Account
	for _, f := range state.finishes {
		a := l.store.Account(f.agency)
		if a != f.account && version1 == nil {
			var err error
			if version1, err = l.version1Accounts(); err != nil {
				return err
			}
		}
		if a != f.account && version1[f.agency] != f.account {
			return fmt.Errorf("agency %d finished with %d bets, and %s holds %d, or others: %w",
				f.agency, f.account.Count, l.store.File().Target(), a.Count, ErrMismatch)
		}
		l.store.CloseAccount(f.agency, a)
		l.finish(f.agency)
	}
	return nil
}

// finish notes that the agency has finished. The caller holds mu, or is the only user of the Lottery.
func (l *Lottery) finish(agency uint32) {
	if !l.finished[agency] && agency >= 1 && agency <= l.agencies {
		l.left--
	}
	l.finished[agency] = true
}

// version1Accounts returns the accounts with the checksums of version 1 of docs/protocol.md, which began with 0 and not
// with the agency's number: the finishes in a bets.csv.draw of that time have them. An agency without bets has the zero
// Account.
func (l *Lottery) version1Accounts() (map[uint32]store.Account, error) {
	accounts := make(map[uint32]store.Account)
	var encoded []byte
	for b, err := range l.store.LoadBets() {
		if err != nil {
			return nil, err
		}
		encoded = l.options.Encode(encoded[:0], &b)
		accounts[b.Agency] = accounts[b.Agency].With(1, encoded)
	}
	return accounts, nil
}

// StoreBets stores a batch as store.Store.StoreBets does. After the draw it returns ErrDrawn.
func (l *Lottery) StoreBets(agency uint32, position uint64, bets []lottery.Bet, encoded []byte) (*store.Ticket, error) {
	if l.isDrawn() {
		return nil, ErrDrawn
	}
	return l.store.StoreBets(agency, position, bets, encoded)
}

// LoadBets calls store.Store.LoadBets.
func (l *Lottery) LoadBets() iter.Seq2[lottery.Bet, error] { return l.store.LoadBets() }

// Account calls store.Store.Account.
func (l *Lottery) Account(agency uint32) store.Account { return l.store.Account(agency) }

// Check returns ErrAgency unless the lottery has an agency of that number.
func (l *Lottery) Check(agency uint32) error {
	if agency == 0 || l.agencies > 0 && agency > l.agencies {
		return fmt.Errorf("%w: %d", ErrAgency, agency)
	}
	return nil
}

// Finished reports whether the agency has finished.
func (l *Lottery) Finished(agency uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.finished[agency]
}

func (l *Lottery) isDrawn() bool { return closed.Is(l.drawn) }

// Finish records durably that an agency has no more bets, and draws if it was the last agency. The error is ErrMismatch
// unless total and checksum equal the agency's Account and all Tickets of the agency are done. A second Finish of an
// agency changes nothing and does not need the disk.
//
// Other errors are ErrNoDraw, ErrAgency, ErrDrawn for an agency that took no part in the draw, and store.ErrStorage.
// After store.ErrStorage the finish may be on disk without the draw: the next Finish or Winners tries the draw again.
func (l *Lottery) Finish(agency uint32, total uint64, checksum uint32) error {
	if l.agencies == 0 {
		return ErrNoDraw
	}
	if err := l.Check(agency); err != nil {
		return err
	}
	told := store.Account{Count: total, Checksum: checksum}
	if l.Finished(agency) && l.Account(agency) == told {
		return l.draw()
	}
	if err := l.store.Settle(); err != nil {
		return err
	}
	agrees := l.store.CloseAccount(agency, told)
	switch finished := l.Finished(agency); {
	case !agrees:
		return ErrMismatch
	case !finished && l.isDrawn():
		return ErrDrawn
	case !finished:
		if err := l.mark(finish{agency, told}); err != nil {
			return err
		}
	}
	return l.draw()
}

// mark makes the finish durable. The agency's account is closed.
func (l *Lottery) mark(f finish) error {
	err := l.drawFile.finished(f)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.finish(f.agency)
	} else if !l.finished[f.agency] && !l.drawFile.uncertain() {
		// If the line may be in the file all the same, the account stays closed: more bets would disagree with it at the
		// next start.
		l.store.ReopenAccount(f.agency)
	}
	return err
}

// draw draws if all agencies have finished and the draw has not taken place.
func (l *Lottery) draw() error {
	l.drawing.Lock()
	defer l.drawing.Unlock()
	return l.drawIfDue()
}

// drawIfDue is draw for a caller that holds drawing.
func (l *Lottery) drawIfDue() error {
	l.mu.Lock()
	due := l.agencies > 0 && l.left == 0 && !l.isDrawn()
	l.mu.Unlock()
	if !due {
		return nil
	}
	if err := l.drawFile.drawn(l.agencies); err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	l.onDraw(l.drawFile.file.SetTold)
	close(l.drawn)
	return nil
}

// Drawn returns a channel that is closed when the draw has taken place.
func (l *Lottery) Drawn() <-chan struct{} { return l.drawn }

// Winners returns the winners of an agency, to be read with Next. Errors are ErrNoDraw, ErrNotFinished, ErrNotDrawn
// (wait for Drawn), and store.ErrStorage if all agencies have finished and the draw cannot be written to disk.
func (l *Lottery) Winners(agency uint32) (*store.Winners, error) {
	if l.agencies == 0 {
		return nil, ErrNoDraw
	}
	if !l.Finished(agency) {
		return nil, ErrNotFinished
	}
	// While another caller draws there is nothing to try: the channel says when it is done.
	if l.drawing.TryLock() {
		err := l.drawIfDue()
		l.drawing.Unlock()
		if err != nil {
			return nil, err
		}
	}
	if !l.isDrawn() {
		return nil, ErrNotDrawn
	}
	return l.store.Winners(agency), nil
}

// Close closes the store and the file of the draw. No call of Finish or Winners may be running.
func (l *Lottery) Close() error {
	return errors.Join(l.store.Close(), l.drawFile.close())
}
