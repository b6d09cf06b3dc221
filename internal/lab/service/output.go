package service

import (
	"errors"
	"os"
	"sync/atomic"
	"time"
)

const (
	// pipeSize is how many bytes a pipe takes without a wait, when it can be written to at all.
	pipeSize = 4 << 10
	// outputGrace is how long a service that was told to stop waits for somebody to read its output.
	outputGrace = 250 * time.Millisecond
	// outputStep is how long an Output waits before it looks whether it has been told to give up.
	outputStep = 25 * time.Millisecond
)

// Output writes to a file that somebody may have stopped reading: a pipe that is full, a terminal that is held. It
// waits for the reader until GiveUp.
type Output struct {
	file   *os.File
	gaveUp atomic.Bool
}

// NewOutput returns an Output to f.
func NewOutput(f *os.File) *Output { return &Output{file: f} }

// GiveUp makes Write fail instead of wait, from now on. A Write that waits now fails at once.
func (o *Output) GiveUp() { o.gaveUp.Store(true) }

// Wait waits until Write can write a line at once.
func (o *Output) Wait() error {
	for {
		gaveUp, step := o.gaveUp.Load(), outputStep
		if gaveUp {
			step = 0
		}
		switch {
		case writable(o.file, step):
			return nil
		case gaveUp:
			return errors.New("nobody reads the output")
		}
	}
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		if err = o.Wait(); err == nil {
			var m int
			m, err = o.file.Write(p[n:min(n+pipeSize, len(p))])
			n += m
		}
	}
	return n, err
}
