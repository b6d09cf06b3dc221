//go:build unix

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// takesEscapes reports whether a terminal takes colours as escape sequences.
func takesEscapes(*os.File) bool { return true }

// writable returns an error if this user must not make files in dir.
func writable(dir string) error { return unix.Access(dir, unix.W_OK) }
