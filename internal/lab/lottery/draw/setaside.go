package draw

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/lottery/store"
)

// ErrOwnName is the error of SetAside for a target that the central would take for a file of its own.
var ErrOwnName = errors.New("a central has a file of this name: name another one")

// SetAside moves the records of an agency from the bets.csv at path to a new file at target, and takes the agency's
// finish back. It returns how many records there were. It fails if a central has the files open (journal.ErrLocked), if
// target exists (fs.ErrExist) or has the name of a file that the central makes beside bets.csv (ErrOwnName), and after
// the draw (ErrDrawn). The options are those of a Store.
//
// Each file is replaced as a whole: first target has the records, then bets.csv.draw lacks the finish, and at last
// bets.csv lacks the records. After a crash in between, the lottery can go on, and no record is lost: SetAside can be
// called again, with another target.
func SetAside(ctx context.Context, path string, agency uint32, target string, o store.Options) (records uint64, err error) {
	if _, err := os.Lstat(target); err == nil {
		return 0, fmt.Errorf("%s: %w", target, fs.ErrExist)
	}
	if _, err := os.Stat(path); err != nil {
		return 0, fmt.Errorf("%s: %w", path, files.Cause(err)) // Open would create it
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return 0, err
	}
	if ownName(resolved, target) {
		return 0, fmt.Errorf("%s: %w", target, ErrOwnName)
	}
	if records, err = checkSetAside(ctx, path, agency, o); err != nil {
		return 0, err
	}
	bets, err := files.Open(resolved, os.O_RDWR)
	if err != nil {
		return 0, err
	}
	defer bets.Close() // and with it the lock
	if err := journal.Lock(bets); err != nil {
		return 0, err
	}
	if _, err := os.Lstat(resolved + journal.Suffix); err == nil {
		return 0, fmt.Errorf("%s: a central has begun since: stop it, and try again", path)
	}
	return records, setAside(bets, resolved, agency, target)
}

// ownName reports whether the central makes a file at target, beside the bets.csv at path.
func ownName(path, target string) bool {
	dir, err := os.Stat(filepath.Dir(path))
	other, otherErr := os.Stat(filepath.Dir(target))
	if err != nil || otherErr != nil || !os.SameFile(dir, other) {
		return false
	}
	rest, beside := strings.CutPrefix(filepath.Base(target), filepath.Base(path))
	return beside && slices.Contains([]string{suffix, journal.Suffix, suffix + journal.Suffix}, rest)
}

// checkSetAside opens and closes the lottery, which mends what a crash has left and removes the journals. It returns how
// many bets the agency has.
func checkSetAside(ctx context.Context, path string, agency uint32, o store.Options) (uint64, error) {
	l, err := Open(ctx, path, 0, func(func(bool)) {}, o)
	if err != nil {
		return 0, err
	}
	count, drawn := l.Account(agency).Count, l.isDrawn()
	if err := l.Close(); err != nil {
		return 0, err
	}
	switch {
	case drawn:
		return 0, fmt.Errorf("%w, with the bets of agency %d in it", ErrDrawn, agency)
	case count == 0:
		return 0, fmt.Errorf("%s has no bets of agency %d", path, agency)
	}
	return count, nil
}

func setAside(bets *os.File, path string, agency uint32, target string) error {
	info, err := bets.Stat()
	if err != nil {
		return err
	}
	draw, err := drawWithout(path+suffix, agency)
	if err != nil {
		return err
	}
	if err := replaceFile(target, info, func(w io.Writer) error { return copyRecords(w, bets, path, agency, true) }); err != nil {
		return err
	}
	switch {
	case draw == nil: // there is nothing to take back
	case len(draw) == 0:
		err = errors.Join(os.Remove(path+suffix), journal.SyncDirectory(path))
	default:
		err = replaceFile(path+suffix, info, func(w io.Writer) error {
			_, err := w.Write(draw)
			return err
		})
	}
	if err != nil {
		return err
	}
	var set files.Set
	defer set.Discard()
	if err := set.Add(path, func(w io.Writer) error { return copyRecords(w, bets, path, agency, false) }); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		_ = bets.Close() // Windows replaces no file that is open
	}
	if _, err := set.Commit(); err != nil {
		return err
	}
	giveTo(path, info)
	return journal.SyncDirectory(path)
}

// replaceFile replaces a file as a whole, and makes that durable. The file gets owner and mode of info.
func replaceFile(path string, info os.FileInfo, write func(io.Writer) error) error {
	if _, err := files.WriteFrom(path, write); err != nil {
		return err
	}
	giveTo(path, info)
	return journal.SyncDirectory(path)
}

// copyRecords copies the records of an agency, or all others, as they are.
func copyRecords(w io.Writer, bets io.ReaderAt, path string, agency uint32, of bool) error {
	r := lottery.NewFileReader(io.NewSectionReader(bets, 0, 1<<62), path, 0)
	var b lottery.Bet
	begin, at := int64(0), int64(0) // of the records to be copied that come together
	flush := func(end int64) error {
		_, err := io.Copy(w, io.NewSectionReader(bets, begin, end-begin))
		return err
	}
	for {
		err := r.Read(&b)
		if errors.Is(err, io.EOF) {
			return flush(r.Offset())
		}
		if err != nil {
			return err
		}
		if (b.Agency == agency) != of {
			if err := flush(at); err != nil {
				return err
			}
			begin = r.Offset()
		}
		at = r.Offset()
	}
}

// drawWithout returns the content of a bets.csv.draw without the finish of an agency, or nil if there is none to take back.
func drawWithout(path string, agency uint32) ([]byte, error) {
	content, err := files.ReadRegular(path, 1<<30)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found bool
	out, sum := []byte{}, uint32(0)
	for line := range bytes.Lines(content) {
		text, end := cutLineEnd(string(line))
		text = text[:strings.LastIndexByte(text, ',')] // Open has checked that it is there
		if strings.HasPrefix(text, fmt.Sprintf("finished,%d,", agency)) {
			found = true
			continue
		}
		out, sum = appendLine(out, sum, text, end)
	}
	if !found {
		return nil, nil
	}
	return out, nil
}
