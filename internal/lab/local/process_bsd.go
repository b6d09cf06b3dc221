//go:build unix && !linux

package local

import "syscall"

// tie is how services end with this program: their leash is cut.
type tie struct{}

func newTie() (tie, error) { return tie{}, nil }

func (tie) close() {}

func (tie) start(p *process) error {
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return startOnLeash(p)
}
