package journal

import (
	"errors"
	"os"
	"syscall"
)

// Sync is fdatasync(2): it leaves out what nobody needs to read the data, such as the time of modification.
func (f diskFile) Sync() error {
	for {
		err := syscall.Fdatasync(int(f.Fd()))
		if !errors.Is(err, syscall.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
