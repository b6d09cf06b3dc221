//go:build unix

// Package fifo makes named pipes for tests.
package fifo

import (
	"syscall"
	"testing"
)

// Make makes a named pipe. The test fails on a system whose file system has none.
func Make(tb testing.TB, path string) {
	tb.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		tb.Fatal(err)
	}
}
