package local

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/files"
)

// Janitor is a process that removes a directory when this process has ended, even if it was killed. The janitor notices
// the end by a pipe, whose other end only this process has open.
type Janitor struct {
	command *exec.Cmd
	hold    io.WriteCloser
}

// NewJanitor starts a janitor of dir. program is as in Options.Program. The caller removes dir, and then closes the
// janitor.
func NewJanitor(program []string, dir string) (*Janitor, error) {
	program = commandLine(program)
	command := exec.Command(program[0], append(program[1:len(program):len(program)], "janitor", dir)...)
	command.Dir = filepath.VolumeName(dir) + string(filepath.Separator) // a directory that nobody removes
	command.SysProcAttr = apart()
	hold, err := command.StdinPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("start the janitor of %s: %w", dir, err)
	}
	return &Janitor{command: command, hold: hold}, nil
}

// Close lets the janitor remove the rest of the directory, and waits for the janitor's end.
func (j *Janitor) Close() error {
	_ = j.hold.Close()
	if err := j.command.Wait(); err != nil {
		return fmt.Errorf("the janitor: %w", err)
	}
	return nil
}

// clean is the janitor's work: it returns when dir is gone, or cannot be removed.
func clean(dir string, alive io.Reader) error {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	_, _ = io.Copy(io.Discard, alive) // an error is an end, too
	// A service that is just being killed may still make a file.
	var err error
	for range 50 {
		if err = files.RemoveAll(dir); err == nil {
			if _, gone := os.Stat(dir); os.IsNotExist(gone) {
				return nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}
