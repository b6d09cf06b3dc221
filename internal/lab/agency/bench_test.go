package agency

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// instant is a central that says ok to everything at once and stores nothing:
// what is left is reading and encoding.
type instant struct {
	net.Conn
	answers []byte
	next    uint64
}

func (c *instant) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		size := int(rest[0])<<8 | int(rest[1])
		switch wire.Type(rest[2]) {
		case wire.TypeHello:
			c.answers = wire.AppendWelcome(c.answers, wire.Welcome{Agency: 1, Checksum: wire.NoBets(1)})
		case wire.TypeBatch:
			count := uint16(rest[11])<<8 | uint16(rest[12])
			c.answers = wire.AppendResult(c.answers, wire.Result{Position: c.next, Count: count, Index: wire.NoIndex})
			c.next += uint64(count)
		}
		rest = rest[size:]
	}
	return len(p), nil
}

func (c *instant) Read(p []byte) (int, error) {
	n := copy(p, c.answers)
	c.answers = append(c.answers[:0], c.answers[n:]...)
	return n, nil
}

func (c *instant) Close() error                     { return nil }
func (c *instant) SetReadDeadline(time.Time) error  { return nil }
func (c *instant) SetWriteDeadline(time.Time) error { return nil }

// sendInstantly sends the file to an instant central.
func sendInstantly(tb testing.TB, path string, maxAmount int) {
	tb.Helper()
	a := New(Config{
		Agency: 1, MaxAmount: maxAmount, Timeout: time.Second, Now: time.Now,
		Dial: func(context.Context, string, string) (net.Conn, error) { return new(instant), nil },
	}, slog.New(slog.DiscardHandler))
	if err := a.SendFile(tb.Context(), path); err != nil {
		tb.Fatal(err)
	}
}

// courseFile returns the path of a file of n bets that look like the course's,
// and its size.
func courseFile(tb testing.TB, n int) (path string, size int64) {
	tb.Helper()
	var s strings.Builder
	for i := range n {
		fmt.Fprintf(&s, "%s,%s,%d,1980-01-%02d,%d\r\n",
			[]string{"Santiago Lionel", "José María", "Ana"}[i%3], []string{"Lorca", "Fernández"}[i%2],
			20_000_000+i*79%10_000_000, 1+i%28, i*71%10_000)
	}
	return writeFile(tb, s.String()), int64(s.Len())
}

func BenchmarkSendFile(b *testing.B) {
	const n = 500_000
	path, size := courseFile(b, n)
	for _, maxAmount := range []int{100, 1000} {
		b.Run(strconv.Itoa(maxAmount), func(b *testing.B) {
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				sendInstantly(b, path, maxAmount)
			}
			b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "bets/s")
		})
	}
}

// The agency allocates for a block of the file, but not for a bet or a batch.
func TestNoAllocationForABet(t *testing.T) {
	const few, many = 1000, 51_000
	allocations := func(n int) float64 {
		path, _ := courseFile(t, n)
		return testing.AllocsPerRun(5, func() { sendInstantly(t, path, 100) })
	}
	if a, b := allocations(few), allocations(many); b > a+50 { // 18 blocks
		t.Errorf("%v allocations for %d bets, %v for %d", a, few, b, many)
	}
}
