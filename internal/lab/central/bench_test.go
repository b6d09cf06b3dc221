package central

import (
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// course returns n bets that look like the course's.
func course(n int) []wire.Bet {
	list := make([]wire.Bet, n)
	for i := range list {
		list[i] = wire.Bet{
			FirstName: []string{"Santiago Lionel", "José María", "Ana"}[i%3],
			LastName:  []string{"Lorca", "Fernández"}[i%2],
			Document:  strconv.Itoa(20000000 + i*7919), Year: 1980, Month: 1, Day: uint8(1 + i%28), Number: uint32(i * 71),
		}
	}
	return list
}

// move puts another position into a BATCH.
func move(frame []byte, position int) {
	binary.BigEndian.PutUint64(frame[wire.HeaderSize:], uint64(position))
	end := len(frame) - 4
	binary.BigEndian.PutUint32(frame[end:], wire.Checksum(0, frame[:end]))
}

// BenchmarkBatches measures the whole way of a bet over loopback, from frames
// that are ready to the results, with fsync, from five agencies. Client and
// server share the process.
func BenchmarkBatches(b *testing.B) {
	const agencies, size, rounds = 5, 140, 1000
	frame := batch(0, course(size)...)
	h := &harness{t: b, path: b.TempDir() + "/bets.csv", config: testConfig()}
	h.startWith(0, logline.New(io.Discard, slog.LevelInfo))
	next := 0
	for b.Loop() {
		var wg sync.WaitGroup
		for a := range agencies {
			c, _ := h.join(uint32(a + 1))
			window := make(chan struct{}, wire.MaxInFlight)
			wg.Go(func() {
				frame := append([]byte(nil), frame...)
				for i := range rounds {
					window <- struct{}{}
					move(frame, next+i*size)
					if _, err := c.conn.Write(frame); err != nil {
						b.Error(err)
						return
					}
				}
			})
			wg.Go(func() {
				for range rounds {
					if t, _, err := c.frames.Next(); err != nil || t != wire.TypeResult {
						b.Error(t, err)
						return
					}
					<-window
				}
				c.conn.Close()
			})
		}
		wg.Wait()
		next += rounds * size
	}
	b.ReportMetric(float64(agencies*next)/b.Elapsed().Seconds(), "bets/s")
	h.stop()
}

// The server allocates for a batch, but not for each of its bets.
func TestNoAllocationForABet(t *testing.T) {
	h := serve(t, 0, nil)
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	allocations := func(agency uint32, size int) float64 {
		c := newSession(New(h.config, h.lottery, slog.New(slog.DiscardHandler)), theirs)
		c.agency, c.broken = agency, true // nobody reads
		frame := batch(0, course(size)...)
		next := 0
		n := testing.AllocsPerRun(50, func() {
			move(frame, next)
			if err := c.batch(frame[wire.HeaderSize : len(frame)-4]); err != nil {
				t.Fatal(err)
			}
			next += size
		})
		close(c.answers)
		c.answering.Wait()
		return n
	}
	few, many := allocations(1, 10), allocations(2, 150)
	if many > few+5 || many > 40 {
		t.Errorf("%v allocations for a batch of 10 bets, %v for one of 150", few, many)
	}
}

// Idle connections must not cost more than a goroutine that waits.
func TestIdleConnections(t *testing.T) {
	const most = 16 << 10
	n := 400
	h := serve(t, 0, nil)
	memory := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	before := memory()
	for a := range n {
		h.join(uint32(a + 1))
	}
	// Theirs and ours: the clients are in this process, too.
	each := (memory() - before) / uint64(n)
	t.Logf("%d bytes for each connection, both ends", each)
	if each > most {
		t.Errorf("%d bytes for each idle connection, want at most %d", each, most)
	}
}
