package draw_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

// lotteryOf makes a lottery of three agencies with bets that take turns, and closes it. Agencies 1 and 2 have finished.
func lotteryOf(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "bets.csv")
	l, _ := openLottery(t, path, 3, nil)
	for i := range 4 {
		for a := range uint32(3) {
			storetest.MustPut(t, l, i, storetest.Batch(a+1, i, 1))
		}
	}
	if err := errors.Join(finishAs(l, 1), finishAs(l, 2), l.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSetAside(t *testing.T) {
	for _, agency := range []uint32{1, 2, 3} {
		path := lotteryOf(t)
		aside := path + ".aside"
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		n, err := draw.SetAside(t.Context(), path, agency, aside, store.Options{Encode: storetest.Encode})
		if n != 4 || err != nil {
			t.Fatalf("%d bets, %v", n, err)
		}
		storetest.FileIs(t, aside, storetest.Records(storetest.Batch(agency, 0, 4)...))
		var rest []lottery.Bet
		for i := range 4 {
			for a := range uint32(3) {
				if a+1 != agency {
					rest = append(rest, storetest.Bet(a+1, i))
				}
			}
		}
		storetest.FileIs(t, path, storetest.Records(rest...))
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		l, draws := openLottery(t, path, 3, nil)
		for a := uint32(1); a <= 3; a++ {
			want := storetest.NoBets(a)
			if a != agency {
				want = storetest.AccountOf(storetest.Batch(a, 0, 4)...)
			}
			if l.Account(a) != want || l.Finished(a) != (a != agency && a < 3) {
				t.Errorf("agency %d without %d: %+v, finished %v", a, agency, l.Account(a), l.Finished(a))
			}
		}
		// The agency begins again.
		storetest.MustPut(t, l, 0, storetest.Batch(agency, 5, 2))
		if err := errors.Join(finishAs(l, 1), finishAs(l, 2), finishAs(l, 3)); err != nil || draws.Load() != 1 {
			t.Errorf("%d draws, %v", draws.Load(), err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The last finish that is taken back takes the file with it.
func TestSetAsideTheOnlyFinish(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	l, _ := openLottery(t, path, 2, nil)
	storetest.MustPut(t, l, 0, storetest.Batch(1, 0, 3))
	if err := errors.Join(finishAs(l, 1), l.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := draw.SetAside(t.Context(), path, 1, path+".aside", store.Options{Encode: storetest.Encode}); err != nil {
		t.Fatal(err)
	}
	storetest.FileIs(t, path, nil)
	if _, err := os.Stat(path + ".draw"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file of the draw: %v", err)
	}
	if l, _ := openLottery(t, path, 2, nil); l.Finished(1) {
		t.Error("agency 1 has finished")
	}
}

func TestSetAsideRefused(t *testing.T) {
	drawn := lotteryOf(t)
	l, _ := openLottery(t, drawn, 3, nil)
	if err := errors.Join(finishAs(l, 3), l.Close()); err != nil {
		t.Fatal(err)
	}
	open := lotteryOf(t)
	openLottery(t, open, 3, nil)
	exists := lotteryOf(t)
	for _, tt := range []struct {
		name, path, target string
		agency             uint32
		want               error
	}{
		{"drawn", drawn, drawn + ".aside", 1, draw.ErrDrawn},
		{"open", open, open + ".aside", 1, journal.ErrLocked},
		{"no bets", exists, exists + ".aside", 4, nil},
		{"target exists", exists, exists, 1, fs.ErrExist},
		{"target is the draw's", exists, exists + ".draw", 1, fs.ErrExist},
		{"target is a journal's", exists, exists + ".journal", 1, draw.ErrOwnName},
		{"target is the draw's journal's", exists, exists + ".draw.journal", 1, draw.ErrOwnName},
		{"no file", exists + ".none", exists + ".aside", 1, fs.ErrNotExist},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, _ := os.ReadFile(tt.path)
			if _, err := draw.SetAside(t.Context(), tt.path, tt.agency, tt.target, store.Options{Encode: storetest.Encode}); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			after, _ := os.ReadFile(tt.path)
			if !bytes.Equal(before, after) {
				t.Error("the file has changed")
			}
			if _, err := os.Stat(tt.target); !errors.Is(tt.want, fs.ErrExist) && err == nil {
				t.Error("the target is there")
			}
		})
	}
}
