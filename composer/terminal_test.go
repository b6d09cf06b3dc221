package main

import (
	"errors"
	"strings"
	"testing"
)

// What an error quotes of others does nothing to a terminal.
func TestPrintError(t *testing.T) {
	var b strings.Builder
	printError(&b, errors.New("a\x1b[31m: b\n  second\r line"))
	if got, want := b.String(), "composer: a\ufffd[31m: b\n  second\ufffd line\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
