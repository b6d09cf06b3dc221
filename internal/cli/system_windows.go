package cli

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// takesEscapes reports whether a console takes colours as escape sequences. Consoles of Windows 10 and later do when
// they are asked to.
func takesEscapes(f *os.File) bool {
	var mode uint32
	console := windows.Handle(f.Fd())
	if err := windows.GetConsoleMode(console, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

// writable returns an error if dir is marked as read-only. Whether the lists of permissions of Windows let this user
// make files there is seen when the first is made.
func writable(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && info.Mode()&0o200 == 0 {
		err = fs.ErrPermission
	}
	return err
}
