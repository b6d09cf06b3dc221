package draw_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

// An agency does not finish, and there is no draw, while its stored bets are not in their place.
func TestFinishWithoutTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	draws := 0
	l, err := draw.Open(t.Context(), path, 1, func(func(bool)) { draws++ }, store.Options{Encode: storetest.Encode})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	storetest.MustPut(t, l, 0, storetest.Batch(1, 0, 2))
	stored := storetest.Records(storetest.Batch(1, 0, 2)...)
	account := l.Account(1)
	storetest.Run(t, os.Remove(path))
	if err := l.Finish(1, account.Count, account.Checksum); !errors.Is(err, store.ErrStorage) || draws > 0 {
		t.Errorf("error %v, %d draws", err, draws)
	}
	storetest.Run(t, os.WriteFile(path, stored, 0o600), l.Finish(1, account.Count, account.Checksum))
	if draws != 1 {
		t.Errorf("%d draws", draws)
	}
}

// Nothing is said to be back that was never away: the first finish makes the file of the draw.
func TestNothingIsBack(t *testing.T) {
	log := new(storetest.Lines)
	l, err := draw.Open(t.Context(), filepath.Join(t.TempDir(), "bets.csv"), 2, func(tell func(bool)) { tell(true) },
		store.Options{Encode: storetest.Encode, Files: journal.Options{Log: logline.New(log, slog.LevelDebug)}})
	storetest.Run(t, err)
	storetest.MustPut(t, l, 0, storetest.Batch(1, 0, 2))
	storetest.Run(t, finishAs(l, 1), finishAs(l, 2), l.Close())
	if lines := log.With("storage_file"); len(lines) > 0 {
		t.Errorf("logged %q", lines)
	}
}

// The file of the draw is kept in the same way.
func TestDrawFileGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	l, draws := openLottery(t, path, 2, nil)
	storetest.Run(t, finishAs(l, 1))
	stored, err := os.ReadFile(path + ".draw")
	storetest.Run(t, err, os.WriteFile(path+".draw", []byte("hello\n"), 0o600))
	if err := finishAs(l, 2); !errors.Is(err, store.ErrStorage) || l.Finished(2) {
		t.Errorf("got %v", err)
	}
	storetest.FileIs(t, path+".draw", []byte("hello\n"))
	storetest.Run(t, os.Remove(path+".draw"))
	if err := finishAs(l, 2); !errors.Is(err, store.ErrStorage) || l.Finished(2) || draws.Load() > 0 {
		t.Errorf("got %v", err)
	}
	storetest.Run(t, os.WriteFile(path+".draw", stored, 0o600), finishAs(l, 2))
	if !isDrawn(l) || draws.Load() != 1 {
		t.Errorf("%d draws", draws.Load())
	}
	storetest.Run(t, l.Close())
}
