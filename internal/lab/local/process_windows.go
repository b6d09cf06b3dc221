package local

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// leashCarriesSignals is true: Windows has no signals.
const leashCarriesSignals = true

// killedCode is the exit code of a process that SIGKILL ended, as shells and Docker give it.
const killedCode = 128 + 9

// tie is how services end with this program: they are in a job object whose handle only this program has, and the kernel
// kills them when the handle is closed.
type tie struct{ job windows.Handle }

func newTie() (tie, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return tie{}, fmt.Errorf("create a job object: %w", err)
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{
		BasicLimitInformation: windows.JOBOBJECT_BASIC_LIMIT_INFORMATION{LimitFlags: windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE},
	}
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		_ = windows.CloseHandle(job)
		return tie{}, fmt.Errorf("set up a job object: %w", err)
	}
	return tie{job}, nil
}

func (t tie) close() { _ = windows.CloseHandle(t.job) }

// start starts the process and puts it into the job. If this program dies between the two, the leash ends the process.
func (t tie) start(p *process) error {
	p.command.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
	if err := startOnLeash(p); err != nil {
		return err
	}
	err := withHandle(p.command.Process, func(h windows.Handle) error { return windows.AssignProcessToJobObject(t.job, h) })
	if err != nil {
		err = errors.Join(err, killProcess(p.command.Process), p.leash.Close())
		_ = p.command.Wait() // it was killed
	}
	return err
}

func withHandle(p *os.Process, call func(windows.Handle) error) error {
	var callErr error
	err := p.WithHandle(func(h uintptr) { callErr = call(windows.Handle(h)) })
	return errors.Join(err, callErr)
}

func killProcess(p *os.Process) error {
	return withHandle(p, func(h windows.Handle) error { return windows.TerminateProcess(h, killedCode) })
}

var (
	ntdll           = windows.NewLazySystemDLL("ntdll.dll")
	suspendFunction = ntdll.NewProc("NtSuspendProcess")
	resumeFunction  = ntdll.NewProc("NtResumeProcess")
)

// pauseProcess stops all threads of a process until resumeProcess.
func pauseProcess(p *os.Process) error { return callWithProcess(suspendFunction, p) }

func resumeProcess(p *os.Process) error { return callWithProcess(resumeFunction, p) }

// callWithProcess calls a function of ntdll that takes the handle of a process and returns an NTSTATUS.
func callWithProcess(function *windows.LazyProc, p *os.Process) error {
	if err := function.Find(); err != nil {
		return err
	}
	return withHandle(p, func(h windows.Handle) error {
		if status, _, _ := function.Call(uintptr(h)); status != 0 {
			return fmt.Errorf("%s: %w", function.Name, windows.NTStatus(status))
		}
		return nil
	})
}

// apart are the attributes of a process that a Ctrl-C in our console, or its end, does not reach.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS}
}

// signalNumber returns the number of the signal with that full name, or 0. The numbers are those of Linux, which the
// containers have.
func signalNumber(name string) syscall.Signal {
	return map[string]syscall.Signal{
		"SIGHUP": 1, "SIGINT": 2, "SIGQUIT": 3, "SIGABRT": 6, "SIGKILL": 9, "SIGUSR1": 10, "SIGUSR2": 12, "SIGPIPE": 13, "SIGALRM": 14, "SIGTERM": 15,
	}[name]
}
