package lottery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/tp0-lab/composer/internal/lab/logline"
)

// Lottery is a Store with a draw. Its agencies 1 to N finish, each once; when all have, the draw takes place, once and
// for good. It is safe for concurrent use. Finishes and the draw are in bets.csv.draw before anybody learns of them, so
// they survive a crash.
type Lottery struct {
	*Store

	agencies uint32
	onDraw   func(tell func(told bool))
	drawFile *drawFile

	drawing sync.Mutex    // held during the draw, so that only one takes place
	drawnC  chan struct{} // closed when the draw has taken place

	finished uint32 // how many of the agencies have finished; guarded by Store.mu
}

// Open opens the Store at path and the state of its lottery of that many agencies: see OpenStore. With 0 agencies there
// is no draw, and an agency may have any number but 0. The caller closes the Lottery.
//
// onDraw tells people of the draw. It is called after the draw is on disk and before anybody learns of it. It calls
// tell(true) right before it tells, and tell(false) if that fails. Open itself calls onDraw if a crash came before
// tell(true), whether the draw is of an earlier process or not. So the draw is told once, unless a crash comes between
// tell and the telling itself.
func Open(ctx context.Context, path string, agencies uint32, onDraw func(tell func(told bool)), o Options) (*Lottery, error) {
	o.winners = agencies > 0
	s, err := loadStore(ctx, path, o)
	if err != nil {
		return nil, err
	}
	l := &Lottery{Store: s, agencies: agencies, onDraw: onDraw, drawnC: make(chan struct{})}
	var state state
	l.drawFile, state, err = loadDrawFile(ctx, strings.TrimSuffix(s.file.journal.path, journalSuffix)+".draw", &s.options)
	if err == nil {
		if err = l.restore(state); err != nil {
			_ = l.drawFile.file.release()
		}
	}
	if err != nil {
		_ = s.file.release()
		return nil, fmt.Errorf("open draw: %w", err)
	}
	// All files are ours.
	s.recovered(len(state.finishes), state.drawn)
	l.warnOfOthers()
	s.start()
	l.drawFile.file.settle()
	if state.drawn && !state.told {
		l.onDraw(l.drawFile.tell)
	}
	if state.drawn {
		close(l.drawnC)
	}
	// A crash may have come before the draw. If it fails now, Finish and Winners try again.
	_ = l.draw()
	return l, nil
}

// warnOfOthers logs that the file has bets of agencies that this lottery does not have, such as those of an earlier one.
func (l *Lottery) warnOfOthers() {
	var others []uint32
	bets := uint64(0)
	for agency, a := range l.accounts {
		if l.Check(agency) != nil {
			others = append(others, agency)
			bets += a.durable.Count
		}
	}
	if len(others) > 0 {
		l.file.log(slog.LevelWarn, "check_agencies", logline.Success, slog.Uint64("bets", bets), slog.Int("agencies", len(others)), slog.String("warning", fmt.Sprintf(
			"the draw is of agencies 1 to %d, and the file has bets of agency %d: raise the number of agencies, or begin with another file", l.agencies, slices.Max(others))))
	}
}

func (l *Lottery) restore(state state) error {
	var version1 map[uint32]Account
	for _, f := range state.finishes {
		a := l.account(f.agency)
		if a.durable != f.account && version1 == nil {
			var err error
			if version1, err = l.version1Accounts(); err != nil {
				return err
			}
		}
		if a.durable != f.account && version1[f.agency] != f.account {
			return fmt.Errorf("agency %d finished with %d bets, and %s holds %d, or others: %w",
				f.agency, f.account.Count, l.file.path, a.durable.Count, ErrMismatch)
		}
		l.finish(f.agency, a)
	}
	l.Store.drawn = state.drawn
	return nil
}

// version1Accounts returns the accounts with the checksums of version 1 of docs/protocol.md, which began with 0 and not
// with the agency's number: the finishes in a bets.csv.draw of that time have them. An agency without bets has the zero
// Account.
func (l *Lottery) version1Accounts() (map[uint32]Account, error) {
	accounts := make(map[uint32]Account)
	var encoded []byte
	for b, err := range l.LoadBets() {
		if err != nil {
			return nil, err
		}
		encoded = l.options.Encode(encoded[:0], &b)
		accounts[b.Agency] = accounts[b.Agency].with(1, encoded)
	}
	return accounts, nil
}

// finish marks the account as finished, and counts the agency if it was not.
func (l *Lottery) finish(agency uint32, a *account) {
	if !a.finished && agency >= 1 && agency <= l.agencies {
		l.finished++
	}
	a.finished, a.closed = true, true
}

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
	a := l.accounts[agency]
	return a != nil && a.finished
}

// Finish records durably that an agency has no more bets, and draws if it was the last agency. The error is ErrMismatch
// unless total and checksum are those of its Account and all its Tickets are done. Finishing again changes nothing and
// does not need the disk.
//
// Other errors are ErrNoDraw, ErrAgency, ErrDrawn for an agency that the draw was without, and ErrStorage. After
// ErrStorage the finish may be on disk without the draw: the next Finish or Winners tries the draw again.
func (l *Lottery) Finish(agency uint32, total uint64, checksum uint32) error {
	if l.agencies == 0 {
		return ErrNoDraw
	}
	if err := l.Check(agency); err != nil {
		return err
	}
	told := Account{total, checksum}
	if l.Finished(agency) && l.Account(agency) == told {
		return l.draw()
	}
	if err := l.settle(); err != nil {
		return err
	}
	l.mu.Lock()
	a := l.account(agency)
	agrees := a.appended == a.durable && a.durable == told
	finished, drawn := a.finished, l.Store.drawn
	if agrees {
		a.closed = true
	}
	l.mu.Unlock()
	switch {
	case !agrees:
		return ErrMismatch
	case !finished && drawn:
		return ErrDrawn
	case !finished:
		if err := l.mark(agency, a, finish{agency, told}); err != nil {
			return err
		}
	}
	return l.draw()
}

func (l *Lottery) mark(agency uint32, a *account, f finish) error {
	err := l.drawFile.finished(f)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		// If the line may be in the file all the same, the account stays closed: more bets would disagree with it at
		// the next start.
		a.closed = a.finished || l.drawFile.uncertain()
		return err
	}
	l.finish(agency, a)
	return nil
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
	due := l.agencies > 0 && l.finished == l.agencies && !l.Store.drawn
	l.mu.Unlock()
	if !due {
		return nil
	}
	if err := l.drawFile.drawn(l.agencies); err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	l.mu.Lock()
	l.Store.drawn = true
	l.mu.Unlock()
	l.onDraw(l.drawFile.tell)
	close(l.drawnC)
	return nil
}

// Drawn returns a channel that is closed when the draw has taken place.
func (l *Lottery) Drawn() <-chan struct{} { return l.drawnC }

// Winners returns the winners of an agency, to be read with Next. Errors are ErrNoDraw, ErrNotFinished, ErrNotDrawn
// (wait for Drawn), and ErrStorage for a draw that is due and fails.
func (l *Lottery) Winners(agency uint32) (*Winners, error) {
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
	select {
	case <-l.drawnC:
		return l.winnersOf(agency), nil
	default:
		return nil, ErrNotDrawn
	}
}

// Close closes the Store and the file of the draw. No call of Finish or Winners may be running.
func (l *Lottery) Close() error {
	return errors.Join(l.Store.Close(), l.drawFile.close())
}
