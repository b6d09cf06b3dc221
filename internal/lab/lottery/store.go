package lottery

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// The errors that callers tell apart with errors.Is.
var (
	ErrPosition    = errors.New("batch does not begin where the stored bets end")
	ErrStorage     = errors.New("bets cannot be made durable")
	ErrLocked      = errors.New("file is in use by another central")
	ErrAgency      = errors.New("no such agency")
	ErrFinished    = errors.New("agency has finished")
	ErrDrawn       = errors.New("draw has taken place")
	ErrNotFinished = errors.New("agency has not finished")
	ErrNotDrawn    = errors.New("draw has not taken place")
	ErrMismatch    = errors.New("total or checksum is not that of the stored bets")
	ErrNoDraw      = errors.New("lottery without agencies has no draw")
	ErrClosed      = errors.New("store is closed")
)

// BetError says which bet of a batch is bad. It unwraps to a *FieldError.
type BetError struct {
	Index int // in the batch, from 0
	Err   error
}

// Error returns the reason alone: nobody sees the batch but who has made it.
func (e *BetError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *BetError) Unwrap() error { return e.Err }

// maxPending is how many bytes of records may wait for the disk before those
// who bring more have to wait. There are two such buffers: one is filled while the other is
// written.
const maxPending = 4 << 20

// Options say how a Store works. Encode is required.
type Options struct {
	// Encode appends the bet in the encoding over which an Account's checksums
	// are taken (docs/protocol.md). It must be able to encode every good bet.
	Encode func(dst []byte, b *Bet) []byte
	// NoSync leaves out all fsyncs: what is stored then outlasts the process, but
	// not the machine.
	NoSync bool

	wrap    func(file) file // for tests: puts itself before each file
	winners bool            // keep the winners' documents, for a draw
}

// Account is what the store holds of one agency.
type Account struct {
	Count    uint64 // bets
	Checksum uint32 // CRC-32C of the encoded bets, in order; 0 of none
	Last     uint32 // CRC-32C of the last encoded bet alone; 0 if there is none
}

// account is an agency's, with what is still on its way to the disk.
type account struct {
	durable  Account
	appended Account
	winners  []string // documents, of the durable bets, in order
	closed   bool     // takes no bets: has finished, or is about to
	finished bool     // and that is on disk
	failed   bool     // while a group that failed is taken back
}

// Store is the one way to bets.csv. It is safe for concurrent use.
//
// Batches from all sides gather in one group while the group before is being
// written; each group is one write and one fsync. A batch is whole in the file
// or not in it at all, also after a crash (see journal.go).
type Store struct {
	path    string // with symbolic links resolved
	options Options
	lock    *os.File // holds the lock, and is read from
	journal journal

	mu       sync.Mutex // guards the fields below
	work     sync.Cond  // there is something for the committer to do
	room     sync.Cond  // pending has been taken
	pending  *group
	spare    *group // for its buffers
	accounts map[uint32]*account
	drawn    bool // no bets are taken any more
	closed   bool
	durable  int64 // length of bets.csv up to which it is whole and on disk

	// Of the committer alone.
	f       file // nil: the file could not be opened for writing, so far
	tail    bool // bets.csv may hold bytes behind durable
	stopped chan struct{}
}

// OpenStore opens the bets.csv at path, and makes it if it is missing (its
// directory must be there). What a crash has left half-written at its end is
// not in it any more. It reads the whole file for the accounts; a line that is
// no record is a *LineError. The caller closes the store.
//
// While it is open, no other Store can open the same file: ErrLocked. A file
// that cannot be written to can be opened; StoreBets then tries again each
// time.
func OpenStore(path string, o Options) (*Store, error) {
	if o.wrap == nil {
		o.wrap = func(f file) file { return f }
	}
	s := &Store{options: o, accounts: make(map[uint32]*account), stopped: make(chan struct{})}
	s.work.L, s.room.L = &s.mu, &s.mu
	s.pending, s.spare = newGroup(), newGroup()
	if err := s.open(path); err != nil {
		_ = s.closeFiles()
		return nil, fmt.Errorf("open bets: %w", err)
	}
	go s.commit()
	return s, nil
}

func (s *Store) open(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	writable := err == nil
	if readOnly(err) {
		f, err = os.Open(path)
	}
	if err != nil {
		return err
	}
	s.lock = f
	if writable {
		s.f = s.options.wrap(diskFile{f})
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", path)
	}
	if err := lock(f); err != nil {
		return err
	}
	// Its companions lie beside the file itself, whichever link led to it.
	if s.path, err = filepath.EvalSymlinks(path); err != nil {
		return err
	}
	if writable && info.Size() == 0 && !s.options.NoSync {
		if err := syncDirectory(s.path); err != nil {
			return err
		}
	}
	s.journal = journal{path: s.path + ".journal", wrap: s.options.wrap}
	if s.durable, err = s.journal.recover(f, info.Size()); err != nil {
		return err
	}
	if s.durable, err = endOfLine(f, s.durable); err != nil {
		return err
	}
	if s.durable < info.Size() {
		s.tail = true
		if s.f != nil {
			_ = s.cutTail() // tried again before the next group
		}
	}
	return s.count()
}

