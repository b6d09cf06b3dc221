package agency

import (
	"bytes"
	"context"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// slowFile is a file of which each read takes a while and returns some bytes.
type slowFile struct {
	*bytes.Reader
	each time.Duration
	some int
}

func (f slowFile) Read(p []byte) (int, error) {
	time.Sleep(f.each)
	return f.Reader.Read(p[:min(len(p), f.some)])
}
func (slowFile) Name() string { return "slow.csv" }
func (slowFile) Close() error { return nil }

// A file that arrives slowly costs the agency nothing: the central hears of it in time, be it one read that takes long or many
// short ones, at the beginning of the file or in the part that is stored.
func TestSlowFile(t *testing.T) {
	for name, test := range map[string]struct {
		each  time.Duration
		some  int
		known int
		want  []string
	}{
		"one long read": {12 * time.Second, 1 << 20, 0, []string{"5s KEEPALIVE", "10s KEEPALIVE"}},
		"short reads":   {3 * time.Second, 40, 0, []string{"5s KEEPALIVE", "10s KEEPALIVE"}},
		"all is stored": {12 * time.Second, 1 << 20, 3, []string{"5s KEEPALIVE", "10s KEEPALIVE"}},
		"quick":         {time.Second, 1 << 20, 0, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			content, err := os.ReadFile(fileOf(t, bets(0, 3)...))
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range bets(0, test.known) {
				encoded, err := wire.AppendBet(nil, &b)
				if err != nil {
					t.Fatal(err)
				}
				f.stored = append(f.stored, encoded)
			}
			a, _ := f.agency(func(c *Config) {
				c.Open = func(context.Context, string) (File, error) {
					return slowFile{bytes.NewReader(content), test.each, test.some}, nil
				}
			})
			if err := a.SendFile(t.Context(), "slow.csv"); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			f.storedIs(bets(0, 3)...)
			f.mu.Lock()
			defer f.mu.Unlock()
			for i, want := range test.want {
				if len(f.diary) < i+2 || f.diary[i+1] != want {
					t.Errorf("%s: the diary is %q, want %q in it", name, f.diary, test.want)
					break
				}
			}
			if test.want == nil && len(f.diary) != 2 {
				t.Errorf("%s: the diary is %q", name, f.diary)
			}
		})
	}
}

// Without a connection there is no use in reading on: the agency connects again.
func TestSlowFileOfALostConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.wrap = func(nth int, c net.Conn) net.Conn {
			if nth > 1 {
				return c
			}
			time.AfterFunc(2*time.Second, func() { _ = c.Close() })
			return c
		}
		content, err := os.ReadFile(fileOf(t, bets(0, 3)...))
		if err != nil {
			t.Fatal(err)
		}
		a, _ := f.agency(func(c *Config) {
			c.Open = func(context.Context, string) (File, error) {
				return slowFile{bytes.NewReader(content), 4 * time.Second, 40}, nil
			}
		})
		if err := a.SendFile(t.Context(), "slow.csv"); err != nil {
			t.Fatal(err)
		}
		f.storedIs(bets(0, 3)...)
		if f.dials != 2 {
			t.Errorf("%d connections, want 2", f.dials)
		}
		f.handlers.Wait()
	})
}
