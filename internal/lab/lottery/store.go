package lottery

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"log/slog"
	"strings"
	"sync"

	"github.com/tp0-lab/composer/internal/lab/logline"
)

// The errors of a Store and a Lottery, for errors.Is.
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
	ErrLimit       = errors.New("limit of stored bets is reached")
	ErrClosed      = errors.New("store is closed")
)

// BetError is the error for the first bad bet of a batch. It unwraps to a *FieldError.
type BetError struct {
	Index int // in the batch, from 0
	Err   error
}

// Error returns the reason without the index, which means nothing to a person.
func (e *BetError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *BetError) Unwrap() error { return e.Err }

// MaxPending is how many bytes of records may wait for the disk before StoreBets blocks. There are two such buffers:
// one fills while the other is written.
const MaxPending = 4 << 20

// MaxAgencies is how many agencies may have bets where there is no draw, and so no number of agencies.
const MaxAgencies = 100_000

// Options configure a Store. Encode is required.
type Options struct {
	// Encode appends the encoded bet. The checksums of an Account are taken over this encoding (docs/protocol.md). It
	// must be able to encode every bet that Check accepts.
	Encode func(dst []byte, b *Bet) []byte
	// NoSync leaves out all fsyncs. Stored bets then outlast the process but not a crash of the machine.
	NoSync bool

	// MaxBets is how many bets of one agency are stored; 0 is no bound.
	MaxBets uint64
	// Log gets a line for each thing that recovery finds or cuts off, for the progress of a long start, and when a file
	// is not in its place any more or is back. Nil is no log.
	Log *slog.Logger

	wrap         func(file) file // for tests: wraps each file that is written
	winners      bool            // keep the winners' documents, for a draw
	syncDir      func(string) error
	progressStep int64 // bytes from one line about the progress of the start to the next
}

// Account says which bets of one agency are stored.
type Account struct {
	Count    uint64 // number of bets
	Checksum uint32 // CRC-32C of the agency's number, 4 bytes, big-endian, and of the encoded bets, in order
}

// noBets returns the account of an agency without bets.
func noBets(agency uint32) Account {
	return Account{Checksum: crc32.Checksum(binary.BigEndian.AppendUint32(nil, agency), castagnoli)}
}

// account is the state of one agency.
type account struct {
	durable  Account // the bets on disk
	appended Account // the bets on disk and in groups
	winners  winners
	closed   bool // takes no more bets, because the finish is on disk or about to be
	finished bool // the finish is on disk
	failed   bool // while takeBack runs for this account
}

// Store is the only way to read and write bets.csv. It is safe for concurrent use.
//
// Batches from all sides gather in one group while the committer writes the group before. Each group takes one write
// and one fsync. Even after a crash a batch is in the file as a whole or not at all (see journal.go).
type Store struct {
	options Options
	file    *appendFile // only the committer uses it, but for disk

	mu       sync.Mutex // guards the fields below
	work     sync.Cond  // the committer has something to do
	room     sync.Cond  // the committer has taken pending
	pending  *group
	spare    *group // the next pending, for its buffers
	accounts map[uint32]*account
	drawn    bool // the draw has taken place: no more bets
	closed   bool
	durable  int64 // length of the part of bets.csv that is whole and on disk
	kept     int   // bytes of all winners in memory
	stopped  chan struct{}
}

// OpenStore opens the bets.csv at path, and creates it in its directory if it is missing. It removes what a crash left
// half-written at the end. It reads the whole file for the accounts, until ctx is done; the error for a line that is
// not a record is a *LineError. A file that OpenStore does not recognise stays as it is. The caller closes the Store.
//
// Only one Store can have a file open: the error for a second one is ErrLocked. OpenStore accepts a file without write
// permission; StoreBets then tries to open it for writing, each time.
func OpenStore(ctx context.Context, path string, o Options) (*Store, error) {
	s, err := loadStore(ctx, path, o)
	if err != nil {
		return nil, err
	}
	s.start()
	return s, nil
}

// loadStore is OpenStore without any change to the file: start makes the changes.
func loadStore(ctx context.Context, path string, o Options) (*Store, error) {
	if o.wrap == nil {
		o.wrap = func(f file) file { return f }
	}
	if o.syncDir == nil {
		o.syncDir = syncDirectory
	}
	o.progressStep = cmp.Or(o.progressStep, progressStep)
	s := &Store{options: o, accounts: make(map[uint32]*account), stopped: make(chan struct{})}
	s.work.L, s.room.L = &s.mu, &s.mu
	s.pending, s.spare = newGroup(), newGroup()
	var err error
	if s.file, err = openAppendFile(path, true, &s.options); err != nil {
		return nil, fmt.Errorf("open bets: %w", err)
	}
	if err := s.file.load(ctx, s.count); err != nil {
		_ = s.file.release()
		return nil, fmt.Errorf("open bets: %w", err)
	}
	s.durable = s.file.durable
	return s, nil
}

