//go:build unix

package draw

import (
	"os"
	"syscall"
)

// giveTo gives the file the mode and, where this process may, the owner of info: a central in a container runs as another
// user than the operator.
func giveTo(path string, info os.FileInfo) {
	_ = os.Chmod(path, info.Mode().Perm())
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = os.Chown(path, int(s.Uid), int(s.Gid))
	}
}
