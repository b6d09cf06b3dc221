package client

import (
	"testing"
	"time"
)

// Only a client with winners to report has two things to be seen by those who
// follow the logs; it stays as long as the others.
func TestLingers(t *testing.T) {
	for mode, want := range map[Mode][2]time.Duration{
		ModeEcho: {0, 3}, ModeBet: {0, 3}, ModeBatch: {0, 3}, ModeLottery: {1, 2},
	} {
		before, after := Config{Mode: mode, Linger: 3}.lingers()
		if before != want[0] || after != want[1] {
			t.Errorf("%s: %v and %v, want %v", mode, before, after, want)
		}
	}
}
