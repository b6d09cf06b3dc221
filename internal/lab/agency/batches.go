package agency

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/translate"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// batches sends the bets of a file in batches and takes their results.
type batches struct {
	*session
	file  File
	bets  *lottery.FileReader
	batch wire.BatchWriter
	sum   uint32 // checksum of all bets that are stored or in flight

	inFlight  []int  // how many bets each of the batches in flight has
	confirmed uint64 // number of stored bets; the position of the first batch in flight
	next      uint64 // position of the next batch
}

// sendFile sends the bets of the file that the central does not have, and returns the FINISH for all of them. The
// file's offset must be 0.
func (s *session) sendFile(ctx context.Context, f File) (wire.Finish, error) {
	b := &batches{session: s, file: f, bets: lottery.NewFileReader(&liveReader{ctx, f, s}, f.Name(), s.agency.config.Agency)}
	if err := b.skipStored(); err != nil {
		return wire.Finish{}, err
	}
	err := b.sendRest(ctx)
	if refused := new(refusal); errors.As(err, &refused) && refused.result.Index != wire.NoIndex {
		err = b.refusedLine(refused)
	}
	return wire.Finish{Total: b.confirmed, Checksum: b.sum}, err
}

// skipStored reads the bets that the central has stored. The error is ErrOtherBets if they are not the first of the
// file.
func (b *batches) skipStored() error {
	var (
		bet     lottery.Bet
		encoded []byte
	)
	b.sum = wire.NoBets(b.agency.config.Agency)
	for n := uint64(0); n < b.welcome.Stored; n++ {
		if err := b.bets.Read(&bet); err != nil {
			if errors.Is(err, io.EOF) {
				return fmt.Errorf("resume %s: %w: %d, the file has only %d; %s",
					b.file.Name(), ErrOtherBets, b.welcome.Stored, n, b.wayOut())
			}
			return err
		}
		encoded = translate.Append(encoded[:0], &bet)
		b.sum = wire.Checksum(b.sum, encoded)
	}
	if b.sum != b.welcome.Checksum {
		return fmt.Errorf("resume %s: %w: %d with checksum %08x, those of the file have %08x; %s",
			b.file.Name(), ErrOtherBets, b.welcome.Stored, b.welcome.Checksum, b.sum, b.wayOut())
	}
	b.confirmed, b.next = b.welcome.Stored, b.welcome.Stored
	return nil
}

// wayOut says what to do about ErrOtherBets.
func (b *batches) wayOut() string {
	return fmt.Sprintf("use the file that they came from, or stop the server and run composer data set-aside %d", b.agency.config.Agency)
}

// sendRest sends the rest of the file and waits until the central has confirmed it. A batch with a bad line is not
// sent; the error of the line comes after the results of the batches before.
func (b *batches) sendRest(ctx context.Context) error {
	var (
		bet     lottery.Bet
		encoded []byte
	)
	b.batch.Reset(b.next)
	for {
		if err := b.bets.Read(&bet); err != nil {
			return b.end(ctx, err)
		}
		encoded = translate.Append(encoded[:0], &bet)
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

// end sends the last batch, unless the file ended with an error, and waits for all results. An error of the connection
// hides the error of the file: the batches before the bad line have to be sent again first.
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

// sendBatch sends the batch and begins another. With a Period it pauses before every batch but the first, and waits for
// the result. Without a Period it waits for results only when the window is full.
func (b *batches) sendBatch(ctx context.Context) error {
	paced := b.agency.config.Period > 0
	if paced && b.sent {
		if err := b.pause(ctx); err != nil {
			return err
		}
	}
	if len(b.inFlight) == wire.MaxInFlight {
		// Half of the window: the next batches then go out in a few large writes.
		if err := b.collect(wire.MaxInFlight / 2); err != nil {
			return err
		}
	}
	b.sent = true
	count := b.batch.Len()
	b.inFlight = append(b.inFlight, count)
	b.next += uint64(count)
	b.sum = wire.Checksum(b.sum, b.batch.Encoded())
	b.out = append(b.out, b.batch.Frame()...)
	if len(b.out) > outSize-wire.MaxFrame {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.batch.Reset(b.next)
	if paced {
		return b.collect(0)
	}
	return nil
}

// collect waits for results until at most that many batches are in flight, and takes the other results that have
// arrived. It returns at the first refusal: the later refusals follow from it.
func (b *batches) collect(most int) error {
	if err := b.flush(); err != nil {
		return err
	}
	for len(b.inFlight) > most || len(b.inFlight) > 0 && b.frames.Buffered() {
		count := b.inFlight[0]
		if err := b.result(b.confirmed, count); err != nil {
			return err
		}
		b.inFlight = b.inFlight[1:]
		b.confirmed += uint64(count)
		b.agency.log.LogAttrs(context.Background(), slog.LevelDebug, "batch_enviado", logline.Success, slog.Int("cantidad", count))
	}
	return nil
}

// refusedLine returns a *lottery.LineError for the bet that the central has refused. It reads the file again to find
// the line: only a central that is stricter than Bet.Check refuses a bet.
func (b *batches) refusedLine(refused *refusal) error {
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
