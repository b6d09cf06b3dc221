package central

import (
	"os"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// obstruct puts a directory where the lottery wants to make a file, so that
// nothing can be made durable, until it is called.
func (h *harness) obstruct(suffix string) (unblock func()) {
	h.t.Helper()
	if err := os.Mkdir(h.path+suffix, 0o700); err != nil {
		h.t.Fatal(err)
	}
	return func() {
		if err := os.Remove(h.path + suffix); err != nil {
			h.t.Fatal(err)
		}
	}
}

func TestBetsCannotBeStored(t *testing.T) {
	h := serve(t, 0, nil)
	unblock := h.obstruct(".journal")
	c, _ := h.join(1)
	for range 3 {
		c.send(batch(0, bets(0, 4)...))
		c.result(wire.Result{Position: 0, Count: 4, Code: wire.CodeStorage, Index: wire.NoIndex})
	}
	h.log.wait(t, 3, "apuesta_recibida | result: fail | cantidad: 4 | error: bets cannot be made durable")
	h.storedIs(1)
	unblock()
	c.send(batch(0, bets(0, 4)...))
	c.result(ok(0, 4))
	h.storedIs(1, bets(0, 4)...)
}

func TestFinishCannotBeMarked(t *testing.T) {
	h := serve(t, 1, nil)
	unblock := h.obstruct(".draw")
	c, _ := h.join(1)
	c.send(finish(1))
	c.error(wire.CodeStorage)
	c.send(wire.AppendEmpty(nil, wire.TypeAsk))
	c.error(wire.CodeNotFinished)
	unblock()
	c.send(finish(1))
	c.expect(wire.TypeFinished)
	c.send(wire.AppendEmpty(nil, wire.TypeAsk))
	c.winners()
	if n := h.log.count("sorteo | result: success"); n != 1 {
		t.Errorf("%d draws", n)
	}
}