// endOfLine returns the end of the last whole line in the first size bytes.
func endOfLine(r io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for size > 0 {
		n := min(size, int64(len(buf)))
		if _, err := r.ReadAt(buf[:n], size-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return size - n + int64(i) + 1, nil
		}
		size -= n
	}
	return 0, nil
}

// count fills the accounts from the file.
func (s *Store) count() error {
	var encoded []byte
	for b, err := range s.LoadBets() {
		if err != nil {
			return err
		}
		a := s.account(b.Agency)
		encoded = s.options.Encode(encoded[:0], &b)
		a.durable = a.durable.with(1, encoded, encoded)
		if s.options.winners && HasWon(b) {
			a.winners = append(a.winners, strings.Clone(b.Document))
		}
	}
	for _, a := range s.accounts {
		a.appended = a.durable
	}
	return nil
}

// with returns the account after n more bets.
func (a Account) with(n int, encoded, last []byte) Account {
	return Account{
		Count:    a.Count + uint64(n),
		Checksum: crc32.Update(a.Checksum, castagnoli, encoded),
		Last:     crc32.Checksum(last, castagnoli),
	}
}

// account returns the agency's. The caller holds mu, or the store alone.
func (s *Store) account(agency uint32) *account {
	a := s.accounts[agency]
	if a == nil {
		a = new(account)
		s.accounts[agency] = a
	}
	return a
}

// Account returns what is durably stored of an agency's bets.
func (s *Store) Account(agency uint32) Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.accounts[agency]; a != nil {
		return a.durable
	}
	return Account{}
}

// LoadBets returns the bets that were durably stored when the loop began, in
// the order of the file, as a stream; after an error there is nothing more. The
// strings of a bet are parts of a larger one: clone what is kept.
func (s *Store) LoadBets() iter.Seq2[Bet, error] {
	return func(yield func(Bet, error) bool) {
		s.mu.Lock()
		size := s.durable
		s.mu.Unlock()
		r := newStoreReader(io.NewSectionReader(s.lock, 0, size), s.path)
		for {
			var b Bet
			err := r.Read(&b)
			if errors.Is(err, io.EOF) || !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// StoreBets takes one batch of an agency, to be stored whole or not at all, and
// returns at once; the Ticket tells when it is durable. It waits only while too
// much waits for the disk already.
//
// position is the number of the agency's bets before the batch, those in
// unanswered batches included: ErrPosition if it is another. encoded is all
// bets as Options.Encode has them, last the last of them. The bets must be of
// this agency, and at least one; if one is bad (Bet.Check), the error is a
// *BetError. Nothing is kept of the arguments.
//
// Other errors are ErrFinished, ErrDrawn and ErrClosed. If the ticket fails,
// those of the agency's later batches do, too, and the next position is that
// of the failed one.
func (s *Store) StoreBets(agency uint32, position uint64, bets []Bet, encoded, last []byte) (*Ticket, error) {
	s.mu.Lock()
	for len(s.pending.records) >= maxPending && !s.closed {
		s.room.Wait()
	}
	s.mu.Unlock()

	records := recordBuffers.Get().(*[]byte)
	defer recordBuffers.Put(records)
	*records = (*records)[:0]
	var winners []string
	for i := range bets {
		var err error
		if *records, err = AppendRecord(*records, &bets[i]); err != nil {
			return nil, &BetError{i, err}
		}
		if s.options.winners && HasWon(bets[i]) {
			winners = append(winners, strings.Clone(bets[i].Document))
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[agency]
	switch {
	case s.closed:
		return nil, ErrClosed
	case s.drawn:
		return nil, ErrDrawn
	case a != nil && a.closed:
		return nil, ErrFinished
	case a == nil && position != 0, a != nil && a.appended.Count != position:
		return nil, ErrPosition
	}
	a = s.account(agency) // a refused batch leaves none behind
	a.appended = a.appended.with(len(bets), encoded, last)
	t := s.pending.add(a, *records, winners)
	s.work.Signal()
	return t, nil
}

var recordBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Close waits until all that was taken is on disk, then closes the file; batches
// that come later get ErrClosed. It may be called again.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.work.Signal()
	s.room.Broadcast()
	s.mu.Unlock()
	<-s.stopped
	if closed {
		return nil
	}
	var err error
	if !s.tail {
		err = s.journal.close()
	}
	return errors.Join(err, s.closeFiles())
}

func (s *Store) closeFiles() error {
	var err error
	if s.f != nil {
		err = s.f.Close()
	}
	if s.lock != nil {
		if e := s.lock.Close(); !errors.Is(e, os.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}
