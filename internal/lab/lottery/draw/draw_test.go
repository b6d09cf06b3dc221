package draw_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
	"github.com/tp0-lab/composer/internal/test/storetest"
)

func openLottery(t *testing.T, path string, agencies uint32, wrap func(journal.DiskFile) journal.DiskFile) (*draw.Lottery, *atomic.Int32) {
	t.Helper()
	draws := new(atomic.Int32)
	l, err := draw.Open(context.Background(), path, agencies, func(tell func(bool)) { tell(true); draws.Add(1) }, store.Options{Encode: storetest.Encode, Files: journal.Options{Wrap: wrap}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, draws
}

func finishAs(l *draw.Lottery, agency uint32) error {
	a := l.Account(agency)
	return l.Finish(agency, a.Count, a.Checksum)
}

// allWinners returns the documents of an agency's winners.
func allWinners(l *draw.Lottery, agency uint32) (all []string, err error) {
	w, err := l.Winners(agency)
	for more := err == nil; more; {
		var documents []string
		if documents, more, err = w.Next(nil); err != nil {
			return nil, err
		}
		all = append(all, documents...)
	}
	return all, err
}

func isDrawn(l *draw.Lottery) bool {
	select {
	case <-l.Drawn():
		return true
	default:
		return false
	}
}

func TestDraw(t *testing.T) {
	for _, n := range []uint32{1, 3, 6} {
		t.Run(strconv.FormatUint(uint64(n), 10), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bets.csv")
			l, draws := openLottery(t, path, n, nil)
			for a := uint32(1); a <= n; a++ {
				storetest.MustPut(t, l, 0, storetest.Batch(a, 0, 3))
				if a%2 == 1 { // the others win nothing
					storetest.MustPut(t, l, 3, storetest.Winning(a, fmt.Sprintf("%08d", a), "1"))
				}
			}
			for a := uint32(1); a <= n; a++ {
				if _, err := allWinners(l, a); !errors.Is(err, draw.ErrNotFinished) {
					t.Errorf("before finishing: %v", err)
				}
				if isDrawn(l) || draws.Load() != 0 {
					t.Fatal("drawn too early")
				}
				if err := finishAs(l, a); err != nil {
					t.Fatal(err)
				}
				if a < n {
					if _, err := allWinners(l, a); !errors.Is(err, draw.ErrNotDrawn) {
						t.Errorf("before the draw: %v", err)
					}
					if _, err := storetest.Put(l, 5, storetest.Batch(a, 5, 1)); !errors.Is(err, store.ErrFinished) {
						t.Errorf("after finishing: %v", err)
					}
				}
				if err := finishAs(l, a); err != nil { // again
					t.Fatal(err)
				}
			}
			check := func(l *draw.Lottery) {
				t.Helper()
				if !isDrawn(l) {
					t.Fatal("not drawn")
				}
				for a := uint32(1); a <= n; a++ {
					var want []string
					if a%2 == 1 {
						want = []string{fmt.Sprintf("%08d", a), "1"}
					}
					if got, err := allWinners(l, a); err != nil || !slices.Equal(got, want) {
						t.Errorf("agency %d: %v, %v", a, got, err)
					}
				}
				if _, err := storetest.Put(l, 5, storetest.Batch(1, 5, 1)); !errors.Is(err, draw.ErrDrawn) {
					t.Errorf("after the draw: %v", err)
				}
			}
			check(l)
			if draws.Load() != 1 {
				t.Errorf("%d draws", draws.Load())
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			l, draws = openLottery(t, path, n, nil)
			check(l)
			if err := finishAs(l, 1); err != nil || draws.Load() != 0 {
				t.Errorf("%v, %d draws", err, draws.Load())
			}
		})
	}
}

func TestFinishErrors(t *testing.T) {
	l, _ := openLottery(t, filepath.Join(t.TempDir(), "bets.csv"), 2, nil)
	storetest.MustPut(t, l, 0, storetest.Batch(1, 0, 3))
	a := l.Account(1)
	for _, tt := range []struct {
		agency   uint32
		total    uint64
		checksum uint32
		want     error
	}{
		{0, 0, 0, draw.ErrAgency},
		{3, 0, 0, draw.ErrAgency},
		{1, 2, a.Checksum, draw.ErrMismatch},
		{1, 3, a.Checksum + 1, draw.ErrMismatch},
		{2, 1, 0, draw.ErrMismatch},
	} {
		if err := l.Finish(tt.agency, tt.total, tt.checksum); !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
	storetest.MustPut(t, l, 3, storetest.Batch(1, 3, 1)) // a mismatch closes nothing
	none, _ := openLottery(t, filepath.Join(t.TempDir(), "bets.csv"), 0, nil)
	if err := none.Finish(1, 0, 0); !errors.Is(err, draw.ErrNoDraw) {
		t.Error(err)
	}
	if _, err := allWinners(none, 1); !errors.Is(err, draw.ErrNoDraw) {
		t.Error(err)
	}
	if err := errors.Join(none.Check(1<<31), l.Check(2)); err != nil {
		t.Error(err)
	}
}

func TestRestartBetweenFinishAndDraw(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	l, _ := openLottery(t, path, 2, nil)
	storetest.MustPut(t, l, 0, storetest.Winning(1, "007"))
	if err := finishAs(l, 1); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l, draws := openLottery(t, path, 2, nil)
	if !l.Finished(1) || l.Finished(2) || isDrawn(l) {
		t.Fatal("the finish is not what was told")
	}
	if _, err := storetest.Put(l, 1, storetest.Batch(1, 1, 1)); !errors.Is(err, store.ErrFinished) {
		t.Error(err)
	}
	if err := finishAs(l, 2); err != nil {
		t.Fatal(err)
	}
	got, err := allWinners(l, 1)
	if err != nil || !slices.Equal(got, []string{"007"}) || draws.Load() != 1 {
		t.Errorf("%v, %v, %d draws", got, err, draws.Load())
	}
}

// drawOf returns the bets.csv.draw of a lottery of two agencies without bets, after its clean end.
func drawOf(t *testing.T, path string) []byte {
	t.Helper()
	l, _ := openLottery(t, path, 2, nil)
	for a := range uint32(2) {
		if err := finishAs(l, a+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	marks, err := os.ReadFile(path + ".draw")
	if err != nil {
		t.Fatal(err)
	}
	return marks
}

func TestMarks(t *testing.T) {
	got := drawOf(t, filepath.Join(t.TempDir(), "bets.csv"))
	const want = "finished,1,0,3121400004,016355db\nfinished,2,0,2841393968,3136419b\ndrawn,2,68472d5e\ntold,e5eb8209\n"
	if string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A file of the draw that ends early is as good as its lines, which an editor may have left without the last line end.
// Without a journal half a line was not left by a crash.
func TestMarksCutAtEveryByte(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	marks := drawOf(t, path)
	for n := range len(marks) + 1 {
		if err := os.WriteFile(path+".draw", marks[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		draws := 0
		l, err := draw.Open(t.Context(), path, 2, func(func(bool)) { draws++ }, store.Options{Encode: storetest.Encode, Files: journal.Options{NoSync: true}})
		whole := n == 0 || marks[n-1] == '\n' || n < len(marks) && marks[n] == '\n'
		if (err == nil) != whole {
			t.Fatalf("%q: %v", marks[:n], err)
		}
		if err != nil {
			storetest.FileIs(t, path+".draw", marks[:n])
			continue
		}
		for a := range uint32(2) {
			if err := finishAs(l, a+1); err != nil {
				t.Fatal(err)
			}
		}
		if told := bytes.Contains(marks[:n], []byte("told")); (draws == 1) == told {
			t.Errorf("%q: told %d times", marks[:n], draws)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		l, _ = openLottery(t, path, 2, nil) // its sums hold
		if !isDrawn(l) {
			t.Error("not drawn")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Each byte of each file is changed, after a clean end and after a kill: then the central either does not start, and
// changes nothing, or it has everything that was acknowledged.
func TestDamage(t *testing.T) {
	for name, clean := range map[string]bool{"stopped": true, "killed": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l, _ := openLottery(t, filepath.Join(dir, "bets.csv"), 2, nil)
			storetest.MustPut(t, l, 0, storetest.Batch(1, 0, 2))
			storetest.MustPut(t, l, 0, storetest.Batch(2, 0, 1))
			storetest.MustPut(t, l, 2, storetest.Batch(1, 2, 1))
			if err := finishAs(l, 1); err != nil {
				t.Fatal(err)
			}
			if clean {
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
			}
			left := map[string][]byte{}
			for _, f := range []string{"bets.csv", "bets.csv.journal", "bets.csv.draw", "bets.csv.draw.journal"} {
				if b, err := os.ReadFile(filepath.Join(dir, f)); err == nil {
					left[f] = b
				}
			}
			refused, accepted := 0, 0
			for damaged, content := range left {
				for at := range content {
					if damaged == "bets.csv" && (clean || at < len(content)-len(storetest.Records(storetest.Bet(1, 2)))) || at > 72 && at%97 != 0 && (at%4096) > 72 {
						continue // the journal knows the last group only, and most of it is zeros
					}
					for _, b := range []byte{0, content[at] ^ 1, '\n', 0xff} {
						if b == content[at] {
							continue
						}
						c := storetest.Crash{Files: maps.Clone(left)}
						c.Files[damaged] = bytes.Clone(content)
						c.Files[damaged][at] = b
						if opens(t, c, 3, 1) {
							accepted++
						} else {
							refused++
						}
					}
				}
			}
			if refused == 0 || accepted == 0 && !clean {
				t.Errorf("%d refused, %d accepted", refused, accepted)
			}
		})
	}
}

// opens opens what is left in a directory of its own. It returns false for an error, after which nothing has changed.
// Otherwise agencies 1 and 2 have so many bets, and agency 1 has finished.
func opens(t *testing.T, c storetest.Crash, one, two uint64) bool {
	t.Helper()
	dir := t.TempDir()
	c.Leave(t, dir)
	l, err := draw.Open(t.Context(), filepath.Join(dir, "bets.csv"), 2, func(tell func(bool)) { tell(true) }, store.Options{Encode: storetest.Encode, Files: journal.Options{NoSync: true}})
	if err != nil {
		for name, content := range c.Files {
			storetest.FileIs(t, filepath.Join(dir, name), content)
		}
		return false
	}
	if l.Account(1).Count != one || l.Account(2).Count != two || !l.Finished(1) || l.Finished(2) {
		t.Errorf("%+v, %+v, finished %v, %v", l.Account(1), l.Account(2), l.Finished(1), l.Finished(2))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return true
}

// A file of the draw that a central of version 1 of the protocol wrote has checksums without the agency's number.
func TestDrawFileOfVersion1(t *testing.T) {
	one, two := storetest.Batch(1, 0, 3), storetest.Batch(2, 0, 2)
	plain := func(bets []lottery.Bet) uint32 {
		var encoded []byte
		for i := range bets {
			encoded = storetest.Encode(encoded, &bets[i])
		}
		return crc32.Checksum(encoded, journal.Castagnoli)
	}
	write := func(lines ...string) string {
		path := filepath.Join(t.TempDir(), "bets.csv")
		var draw []byte
		for _, line := range lines {
			draw = append(draw, line...)
			draw = fmt.Appendf(draw, ",%08x\n", crc32.Checksum(draw, journal.Castagnoli))
		}
		if err := errors.Join(os.WriteFile(path, append(storetest.Records(one...), storetest.Records(two...)...), 0o600), os.WriteFile(path+".draw", draw, 0o600)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first := fmt.Sprintf("finished,1,3,%d", plain(one))
	l, draws := openLottery(t, write(first), 3, nil)
	if !l.Finished(1) || l.Finished(2) || l.Account(1) != storetest.AccountOf(one...) {
		t.Errorf("finished %v, %v, %+v", l.Finished(1), l.Finished(2), l.Account(1))
	}
	if err := errors.Join(finishAs(l, 1), finishAs(l, 2), finishAs(l, 3)); err != nil || draws.Load() != 1 {
		t.Errorf("%d draws, %v", draws.Load(), err)
	}
	for _, lines := range [][]string{
		{fmt.Sprintf("finished,1,3,%d", plain(one)+1)},
		{fmt.Sprintf("finished,1,2,%d", plain(one[:2]))},
		{fmt.Sprintf("finished,1,3,%d", storetest.AccountOf(storetest.Batch(2, 0, 3)...).Checksum)},
		{first, "finished,3,0,1"},
	} {
		if _, err := draw.Open(t.Context(), write(lines...), 3, nil, store.Options{Encode: storetest.Encode}); !errors.Is(err, draw.ErrMismatch) {
			t.Errorf("%q: %v, want %v", lines, err, draw.ErrMismatch)
		}
	}
	// Without bets, that checksum was 0.
	if l, _ := openLottery(t, write(first, "finished,3,0,0"), 3, nil); !l.Finished(3) {
		t.Error("agency 3 has not finished")
	}
}

// An agency that finishes again, after its connection broke, does not need the disk.
func TestFinishAgainWithoutDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	l, _ := openLottery(t, path, 2, nil)
	storetest.MustPut(t, l, 0, storetest.Batch(1, 0, 3))
	if err := errors.Join(finishAs(l, 1), os.Rename(path, path+".away")); err != nil {
		t.Fatal(err)
	}
	if err := finishAs(l, 1); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := l.Finish(1, 3, 0); !errors.Is(err, draw.ErrMismatch) && !errors.Is(err, store.ErrStorage) {
		t.Errorf("with another checksum: %v", err)
	}
	if err := finishAs(l, 2); !errors.Is(err, store.ErrStorage) {
		t.Errorf("the first time: %v", err)
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
}

func TestMarksOfAnotherFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	for _, marks := range []string{"finished,1,3,99\n", "finished,1,3,99,1dd03a71\n", "hello", "hello\n", ",00000000", "\n", strings.Repeat("x", 1e5)} {
		if err := os.WriteFile(path+".draw", []byte(marks), 0o600); err != nil {
			t.Fatal(err)
		}
		if l, err := draw.Open(context.Background(), path, 2, func(func(bool)) {}, store.Options{Encode: storetest.Encode}); err == nil {
			t.Errorf("%q is taken", marks)
			l.Close()
		}
		storetest.FileIs(t, path+".draw", []byte(marks))
	}
}

func TestFinishOutlivesFailures(t *testing.T) {
	var f storetest.Faults
	path := filepath.Join(t.TempDir(), "bets.csv")
	l, draws := openLottery(t, path, 2, f.Wrap)
	storetest.MustPut(t, l, 0, storetest.Winning(1, "1"))
	if err := finishAs(l, 2); err != nil {
		t.Fatal(err)
	}
	f.Lock()
	f.Sync = syscall.EIO
	f.Unlock()
	if err := finishAs(l, 1); !errors.Is(err, store.ErrStorage) || l.Finished(1) || isDrawn(l) {
		t.Fatalf("%v, finished %v", err, l.Finished(1))
	}
	storetest.MustPut(t, l, 1, storetest.Winning(1, "2")) // still open
	if err := finishAs(l, 1); err != nil {
		t.Fatal(err)
	}
	got, err := allWinners(l, 1)
	if err != nil || !slices.Equal(got, []string{"1", "2"}) || draws.Load() != 1 {
		t.Errorf("%v, %v, %d draws", got, err, draws.Load())
	}
}

// drawFails makes the second sync of bets.csv.draw fail: that of the draw.
type drawFails struct {
	journal.DiskFile
	syncs *atomic.Int32
}

func (f drawFails) Sync() error {
	if strings.HasSuffix(f.Name(), ".draw") && f.syncs.Add(1) == 2 {
		return syscall.EIO
	}
	return f.DiskFile.Sync()
}

func TestDrawIsTriedAgain(t *testing.T) {
	var syncs atomic.Int32
	l, draws := openLottery(t, filepath.Join(t.TempDir(), "bets.csv"), 1, func(f journal.DiskFile) journal.DiskFile { return drawFails{f, &syncs} })
	if err := finishAs(l, 1); !errors.Is(err, store.ErrStorage) || !l.Finished(1) || isDrawn(l) || draws.Load() != 0 {
		t.Fatalf("%v, finished %v", err, l.Finished(1))
	}
	if _, err := allWinners(l, 1); err != nil || draws.Load() != 1 {
		t.Errorf("%v, %d draws", err, draws.Load())
	}
}

func TestManyFinishAtOnce(t *testing.T) {
	const agencies = 200
	path := filepath.Join(t.TempDir(), "bets.csv")
	l, draws := openLottery(t, path, agencies, nil)
	var wg sync.WaitGroup
	for a := range uint32(agencies) {
		for range 2 {
			wg.Go(func() {
				if err := finishAs(l, a+1); err != nil {
					t.Error(err)
				}
				<-l.Drawn()
				if _, err := allWinners(l, a+1); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if draws.Load() != 1 {
		t.Errorf("%d draws", draws.Load())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, _ := openLottery(t, path, agencies, nil); !isDrawn(l) {
		t.Error("not drawn any more")
	}
}

// A finish whose line can neither be synced nor taken back may be in the file:
// bets behind it would keep the next start from opening.
func TestFinishOfUncertainFateStaysClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bets.csv")
	f := new(storetest.Faults)
	l, err := draw.Open(context.Background(), path, 2, func(func(bool)) {}, store.Options{Encode: storetest.Encode, Files: journal.Options{Wrap: f.Wrap}})
	if err != nil {
		t.Fatal(err)
	}
	f.Lock()
	f.Sync, f.Truncate = errors.New("sync"), errors.New("truncate")
	f.Unlock()
	if err := finishAs(l, 1); !errors.Is(err, store.ErrStorage) {
		t.Fatalf("got %v", err)
	}
	b := lottery.Bet{Agency: 1, FirstName: "a", LastName: "b", Document: "1", Birthdate: lottery.Date{Year: 2000, Month: 1, Day: 1}, Number: 1}
	encoded := storetest.Encode(nil, &b)
	if _, err := l.StoreBets(1, 0, []lottery.Bet{b}, encoded); !errors.Is(err, store.ErrFinished) {
		t.Errorf("a bet behind a finish: %v", err)
	}
	if err := finishAs(l, 1); err != nil {
		t.Errorf("finishing again: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	l, err = draw.Open(context.Background(), path, 2, func(func(bool)) {}, store.Options{Encode: storetest.Encode})
	if err != nil {
		t.Fatal(err)
	}
	if !l.Finished(1) {
		t.Error("the finish is gone")
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
