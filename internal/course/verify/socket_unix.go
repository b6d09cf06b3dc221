//go:build unix

package verify

import (
	"os"
	"syscall"
)

// groupOf returns the group that a file belongs to.
func groupOf(path string) (group int, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, false
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(owner.Gid), true
}
