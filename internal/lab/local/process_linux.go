package local

import "syscall"

// tie is how services end with this program: the kernel kills them.
type tie struct{}

func newTie() (tie, error) { return tie{}, nil }

func (tie) close() {}

func (tie) start(p *process) error {
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return p.command.Start()
}
