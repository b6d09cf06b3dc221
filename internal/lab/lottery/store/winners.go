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
	// MaxKept is how many bytes of winners' documents are kept in memory, of all agencies together. The winners of an
	// agency that are not kept are read from bets.csv again for each answer.
	MaxKept = 4 << 20
	// documentSize is what a document costs beside its bytes.
	documentSize = 32
	// MaxPortion is how many bytes of documents are read from bets.csv at once.
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

// scanning is held while a portion is read: there is one block of bets.csv in memory, whoever asks.
var scanning sync.Mutex

// errStopped is the error of Next after stop.
var errStopped = errors.New("stopped")

// Next returns the next documents, at most 64 KiB of them or all that are in memory, and whether there may be more. The
// caller must not change them. The error is ErrStorage if bets.csv does not hold the agency's bets any more, or if stop
// is closed.
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
