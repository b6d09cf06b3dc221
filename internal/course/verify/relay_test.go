package verify

import (
	"bufio"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// upper is a server that answers each line in capitals, and the relay before it.
func upper(t *testing.T, sizes chan<- int) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				line := ""
				buffer := make([]byte, 1<<16)
				for {
					n, err := conn.Read(buffer)
					if err != nil {
						return
					}
					if sizes != nil {
						sizes <- n
					}
					if line += string(buffer[:n]); strings.HasSuffix(line, "\n") {
						_, _ = io.WriteString(conn, strings.ToUpper(line))
						line = ""
					}
				}
			}()
		}
	}()
	r, err := newRelay(t.Context(), "127.0.0.1", func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	return r
}

func talkTo(t *testing.T, r *relay) (say func(string), hear func() string) {
	t.Helper()
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	in := bufio.NewReader(conn)
	say = func(s string) {
		if _, err := io.WriteString(conn, s); err != nil {
			t.Error(err)
		}
	}
	hear = func() string {
		s, err := in.ReadString('\n')
		if err != nil {
			t.Error(err)
		}
		return s
	}
	return say, hear
}

// Bytes arrive as they were, and the bursts between answers are counted.
func TestRelayRecords(t *testing.T) {
	r := upper(t, nil)
	say, hear := talkTo(t, r)
	for _, s := range []string{"hola\n", "qué tal\n"} {
		say(s)
		if got := hear(); got != strings.ToUpper(s) {
			t.Errorf("%q comes back as %q", s, got)
		}
	}
	l := r.carried()[0]
	if string(l.sent) != "hola\nqué tal\n" || string(l.answered) != "HOLA\nQUÉ TAL\n" || !slices.Equal(l.bursts, []int{5, 9}) {
		t.Errorf("%q, %q, %v", l.sent, l.answered, l.bursts)
	}
}

// In pieces, a message never arrives as a whole.
func TestRelayCuts(t *testing.T) {
	sizes := make(chan int, 10_000)
	r := upper(t, sizes)
	r.pieces = true
	say, hear := talkTo(t, r)
	text := strings.Repeat("0123456789", 100)
	say(text + "\n")
	if got := hear(); got != text+"\n" {
		t.Errorf("got %q", got)
	}
	if n := len(sizes); n < 20 {
		t.Errorf("it arrives in %d reads", n)
	}
}

// What a client sends after the first answer is held, and arrives when it is released.
func TestRelayHolds(t *testing.T) {
	r := upper(t, nil)
	r.hold()
	say, hear := talkTo(t, r)
	say("one\n")
	if got := hear(); got != "ONE\n" || !r.holds() {
		t.Errorf("%q, held: %v", got, r.holds())
	}
	say("two\n")
	time.Sleep(20 * time.Millisecond)
	if r.gaveUpHeld() {
		t.Error("a client that waits has not given up")
	}
	if l := r.carried()[0]; string(l.sent) != "one\n" {
		t.Errorf("%q is passed on", l.sent)
	}
	other, answer := talkTo(t, r) // over the loopback network each connection is a client of its own
	other("three\n")
	if got := answer(); got != "THREE\n" {
		t.Errorf("another client gets %q", got)
	}
	r.release()
	if got := hear(); got != "TWO\n" {
		t.Errorf("got %q", got)
	}
}

// The server sees the end of a client that is held, and what it has sent before.
func TestRelayPassesTheEndOfAHeldClient(t *testing.T) {
	sizes := make(chan int, 8)
	r := upper(t, sizes)
	r.hold()
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	if _, err := io.WriteString(conn, "a\n"); err != nil {
		t.Fatal(err)
	}
	if got, err := in.ReadString('\n'); got != "A\n" || err != nil {
		t.Fatal(got, err)
	}
	<-sizes
	if _, err := io.WriteString(conn, "bc"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-sizes:
		t.Fatal("a held client's bytes are passed on")
	case <-time.After(4 * relayPoll):
	}
	_ = conn.Close()
	select {
	case n := <-sizes:
		if n != 2 {
			t.Errorf("%d bytes, want 2", n)
		}
	case <-time.After(10 * time.Second):
		t.Error("the server sees neither the bytes nor the end")
	}
	for limit := time.Now().Add(10 * time.Second); !r.gaveUpHeld(); time.Sleep(time.Millisecond) { // it is noted after the bytes
		if time.Now().After(limit) {
			t.Fatal("a held client that ends its side has given up")
		}
	}
}

// A client that waits for no answer is held in the middle of what it sends.
func TestRelayHoldsWithoutAnAnswer(t *testing.T) {
	sizes := make(chan int, 64)
	r := upper(t, sizes)
	r.hold()
	say, hear := talkTo(t, r)
	long := strings.Repeat("x", 3*holdAfter)
	say(long + "\n")
	for limit := time.Now().Add(10 * time.Second); !r.holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("it is not held")
		}
	}
	if sent := len(r.carried()[0].sent); sent < holdAfter || sent >= holdAfter+holdStep {
		t.Errorf("%d bytes are passed on", sent)
	}
	r.release()
	if got := hear(); got != strings.ToUpper(long)+"\n" {
		t.Errorf("%d bytes come back", len(got))
	}
}

// recorder notes the writes on a connection.
type recorder struct {
	net.Conn
	sizes []int
	text  []byte
}

func (c *recorder) Write(p []byte) (int, error) {
	c.sizes, c.text = append(c.sizes, len(p)), append(c.text, p...)
	return len(p), nil
}

// What a client sends in one go is cut to its end, so that the length of each message may be, until there were enough pieces.
func TestRelayCutsToTheEnd(t *testing.T) {
	r := &relay{pieces: true, cuts: make(map[cutWay]int)}
	text := []byte(strings.Repeat("0123456789", 600))
	var c recorder
	if err := r.write(&c, text, &link{client: "a", afresh: true}, true); err != nil || string(c.text) != string(text) {
		t.Fatalf("%d bytes, %v", len(c.text), err)
	}
	if largest := slices.Max(c.sizes); largest > smallPiece || len(c.sizes) > mostPieces {
		t.Errorf("%d pieces, the largest of %d bytes", len(c.sizes), largest)
	}
	c = recorder{}
	if err := r.write(&c, text, &link{client: "a", afresh: true}, true); err != nil || string(c.text) != string(text) || slices.Max(c.sizes) < len(text)/2 {
		t.Errorf("the same client again: %d bytes in %d pieces, %v", len(c.text), len(c.sizes), err)
	}
	c = recorder{}
	if err := r.write(&c, text[:20], &link{client: "b", afresh: true}, true); err != nil || len(c.sizes) != 20 {
		t.Errorf("another client: %v, %v", c.sizes, err)
	}
}

// A client that waits for no answer may end before the relay has reached the server.
func TestUsedRelayWaits(t *testing.T) {
	heard := make(chan string, 1)
	r, err := newRelay(t.Context(), "127.0.0.1", func(context.Context) (net.Conn, error) {
		time.Sleep(time.Second / 4)
		ours, theirs := net.Pipe()
		go func() {
			all, _ := io.ReadAll(io.LimitReader(theirs, 3))
			heard <- string(all)
			_, _ = io.WriteString(theirs, "late")
			_ = theirs.Close()
		}()
		return ours, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "bet"); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	tr := &trial{ctx: t.Context(), journal: newJournal()}
	tr.usedRelay(r)
	links := r.carried()
	if got := <-heard; got != "bet" || len(links) != 1 || string(links[0].answered) != "late" {
		t.Errorf("the server heard %q, and the relay carried %v", got, links)
	}
}
