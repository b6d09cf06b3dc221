package agency

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/wire"
	"github.com/tp0-lab/composer/internal/lab/wirebet"
)

const (
	// window is how many batches may be in flight (docs/protocol.md, "Batches").
	window = 256
	// lookUp is how many bets are read between two looks at the context and the
	// clock while nothing is sent.
	lookUp = 1 << 16
)

// batches sends the bets of a file in batches, and follows their results.
type batches struct {
	*session
	file  *os.File
	bets  *lottery.FileReader
	batch wire.BatchWriter
	sum   uint32 // checksum of the bets up to and with those in flight

	// The batches in flight are a ring: those at counts[first], and behind it.
	counts    [window]int // bets of each
	first     int
	inFlight  int
	confirmed uint64 // bets that are stored: the position of the first in flight
	next      uint64 // position of the next batch
}

// sendFile sends what the central does not have of the file, which is at its
// beginning, and returns what it has now.
func (s *session) sendFile(ctx context.Context, f *os.File) (wire.Finish, error) {
	b := &batches{session: s, file: f, bets: lottery.NewFileReader(f, f.Name(), s.agency.config.Agency)}
	if err := b.skipStored(ctx); err != nil {
		return wire.Finish{}, err
	}
	err := b.sendRest(ctx)
	if refused := new(refusal); errors.As(err, &refused) && refused.result.Index != wire.NoIndex {
		err = b.blame(refused)
	}
	return wire.Finish{Total: b.confirmed, Checksum: b.sum}, err
}

// skipStored reads the bets that the central has, and makes sure that they are
// these.
func (b *batches) skipStored(ctx context.Context) error {
	var (
		bet     lottery.Bet
		encoded []byte
		last    = b.agency.config.Now()
	)
	for n := uint64(0); n < b.welcome.Stored; n++ {
		if err := b.bets.Read(&bet); err != nil {
			if errors.Is(err, io.EOF) {
				return fmt.Errorf("resume %s: %w: %d, the file has only %d",
					b.file.Name(), ErrOtherBets, b.welcome.Stored, n)
			}
			return err
		}
		var err error
		if encoded, err = wirebet.Append(encoded[:0], &bet); err != nil {
			return err
		}
		b.sum = wire.Checksum(b.sum, encoded)
		if n%lookUp == lookUp-1 {
			if err := b.showLife(ctx, &last); err != nil {
				return err
			}
		}
	}
	if b.sum != b.welcome.Checksum {
		return fmt.Errorf("resume %s: %w: %d with checksum %08x, those of the file have %08x",
			b.file.Name(), ErrOtherBets, b.welcome.Stored, b.welcome.Checksum, b.sum)
	}
	b.confirmed, b.next = b.welcome.Stored, b.welcome.Stored
	return nil
}

// showLife sends a KEEPALIVE if the last is so long ago.
func (b *batches) showLife(ctx context.Context, last *time.Time) error {
	now, interval := b.agency.config.Now(), b.agency.config.KeepAlive
	if interval > 0 && now.Sub(*last) >= interval {
		*last = now
		b.out = wire.AppendKeepAlive(b.out)
		if err := b.flush(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// sendRest sends the rest of the file and waits until it is confirmed. Of a
// batch that has a bad line nothing is sent; the batches before it come first.
func (b *batches) sendRest(ctx context.Context) error {
	var (
		bet     lottery.Bet
		encoded []byte
	)
	b.batch.Reset(b.next)
	for {
		err := b.bets.Read(&bet)
		if err == nil {
			encoded, err = wirebet.Append(encoded[:0], &bet)
		}
		if err != nil {
			return b.end(ctx, err)
		}
		if !b.batch.Add(encoded) {
			if err := b.sendBatch(ctx); err != nil {
				return err
			}
			b.batch.Add(encoded) // a bet always fits into an empty batch
		}
		if b.batch.Len() >= b.agency.config.MaxAmount {
			if err := b.sendBatch(ctx); err != nil {
				return err
			}
		}
	}
}

// end sends the last batch, unless the file ends with an error, and waits for
// all results. What the central says comes before the file's error: the batches
// behind a lost connection are still to be sent.
func (b *batches) end(ctx context.Context, err error) error {
	if errors.Is(err, io.EOF) {
		err = nil
		if b.batch.Len() > 0 {
			if lost := b.sendBatch(ctx); lost != nil {
				return lost
			}
		}
	}
	if lost := b.collect(0); lost != nil {
		return lost
	}
	return err
}

// sendBatch sends the batch and begins another. With a Period it waits for the
// result, and pauses before every batch but the first; without, it waits for
// results when the window is full.
func (b *batches) sendBatch(ctx context.Context) error {
	paced := b.agency.config.Period > 0
	if paced && b.sent {
		if err := b.pause(ctx); err != nil {
			return err
		}
	}
	if b.inFlight == window {
		// Half of them: the next ones can then go out in a few large writes.
		if err := b.collect(window / 2); err != nil {
			return err
		}
	}
	b.sent = true
	count := b.batch.Len()
	b.counts[(b.first+b.inFlight)%window] = count
	b.inFlight++
	b.next += uint64(count)
	b.sum = wire.Checksum(b.sum, b.batch.Encoded())
	if err := b.send(b.batch.Frame()); err != nil {
		return err
	}
	b.batch.Reset(b.next)
	if paced {
		return b.collect(0)
	}
	return nil
}

// collect takes results until at most so many batches are in flight, and all
// others that have arrived. The first refusal ends it: what comes behind
// follows from that.
func (b *batches) collect(most int) error {
	if err := b.flush(); err != nil {
		return err
	}
	for b.inFlight > most || b.inFlight > 0 && b.frames.Buffered() {
		count := b.counts[b.first]
		if err := b.result(b.confirmed, count); err != nil {
			return err
		}
		b.first = (b.first + 1) % window
		b.inFlight--
		b.confirmed += uint64(count)
		if log := b.agency.log; log.Enabled(context.Background(), slog.LevelDebug) {
			log.LogAttrs(context.Background(), slog.LevelDebug, "batch_enviado", logline.Success, slog.Int("cantidad", count))
		}
	}
	return nil
}

// blame finds the line of the bet that the central has refused. Lines and bets
// are not counted together on the way: a file may have empty lines, and this
// happens only if the central is stricter than we are.
func (b *batches) blame(refused *refusal) error {
	if _, err := b.file.Seek(0, io.SeekStart); err != nil {
		return refused
	}
	bets := lottery.NewFileReader(b.file, b.file.Name(), b.agency.config.Agency)
	var bet lottery.Bet
	for range refused.result.Position + uint64(refused.result.Index) + 1 {
		if bets.Read(&bet) != nil {
			return refused
		}
	}
	return &lottery.LineError{File: b.file.Name(), Line: bets.Line(), Err: refused.Unwrap()}
}
