// Package store keeps the bets of the lottery in bets.csv: StoreBets and LoadBets.
package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"strings"
	"sync"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
)

// The errors of a Store, for errors.Is. The error for a file that another Store has open is journal.ErrLocked.
var (
	ErrPosition = errors.New("batch does not begin where the stored bets end")
	ErrStorage  = errors.New("bets cannot be made durable")
	ErrFinished = errors.New("agency has finished")
	ErrLimit    = errors.New("limit of stored bets is reached")
	ErrClosed   = errors.New("store is closed")
)

// BetError is the error for the first bad bet of a batch. It unwraps to a *lottery.FieldError.
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

// MaxAgencies is the most agencies that may have bets if there is no draw, because then the number of agencies is not
// set.
const MaxAgencies = 100_000

// Options configure a Store. Encode is required.
type Options struct {
	// Encode appends the encoded bet. The checksums of an Account are taken over this encoding (docs/protocol.md). It
	// must be able to encode every bet that Check accepts.
	Encode func(dst []byte, b *lottery.Bet) []byte
	// MaxBets is how many bets of one agency are stored; 0 is no bound.
	MaxBets uint64
	// Draw says that there is a draw: the agencies are known, and the documents of winners are kept for Winners.
	Draw bool
	// Files are the options of bets.csv and the files beside it.
	Files journal.Options
}

// Account says which bets of one agency are stored.
type Account struct {
	Count    uint64 // number of bets
	Checksum uint32 // CRC-32C of the agency's number, 4 bytes, big-endian, and of the encoded bets, in order
}

func noBets(agency uint32) Account {
	return Account{Checksum: crc32.Checksum(binary.BigEndian.AppendUint32(nil, agency), journal.Castagnoli)}
}

// account is the state of one agency.
type account struct {
	durable  Account // the bets on disk
	appended Account // the bets on disk and in groups
	winners  winners
	closed   bool // takes no more bets: see CloseAccount
	failed   bool // while takeBack runs for this account
}

// Store is the only way to read and write bets.csv. It is safe for concurrent use.
//
// Batches from all sides gather in one group while the committer writes the group before. Each group takes one write
// and one fsync. Even after a crash a batch is in the file as a whole or not at all: see package journal.
type Store struct {
	options Options
	file    *journal.File // only the committer uses it, but for Reader and Log

	mu       sync.Mutex // guards the fields below
	work     sync.Cond  // the committer has something to do
	room     sync.Cond  // the committer has taken pending
	pending  *group
	spare    *group // the next pending, for its buffers
	accounts map[uint32]*account
	closed   bool
	durable  int64 // length of the part of bets.csv that is whole and on disk
	kept     int   // bytes of all winners in memory
	stopped  chan struct{}
}

// Load opens the bets.csv at path, and creates it in its directory if it is missing. It reads the whole file for the
// accounts, until ctx is done; the error for a line that is not a record is a *lottery.LineError. It changes nothing in
// the file. Before any other method that writes, the caller calls Start. In the end the caller calls Close, or without
// Start, File().Release.
//
// Only one Store can have a file open: the error for a second one is journal.ErrLocked. Load accepts a file without write
// permission; StoreBets then tries to open it for writing, each time.
func Load(ctx context.Context, path string, o Options) (*Store, error) {
	s := &Store{options: o, accounts: make(map[uint32]*account), stopped: make(chan struct{})}
	s.work.L, s.room.L = &s.mu, &s.mu
	s.pending, s.spare = newGroup(), newGroup()
	var err error
	if s.file, err = journal.Open(path, true, s.options.Files); err != nil {
		return nil, fmt.Errorf("open bets: %w", err)
	}
	if err := s.file.Load(ctx, s.count); err != nil {
		_ = s.file.Release()
		return nil, fmt.Errorf("open bets: %w", err)
	}
	s.durable = s.file.Durable()
	return s, nil
}

// Start cuts off a group at the end of the file that a crash has left half-written, and starts the committer. The
// caller calls it once, after Load.
func (s *Store) Start() {
	s.file.Settle()
	go s.commit()
}

// File returns the journal.File of bets.csv. The caller may call Target and Log at any time, and Release in place of
// Start and Close.
func (s *Store) File() *journal.File { return s.file }

