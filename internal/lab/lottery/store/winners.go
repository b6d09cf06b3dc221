package store

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/tp0-lab/composer/internal/lab/lottery"
)

const (
	// MaxKept is how many bytes of winners' documents the Store keeps in memory, of all agencies together. If the
	// winners of an agency do not fit, Winners.Next reads them from bets.csv for each answer.
	MaxKept = 4 << 20
	// documentSize is how many bytes MaxKept and MaxPortion count for a document besides its text.
	documentSize = 32
	// MaxPortion is how many bytes of documents one call of Winners.Next reads from bets.csv.
	MaxPortion = 64 << 10
)

// winners are the documents of an agency's winning bets on disk, in order.
type winners struct {
	documents []string
	bytes     int
	dropped   bool // they are in bets.csv only
}

// keep adds winners to the account. If that is too much for the memory, it drops all of the account's. The caller holds
// mu, or is the only user of the Store.
func (s *Store) keep(a *account, documents ...string) {
	w := &a.winners
	if w.dropped {
		return
	}
	for _, d := range documents {
		w.documents = append(w.documents, d)
		w.bytes += len(d) + documentSize
		s.kept += len(d) + documentSize
	}
	if s.kept > MaxKept {
		s.kept -= w.bytes
		*w = winners{dropped: true}
	}
}

// Winners reads the winners of one agency, in the order in which their bets were stored.
type Winners struct {
	store  *Store
	agency uint32
	kept   []string
	at     int64   // where in bets.csv the next portion begins
	read   Account // the agency's bets before at
	want   Account // all of the agency's bets
	done   bool
}

// Winners returns the winners of an agency, to be read with Next, as they are now. Options.Draw must be set.
func (s *Store) Winners(agency uint32) *Winners {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.account(agency)
	return &Winners{store: s, agency: agency, kept: a.winners.documents, done: !a.winners.dropped, read: noBets(agency), want: a.durable}
}

// scanning is held while Next reads a portion, so that only one block of bets.csv is in memory, however many agencies
// ask.
var scanning sync.Mutex

// errStopped is the error of Next after stop.
var errStopped = errors.New("stopped")

// Next returns the next documents, and whether there may be more. If the Store keeps the agency's winners in memory,
// Next returns all of them at once; otherwise it reads about MaxPortion bytes of documents from bets.csv. The caller
// must not change the documents. The error wraps ErrStorage if bets.csv does not hold the agency's bets any more, or if
// stop is closed.
func (w *Winners) Next(stop <-chan struct{}) (documents []string, more bool, err error) {
	if w.done {
		return w.kept, false, nil
	}
	scanning.Lock()
	defer scanning.Unlock()
	s := w.store
	s.mu.Lock()
	size := s.durable
	s.mu.Unlock()
	r := lottery.NewFileReader(io.NewSectionReader(s.file.Reader(), w.at, size-w.at), s.file.Path(), 0)
	var encoded []byte
	for n, portion := 0, 0; portion < MaxPortion; n++ {
		if n%1024 == 0 {
			select {
			case <-stop:
				return nil, false, fmt.Errorf("%w: %w", ErrStorage, errStopped)
			default:
			}
		}
		var b lottery.Bet
		if err := r.Read(&b); errors.Is(err, io.EOF) {
			w.done = true
			break
		} else if err != nil {
			return nil, false, fmt.Errorf("%w: %w", ErrStorage, err)
		}
		if b.Agency != w.agency {
			continue
		}
		encoded = s.options.Encode(encoded[:0], &b)
		w.read = w.read.With(1, encoded)
		if lottery.HasWon(b) {
			documents = append(documents, strings.Clone(b.Document))
			portion += len(b.Document) + documentSize
		}
	}
	w.at += r.Offset()
	if w.done && w.read != w.want {
		return nil, false, fmt.Errorf("%w: %s does not hold the %d bets of agency %d any more", ErrStorage, s.file.Path(), w.want.Count, w.agency)
	}
	return documents, !w.done, nil
}
