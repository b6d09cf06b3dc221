//go:build unix && !linux

package local

import "syscall"

func (tie) start(p *process) error {
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return startOnLeash(p)
}