// recovered logs what was found.
func (s *Store) recovered(finished int, drawn bool) {
	bets := uint64(0)
	for _, a := range s.accounts {
		bets += a.durable.Count
	}
	s.file.log(slog.LevelInfo, "recover_storage", logline.Success, slog.Uint64("bets", bets), slog.Int("agencies", len(s.accounts)),
		slog.Int("finished", finished), slog.Bool("drawn", drawn))
}

// start cuts off what a crash left, and starts the committer.
func (s *Store) start() {
	s.file.settle()
	go s.commit()
}

// count fills the accounts from the file.
func (s *Store) count(file io.Reader) error {
	var encoded []byte
	var b Bet // one for all, because Encode makes it escape
	for next, err := range bets(file, s.file.path) {
		if err != nil {
			return err
		}
		b = next
		a := s.account(b.Agency)
		encoded = s.options.Encode(encoded[:0], &b)
		a.durable = a.durable.with(1, encoded)
		if s.options.winners && HasWon(b) && !a.winners.dropped {
			s.keep(a, strings.Clone(b.Document))
		}
	}
	for _, a := range s.accounts {
		a.appended = a.durable
	}
	return nil
}

// with returns the account after n more bets.
func (a Account) with(n int, encoded []byte) Account {
	return Account{Count: a.Count + uint64(n), Checksum: crc32.Update(a.Checksum, castagnoli, encoded)}
}

// account returns the account of the agency, and creates it. The caller holds mu, or is the only user of the Store.
func (s *Store) account(agency uint32) *account {
	a := s.accounts[agency]
	if a == nil {
		a = &account{durable: noBets(agency), appended: noBets(agency)}
		s.accounts[agency] = a
	}
	return a
}

// Account returns the stored bets of an agency, without those that are still on their way to the disk.
func (s *Store) Account(agency uint32) Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.accounts[agency]; a != nil {
		return a.durable
	}
	return noBets(agency)
}

// LoadBets reads the bets that were on disk when the loop began, in the order of the file. It ends after an error. The
// strings of a bet are parts of a larger string: clone those that you keep.
func (s *Store) LoadBets() iter.Seq2[Bet, error] {
	return func(yield func(Bet, error) bool) {
		s.mu.Lock()
		size := s.durable
		s.mu.Unlock()
		bets(io.NewSectionReader(s.file.disk.Load(), 0, size), s.file.path)(yield)
	}
}

// bets returns the bets of a bets.csv. The loop ends after an error.
func bets(file io.Reader, name string) iter.Seq2[Bet, error] {
	return func(yield func(Bet, error) bool) {
		r := newStoreReader(file, name)
		var b Bet // Read sets all of it
		for {
			err := r.Read(&b)
			if errors.Is(err, io.EOF) || !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// StoreBets takes one batch of an agency and returns at once; the Ticket reports when the batch is on disk. The batch
// is stored as a whole or not at all. StoreBets blocks only while too many bytes wait for the disk.
//
// position is the number of the agency's bets before the batch, unanswered batches included; the error for another
// position is ErrPosition. encoded holds all bets in the encoding of Options.Encode. There is at least one bet, and all are
// bets of this agency. The error for a bad bet (Bet.Check) is a *BetError. StoreBets
// keeps none of its arguments.
//
// Other errors are ErrFinished, ErrDrawn, ErrLimit and ErrClosed. If a Ticket fails, the Tickets of the agency's later batches
// fail, too, and the next position is that of the failed batch.
func (s *Store) StoreBets(agency uint32, position uint64, bets []Bet, encoded []byte) (*Ticket, error) {
	s.mu.Lock()
	for len(s.pending.records) >= MaxPending && !s.closed {
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
	case s.options.MaxBets > 0 && position+uint64(len(bets)) > s.options.MaxBets, a == nil && !s.options.winners && len(s.accounts) >= MaxAgencies:
		return nil, ErrLimit
	case a == nil && position != 0, a != nil && a.appended.Count != position:
		return nil, ErrPosition
	}
	a = s.account(agency) // only now: a refused batch creates no account
	a.appended = a.appended.with(len(bets), encoded)
	t := s.pending.add(a, a.appended, *records, winners)
	s.work.Signal()
	return t, nil
}

// settle returns nil if the stored bets are in their place and no group that failed can come back after a crash: it is
// cut off for good.
func (s *Store) settle() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	t := s.pending.add(nil, Account{}, nil, nil)
	s.work.Signal()
	s.mu.Unlock()
	return t.Err()
}

var recordBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Close waits until all batches are on disk and closes the file. Later batches get ErrClosed. Close may be called
// again.
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
	if err := s.file.close(); err != nil {
		return fmt.Errorf("close bets: %w", err)
	}
	return nil
}
