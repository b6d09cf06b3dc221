package local

import "syscall"

// onLeash is false: the kernel kills the services with this program.
const onLeash = false

func (tie) start(p *process) error {
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return p.command.Start()
}
