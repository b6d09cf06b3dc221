package lottery

import (
	"errors"
	"os"
	"syscall"
)

// Sync leaves out what does not matter for reading the data back, such as the
// time of modification (fdatasync(2)).
func (f diskFile) Sync() error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
