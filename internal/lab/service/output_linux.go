package service

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// writable waits at most so long until f can be written to, and reports whether it can. It is true if that cannot be
// found out.
func writable(f *os.File, wait time.Duration) bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return true
	}
	ready := true
	_ = raw.Control(func(fd uintptr) {
		if fd > 31 {
			return // the services' outputs are 1 and 3
		}
		var set syscall.FdSet
		set.Bits[0] = 1 << fd
		limit := syscall.NsecToTimeval(wait.Nanoseconds())
		n, err := syscall.Select(int(fd)+1, nil, &set, nil, &limit)
		ready = n > 0 || err != nil && !errors.Is(err, syscall.EINTR)
	})
	return ready
}
