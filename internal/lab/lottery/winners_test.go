package lottery

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The winners that are kept are those that LoadBets and HasWon find, whether the
// bets were stored in this life or an earlier one, and none of a failed batch.
func TestWinnersAreThoseOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	text := "5,a,b,d1,2000-01-01,0007574\n" + "5,7574,b,d2,2000-01-01,75740\n" + "5,a,b,\"d\"\"3\",2000-01-01,\"7574\"\r\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f := new(faults)
	l, err := Open(context.Background(), path, 9, func(func(bool)) {}, Options{Encode: encode, wrap: f.wrap})
	if err != nil {
		t.Fatal(err)
	}
	bets, _, _ := readAll(NewFileReader(strings.NewReader(sample(50000)), "f", 3))
	const size = 1000
	failed := 0
	for at := 0; at < len(bets); {
		if failed == at/size/10 {
			f.mu.Lock()
			f.sync = errors.New("sync")
			f.mu.Unlock()
		}
		ticket, err := put(l.Store, at, bets[at:at+size])
		if err != nil {
			t.Fatal(err)
		}
		if ticket.Err() != nil {
			failed++
			continue
		}
		at += size
	}
	want := map[uint32][]string{}
	for b, err := range l.LoadBets() {
		if err != nil {
			t.Fatal(err)
		}
		if HasWon(b) {
			want[b.Agency] = append(want[b.Agency], b.Document)
		}
	}
	if failed < 5 || len(want[3]) == 0 || !slices.Equal(want[5], []string{"d1", `d"3`}) {
		t.Fatalf("%d failed batches, winners %v", failed, want)
	}
	check := func() {
		t.Helper()
		for agency := range uint32(9) {
			if got := l.account(agency + 1).winners; !slices.Equal(got, want[agency+1]) {
				t.Errorf("agency %d: %v, want %v", agency+1, got, want[agency+1])
			}
		}
	}
	check()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(context.Background(), path, 9, func(func(bool)) {}, Options{Encode: encode}); err != nil {
		t.Fatal(err)
	}
	check()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
