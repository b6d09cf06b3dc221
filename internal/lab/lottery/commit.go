package lottery

import (
	"fmt"
	"os"
)

// group is the batches that go to the disk together.
type group struct {
	records []byte // of all pieces, in order
	pieces  []piece
	done    chan struct{} // closed when the group's fate is known
	err     error         // then: why it failed
}

// piece is one batch of a group.
type piece struct {
	ticket  *Ticket
	account *account
	after   Account // the agency's account with this batch
	winners []string
	end     int // of its records in the group's; they begin where those before end
}

func newGroup() *group { return &group{done: make(chan struct{})} }

// reset makes a group of the buffers of one that is done.
func (g *group) reset() *group {
	n := newGroup()
	clear(g.pieces)
	n.records, n.pieces = g.records[:0], g.pieces[:0]
	return n
}

// add adds a batch that the account counts already.
func (g *group) add(a *account, records []byte, winners []string) *Ticket {
	t := &Ticket{group: g}
	g.records = append(g.records, records...)
	g.pieces = append(g.pieces, piece{t, a, a.appended, winners, len(g.records)})
	return t
}

// dropFailed takes the batches of failed accounts out of the group: they stand
// on others that are not stored. Their tickets fail, when the group is done.
func (g *group) dropFailed(err error) {
	records, pieces := g.records[:0], g.pieces[:0]
	begin := 0
	for _, p := range g.pieces {
		end := p.end
		if p.account.failed {
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

// Ticket is the promise that a batch will be durable, or that it will not be.
type Ticket struct {
	group *group
	err   error // why it failed apart from its group; set before the group is done
}

// Done returns a channel that is closed when Err knows.
func (t *Ticket) Done() <-chan struct{} { return t.group.done }

// Err waits for Done and returns nil if the batch is durable, and otherwise an
// error that wraps ErrStorage and the reason; then nothing of it is stored.
func (t *Ticket) Err() error {
	<-t.group.done
	if t.err != nil {
		return t.err
	}
	return t.group.err
}

// commit is the goroutine that writes group after group, until Close.
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
		begin := s.durable
		s.room.Broadcast()
		s.mu.Unlock()

		err := s.write(begin, g.records)

		s.mu.Lock()
		if err != nil {
			g.err = fmt.Errorf("%w: %w", ErrStorage, err)
			s.takeBack(g)
		} else {
			s.durable += int64(len(g.records))
			for _, p := range g.pieces {
				if p.account != nil {
					p.account.durable = p.after
					p.account.winners = append(p.account.winners, p.winners...)
				}
			}
		}
		s.spare = g.reset()
		s.mu.Unlock()
		close(g.done)
	}
}

// takeBack takes a failed group off the accounts, and from the next group what
// the same agencies have put behind it.
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

// write makes a group durable, or leaves the file without it.
func (s *Store) write(begin int64, records []byte) error {
	if len(records) == 0 {
		return nil
	}
	if s.f == nil {
		f, err := os.OpenFile(s.path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		s.f = s.options.wrap(diskFile{f})
	}
	if s.tail {
		if err := s.cutTail(); err != nil {
			return err
		}
	}
	if err := s.journal.write(begin, records); err != nil {
		return err
	}
	s.tail = true
	if err := s.put(begin, records); err != nil {
		// Even pages whose fsync failed are gone with it; if it
		// fails, the next group begins with it.
		_ = s.cutTail()
		return err
	}
	s.tail = false
	s.journal.done()
	return nil
}

func (s *Store) put(begin int64, records []byte) error {
	if _, err := s.f.WriteAt(records, begin); err != nil {
		return err
	}
	if s.options.NoSync {
		return nil
	}
	if err := s.journal.f.Sync(); err != nil {
		return err
	}
	return s.f.Sync()
}

// cutTail cuts what lies behind the durable bytes.
func (s *Store) cutTail() error {
	if err := s.f.Truncate(s.durable); err != nil {
		return err
	}
	s.tail = false
	return nil
}
