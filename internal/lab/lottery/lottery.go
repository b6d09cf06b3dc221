package lottery

import (
	"errors"
	"fmt"
	"sync"
)

// Lottery is a Store whose agencies 1 … N finish, each once, until all have;
// then the draw takes place, once and for good. It is safe for concurrent use.
//
// Finishes and the draw are in bets.csv.draw before anybody is told of them, so
// that they outlast the process.
type Lottery struct {
	*Store

	agencies uint32
	onDraw   func()
	marks    marks

	drawing sync.Mutex    // guards the draw itself, so that there is one
	drawnC  chan struct{} // closed when the draw has taken place

	// Under Store.mu:
	finished uint32 // how many of the agencies have
}

// Open opens the Store at path and the state of its lottery of that many
// agencies; of 0 there is no draw, and agencies may have any number but 0.
//
// onDraw is called once, when the draw has taken place, before anybody learns
// of it; not for a draw that took place in an earlier life. It may be called
// by Open. The caller closes the Lottery.
func Open(path string, agencies uint32, onDraw func(), o Options) (*Lottery, error) {
	o.winners = agencies > 0
	s, err := OpenStore(path, o)
	if err != nil {
		return nil, err
	}
	l := &Lottery{
		Store:    s,
		agencies: agencies,
		onDraw:   onDraw,
		marks:    marks{path: s.path + ".draw", noSync: o.NoSync, wrap: s.options.wrap},
		drawnC:   make(chan struct{}),
	}
	if err := l.restore(); err != nil {
		l.Close()
		return nil, fmt.Errorf("open draw: %w", err)
	}
	// What a crash has kept from being drawn; if it fails, those who ask try again.
	_ = l.draw()
	return l, nil
}

func (l *Lottery) restore() error {
	drawn := false
	err := l.marks.read(
		func(f finish) error {
			a := l.account(f.agency)
			if a.durable.Count != f.total || a.durable.Checksum != f.checksum {
				return fmt.Errorf("agency %d finished with %d bets, and %s holds %d, or others: %w",
					f.agency, f.total, l.path, a.durable.Count, ErrMismatch)
			}
			l.finish(f.agency, a)
			return nil
		},
		func(uint32) { drawn = true },
	)
	if err != nil || !drawn {
		return err
	}
	l.Store.drawn = true
	close(l.drawnC)
	return nil
}

// finish counts the agency, once.
func (l *Lottery) finish(agency uint32, a *account) {
	if !a.finished && agency >= 1 && agency <= l.agencies {
		l.finished++
	}
	a.finished, a.closed = true, true
}

// Check returns ErrAgency if the lottery has no agency of that number.
func (l *Lottery) Check(agency uint32) error {
	if agency == 0 || l.agencies > 0 && agency > l.agencies {
		return fmt.Errorf("%w: %d", ErrAgency, agency)
	}
	return nil
}

// Finished tells whether the agency has.
func (l *Lottery) Finished(agency uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accounts[agency]
	return a != nil && a.finished
}

// Finish marks, durably, that an agency has no more bets, and draws if it was
// the last one. The total and the checksum must be those of its Account, and
// its tickets done: ErrMismatch otherwise. To finish again changes nothing.
//
// Other errors are ErrNoDraw, ErrAgency, ErrDrawn for an agency that the draw
// was without, and ErrStorage. After that one, the finish may have been marked,
// and the draw may be what is missing: it is tried again by the next Finish or Winners.
func (l *Lottery) Finish(agency uint32, total uint64, checksum uint32) error {
	if l.agencies == 0 {
		return ErrNoDraw
	}
	if err := l.Check(agency); err != nil {
		return err
	}
	l.mu.Lock()
	a := l.account(agency)
	agrees := a.appended == a.durable && a.durable.Count == total && a.durable.Checksum == checksum
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
		if err := l.mark(agency, a, finish{agency, total, checksum}); err != nil {
			return err
		}
	}
	return l.draw()
}

func (l *Lottery) mark(agency uint32, a *account, f finish) error {
	err := l.marks.finished(f)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		// If the line may be in the file all the same, the account stays closed:
		// with more bets behind it the next start would find them at odds.
		a.closed = a.finished || l.marks.uncertain()
		return err
	}
	l.finish(agency, a)
	return nil
}

// draw draws if all have finished and nobody has drawn.
func (l *Lottery) draw() error {
	l.drawing.Lock()
	defer l.drawing.Unlock()
	return l.drawIfDue()
}

// drawIfDue is draw for the holder of drawing.
func (l *Lottery) drawIfDue() error {
	l.mu.Lock()
	due := l.agencies > 0 && l.finished == l.agencies && !l.Store.drawn
	l.mu.Unlock()
	if !due {
		return nil
	}
	if err := l.marks.drawn(l.agencies); err != nil {
		return fmt.Errorf("draw: %w", err)
	}
	l.mu.Lock()
	l.Store.drawn = true
	l.mu.Unlock()
	l.onDraw()
	close(l.drawnC)
	return nil
}

// Drawn returns a channel that is closed when the draw has taken place.
func (l *Lottery) Drawn() <-chan struct{} { return l.drawnC }

// Winners returns the documents of an agency's winners, in the order in which
// their bets were stored; the caller must not change them. Errors are
// ErrNoDraw, ErrNotFinished, ErrNotDrawn (wait for Drawn), and ErrStorage for a draw that
// is due and fails.
func (l *Lottery) Winners(agency uint32) ([]string, error) {
	if l.agencies == 0 {
		return nil, ErrNoDraw
	}
	if !l.Finished(agency) {
		return nil, ErrNotFinished
	}
	// While another draws there is nothing to try, but a channel to wait for.
	if l.drawing.TryLock() {
		err := l.drawIfDue()
		l.drawing.Unlock()
		if err != nil {
			return nil, err
		}
	}
	select {
	case <-l.drawnC:
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.accounts[agency].winners, nil
	default:
		return nil, ErrNotDrawn
	}
}

// Close closes the Store and the state. Nobody may be in Finish or Winners any more.
func (l *Lottery) Close() error {
	return errors.Join(l.Store.Close(), l.marks.close())
}
