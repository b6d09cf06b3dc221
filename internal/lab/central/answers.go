package central

import (
	"errors"
	"log/slog"
	"slices"
	"sync"

	"github.com/tp0-lab/composer/internal/lab/closed"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/lab/translate"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// answer is the answer to a frame, which may have to wait. Answers go out in the order of the frames.
type answer struct {
	to wire.Type // BATCH, FINISH or ASK

	// Of BATCH:
	result wire.Result
	ticket ticket // nil if the lottery refused the bets with err
	err    error
	bet    lottery.Bet // the only one of its batch, for the log

	// Of FINISH:
	finish wire.Finish
	done   chan struct{} // closed when the lottery has finished the agency, or refused to
}

// ticket is a *store.Ticket, or a test's.
type ticket interface {
	Done() <-chan struct{}
	Err() error
}

// betLists are the lists of bets that batch borrows for each frame. Without them and store's buffers of records, the programs
// of `make bench` at 100 × course take 1.2 to 1.3 times the CPU time.
var betLists = sync.Pool{New: func() any { return new([]lottery.Bet) }}

func (c *session) batch(body []byte) error {
	batch, err := wire.ParseBatch(body)
	if err != nil {
		return err
	}
	a := &answer{
		to:     wire.TypeBatch,
		result: wire.Result{Position: batch.Position, Count: uint16(batch.Count), Index: wire.NoIndex},
	}
	list := betLists.Get().(*[]lottery.Bet)
	bets := slices.Grow((*list)[:0], batch.Count)[:batch.Count]
	i := 0
	for _, w := range batch.All() {
		translate.Set(&bets[i], c.agency, w)
		i++
	}
	if batch.Count == 1 {
		a.bet = bets[0]
	}
	t, err := c.server.lottery.StoreBets(c.agency, batch.Position, bets, batch.Encoded)
	if a.err = err; err == nil {
		a.ticket = t
	}
	if bad, ok := errors.AsType[*store.BetError](err); ok {
		a.result.Index = uint16(bad.Index)
	}
	c.push(a)
	clear(bets) // otherwise the list would keep their texts in memory
	*list = bets
	betLists.Put(list)
	return nil
}

// finish waits for the answer, so that the next frame finds the agency finished.
func (c *session) finish(body []byte) error {
	f, err := wire.ParseFinish(body)
	if err != nil {
		return err
	}
	a := &answer{to: wire.TypeFinish, finish: f, done: make(chan struct{})}
	c.push(a)
	<-a.done
	return nil
}

func (c *session) ask(body []byte) error {
	if err := wire.ParseEmpty(wire.TypeAsk, body); err != nil {
		return err
	}
	c.push(&answer{to: wire.TypeAsk})
	return nil
}

// push hands the answer to the goroutine that answers. It blocks while wire.MaxInFlight are due, because then the peer has
// sent more than it may.
func (c *session) push(a *answer) {
	if c.answers == nil {
		c.answers = make(chan *answer, wire.MaxInFlight)
		c.answering.Go(c.answer)
	}
	c.unanswered.Add(1)
	c.answers <- a
}

// answer is the goroutine that answers. It ends when answers is closed, after all tickets are done, even if the peer is
// gone.
func (c *session) answer() {
	const enough = 1 << 10 // bytes of frames for one write
	var frames []byte
	taken := int32(0)
	flush := func() {
		c.write(frames)
		frames = frames[:0]
		c.answered.Store(int64(c.server.config.Now().Sub(c.began)))
		c.unanswered.Add(-taken)
		taken = 0
	}
	for a := range c.answers {
		if !a.ready() {
			flush()
		}
		taken++
		switch a.to {
		case wire.TypeFinish:
			frames = c.answerFinish(frames, a)
			close(a.done)
		case wire.TypeAsk:
			frames = c.answerAsk(frames)
		default:
			frames = c.answerResult(frames, a)
		}
		if len(c.answers) == 0 || len(frames) >= enough {
			flush()
		}
	}
}

// ready reports whether the answer is known without waiting.
func (a *answer) ready() bool {
	if a.ticket == nil {
		return a.err != nil
	}
	return closed.Is(a.ticket.Done())
}

func (c *session) answerResult(frames []byte, a *answer) []byte {
	if a.ticket != nil {
		known := a.ready()
		c.wait(a.ticket.Done())
		a.err = a.ticket.Err()
		if !known {
			c.renewGrace()
		}
	}
	if a.err != nil {
		a.result.Code = codeOf(a.err, wire.CodeStorage)
	}
	logline.Outcome(c.server.log, "apuesta_recibida", a.err, slog.Int("cantidad", int(a.result.Count)))
	if a.result.Count == 1 {
		logline.Outcome(c.server.log, "apuesta_almacenada", a.err,
			slog.String("dni", a.bet.Document), slog.Uint64("numero", uint64(a.bet.Number)))
	}
	return wire.AppendResult(frames, a.result)
}

func (c *session) answerFinish(frames []byte, a *answer) []byte {
	var err error
	c.during(func() { err = c.server.lottery.Finish(c.agency, a.finish.Total, a.finish.Checksum) })
	c.renewGrace()
	if err != nil {
		c.logAgency(slog.LevelError, "fin_apuestas", logline.Fail, logline.Err(err))
		return wire.AppendError(frames, codeOf(err, wire.CodeStorage))
	}
	c.logAgency(slog.LevelDebug, "fin_apuestas", logline.Success)
	return wire.AppendEmpty(frames, wire.TypeFinished)
}

// answerAsk waits for the draw. It gives the session's place back meanwhile.
func (c *session) answerAsk(frames []byte) []byte {
	l := c.server.lottery
	var winners *store.Winners
	var err error
	c.during(func() { winners, err = l.Winners(c.agency) })
	if errors.Is(err, draw.ErrNotDrawn) {
		c.place.leave()
		if !c.wait(l.Drawn()) {
			return frames // run sends the reason
		}
		winners, err = l.Winners(c.agency)
	}
	if err == nil {
		frames, err = c.sendWinners(frames, winners)
	}
	if err != nil {
		c.logAgency(slog.LevelError, "consulta_ganadores", logline.Fail, logline.Err(err))
		return wire.AppendError(frames, codeOf(err, wire.CodeStorage))
	}
	return frames
}

// sendWinners writes all frames but the last, which it returns: a long list comes in portions.
func (c *session) sendWinners(frames []byte, winners *store.Winners) ([]byte, error) {
	var documents, rest []string
	total := 0
	for more := true; more; {
		var portion []string
		var err error
		c.during(func() { portion, more, err = winners.Next(c.stopped) })
		if err != nil {
			return frames, err
		}
		total += len(portion)
		documents = append(slices.Clip(documents), portion...)
		for {
			var frame []byte
			frame, rest, _ = wire.AppendWinners(nil, documents) // Check refuses longer documents
			if len(rest) == 0 && more {
				break // it would say that nothing follows
			}
			c.write(frames)
			frames, documents = frame, rest
			if len(rest) == 0 {
				break
			}
		}
	}
	c.logAgency(slog.LevelDebug, "consulta_ganadores", logline.Success, slog.Int("cant_ganadores", total))
	return frames, nil
}

// during runs work, which may wait for the disk, and sends KEEPALIVE meanwhile. It waits for work even if the session
// is stopped.
func (c *session) during(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	c.wait(done)
	<-done
}

func (c *session) logAgency(level slog.Level, action string, result slog.Attr, more ...slog.Attr) {
	c.log(level, action, append([]slog.Attr{result, slog.Uint64("agencia", uint64(c.agency))}, more...)...)
}