// count fills the accounts from the file.
func (s *Store) count(file io.Reader) error {
	var encoded []byte
	var b lottery.Bet // one for all, because Encode makes it escape
	for next, err := range bets(file, s.file.Path()) {
		if err != nil {
			return err
		}
		b = next
		a := s.account(b.Agency)
		encoded = s.options.Encode(encoded[:0], &b)
		a.durable = a.durable.With(1, encoded)
		if s.options.Draw && lottery.HasWon(b) && !a.winners.dropped {
			s.keep(a, strings.Clone(b.Document))
		}
	}
	for _, a := range s.accounts {
		a.appended = a.durable
	}
	return nil
}

// With returns the account after n more bets, in their encoding.
func (a Account) With(n int, encoded []byte) Account {
	return Account{Count: a.Count + uint64(n), Checksum: crc32.Update(a.Checksum, journal.Castagnoli, encoded)}
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

// Accounts returns the stored bets of all agencies that have an account, by agency.
func (s *Store) Accounts() map[uint32]Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	accounts := make(map[uint32]Account, len(s.accounts))
	for agency, a := range s.accounts {
		accounts[agency] = a.durable
	}
	return accounts
}

// CloseAccount makes StoreBets refuse more bets of the agency, with ErrFinished, and returns true. If want is not the
// agency's Account, or not all of the agency's Tickets are done, CloseAccount changes nothing and returns false.
func (s *Store) CloseAccount(agency uint32, want Account) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.account(agency)
	agrees := a.appended == a.durable && a.durable == want
	a.closed = a.closed || agrees
	return agrees
}

// ReopenAccount lets StoreBets take bets of the agency again after CloseAccount.
func (s *Store) ReopenAccount(agency uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account(agency).closed = false
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
func (s *Store) LoadBets() iter.Seq2[lottery.Bet, error] {
	return func(yield func(lottery.Bet, error) bool) {
		s.mu.Lock()
		size := s.durable
		s.mu.Unlock()
		bets(io.NewSectionReader(s.file.Reader(), 0, size), s.file.Path())(yield)
	}
}

// bets returns the bets of a bets.csv. The loop ends after an error.
func bets(file io.Reader, name string) iter.Seq2[lottery.Bet, error] {
	return func(yield func(lottery.Bet, error) bool) {
		r := lottery.NewFileReader(file, name, 0)
		var b lottery.Bet // Read sets all of it
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
// position is ErrPosition. encoded holds all bets in the encoding of Options.Encode. bets has at least one bet, and
// only bets of this agency. The error for a bad bet (Bet.Check) is a *BetError. StoreBets keeps none of its arguments.
//
// Other errors are ErrFinished, ErrLimit and ErrClosed. If a Ticket fails, the Tickets of the agency's later batches
// fail, too, and the agency's next batch must have the position of the failed batch.
func (s *Store) StoreBets(agency uint32, position uint64, bets []lottery.Bet, encoded []byte) (*Ticket, error) {
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
		if *records, err = lottery.AppendRecord(*records, &bets[i]); err != nil {
			return nil, &BetError{i, err}
		}
		if s.options.Draw && lottery.HasWon(bets[i]) {
			winners = append(winners, strings.Clone(bets[i].Document))
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[agency]
	switch {
	case s.closed:
		return nil, ErrClosed
	case a != nil && a.closed:
		return nil, ErrFinished
	case s.options.MaxBets > 0 && position+uint64(len(bets)) > s.options.MaxBets, a == nil && !s.options.Draw && len(s.accounts) >= MaxAgencies:
		return nil, ErrLimit
	case a == nil && position != 0, a != nil && a.appended.Count != position:
		return nil, ErrPosition
	}
	a = s.account(agency) // only now: a refused batch creates no account
	a.appended = a.appended.With(len(bets), encoded)
	t := s.pending.add(a, a.appended, *records, winners)
	s.work.Signal()
	return t, nil
}

// Settle cuts off the rest of groups that failed, so that none of them can come back after a crash. It returns nil if
// the cut succeeds and the stored bets are in their place.
func (s *Store) Settle() error {
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
	if err := s.file.Close(); err != nil {
		return fmt.Errorf("close bets: %w", err)
	}
	return nil
}
