//go:build unix

package local

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// tie is how services end with this program: the kernel kills them, or their leash is cut.
type tie struct{}

func newTie() (tie, error) { return tie{}, nil }

func (tie) close() {}

// leashCarriesSignals is false: signals go to the process.
const leashCarriesSignals = false

func killProcess(p *os.Process) error { return p.Kill() }

// pauseProcess stops a process until resumeProcess.
func pauseProcess(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }

func resumeProcess(p *os.Process) error { return p.Signal(syscall.SIGCONT) }

// apart starts a process in a session of its own, so that Ctrl-C does not reach it.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// signalNumber returns the number of the signal with that full name, or 0.
func signalNumber(name string) syscall.Signal { return unix.SignalNum(name) }
