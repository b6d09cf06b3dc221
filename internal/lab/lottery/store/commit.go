package store

import "fmt"

// group holds the batches that go to the disk together.
type group struct {
	records []byte // the records of all pieces, in order
	pieces  []piece
	done    chan struct{} // closed when the group is on disk or has failed
	err     error         // why the group failed; set before done is closed
}

// piece is one batch of a group.
type piece struct {
	ticket  *Ticket
	account *account
	after   Account // the agency's account with this batch
	winners []string
	end     int // where its records end in the group; they begin at the end of the piece before
}

func newGroup() *group { return &group{done: make(chan struct{})} }

// reset returns a new group with the buffers of g, which is done.
func (g *group) reset() *group {
	n := newGroup()
	clear(g.pieces)
	n.records, n.pieces = g.records[:0], g.pieces[:0]
	return n
}

// add adds a batch, with which the account will be after. Without an account it adds nothing: its ticket is done when the
// group is.
func (g *group) add(a *account, after Account, records []byte, winners []string) *Ticket {
	t := &Ticket{group: g}
	g.records = append(g.records, records...)
	g.pieces = append(g.pieces, piece{t, a, after, winners, len(g.records)})
	return t
}

// dropFailed removes the batches of failed accounts, because the batches before them are not stored. Their tickets fail
// with err when the group is done.
func (g *group) dropFailed(err error) {
	records, pieces := g.records[:0], g.pieces[:0]
	begin := 0
	for _, p := range g.pieces {
		end := p.end
		if p.account != nil && p.account.failed {
			p.ticket.err = err
			p.account = nil
		} else {
			records = append(records, g.records[begin:end]...)
		}
		begin = end
		p.end = len(records)
		pieces = append(pieces, p)
	}
	g.records, g.pieces = records, pieces
}

// Ticket reports whether a batch has become durable.
type Ticket struct {
	group *group
	err   error // why the batch failed without its group; set before the group is done
}

// Done returns a channel that is closed when the batch is durable or has failed.
func (t *Ticket) Done() <-chan struct{} { return t.group.done }

// Err waits for Done. It returns nil if the batch is durable. Otherwise nothing of the batch is stored, and the error
// wraps ErrStorage and the reason.
func (t *Ticket) Err() error {
	<-t.group.done
	if t.err != nil {
		return t.err
	}
	return t.group.err
}

// commit is the committer: the goroutine that writes one group after another, until Close.
func (s *Store) commit() {
	defer close(s.stopped)
	for {
		s.mu.Lock()
		for len(s.pending.pieces) == 0 && !s.closed {
			s.work.Wait()
		}
		g := s.pending
		if len(g.pieces) == 0 {
			s.mu.Unlock()
			return
		}
		s.pending = s.spare
		s.room.Broadcast()
		s.mu.Unlock()

		err := s.file.Append(g.records)

		s.mu.Lock()
		if err != nil {
			g.err = fmt.Errorf("%w: %w", ErrStorage, err)
			s.takeBack(g)
		} else {
			s.durable = s.file.Durable()
			for _, p := range g.pieces {
				if p.account != nil {
					p.account.durable = p.after
					s.keep(p.account, p.winners...)
				}
			}
		}
		s.spare = g.reset()
		s.mu.Unlock()
		close(g.done)
	}
}

// takeBack subtracts a failed group from the accounts, and removes the later batches of the same agencies from the next
// group.
func (s *Store) takeBack(g *group) {
	for _, p := range g.pieces {
		if p.account != nil {
			p.account.failed = true
			p.account.appended = p.account.durable
		}
	}
	s.pending.dropFailed(g.err)
	for _, p := range g.pieces {
		if p.account != nil {
			p.account.failed = false
		}
	}
}
