package journal

import (
	"errors"
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/windows"
)

// Lock locks the file for this process until f is closed. The error is ErrLocked if another process has it: two
// centrals would overwrite each other's bets.
//
// Locks of Windows keep others from reading, and people read bets.csv while a central runs. So the lock is on one byte
// behind all that a file can hold.
func Lock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	behind := windows.Overlapped{Offset: math.MaxUint32 - 1, OffsetHigh: math.MaxInt32}
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &behind)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return fmt.Errorf("%w: %s", ErrLocked, f.Name())
	}
	return os.NewSyscallError("LockFileEx", err)
}

// SyncDirectory does nothing: NTFS has a journal of its directories, and no call that syncs one.
func SyncDirectory(string) error { return nil }
