//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopTime is how long a server may take from SIGTERM to its exit.
const stopTime = 30 * time.Second

// process is a process, and the file that gets its stdout and stderr. Whoever starts it calls wait, stop or kill.
type process struct {
	cmd *exec.Cmd
	log string
}

// newProcess returns a process of a program in dir, which is not started yet. log is made anew in dir; environ is all of the
// environment.
func newProcess(dir, log string, environ []string, program string, args ...string) *process {
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = dir, append([]string{}, environ...) // nil would be all of ours
	return &process{cmd, filepath.Join(dir, log)}
}

func (p *process) start() error {
	log, err := os.Create(p.log)
	if err != nil {
		return fmt.Errorf("make the log: %w", err)
	}
	defer func() { _ = log.Close() }() // the process has its own
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", filepath.Base(p.cmd.Path), err)
	}
	return nil
}

// usage is what processes have cost.
type usage struct {
	memory int64         // the most memory that one of them has held, in bytes
	cpu    time.Duration // user and system time of all
}

// add adds a process that has ended. Linux counts in its memory what the parent held when it forked: the benchmark stays
// small.
func (u *usage) add(r *syscall.Rusage) {
	u.memory = max(u.memory, r.Maxrss<<10)
	u.cpu += time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// wait waits for the exit, and returns what the process has cost.
func (p *process) wait() (u usage, err error) {
	if err := p.cmd.Wait(); err != nil {
		return u, fmt.Errorf("%s: %w; its log ends: %s", filepath.Base(p.cmd.Path), err, tail(p.log))
	}
	u.add(p.cmd.ProcessState.SysUsage().(*syscall.Rusage))
	return u, nil
}

// stop asks the process to end and waits.
func (p *process) stop() (usage, error) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // wait says what became of one that has ended
	late := time.AfterFunc(stopTime, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	return p.wait()
}

// kill ends a process whose outcome does not matter any more.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// tail returns the end of a log in one line.
func tail(file string) string {
	const most = 600
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	return strconv.Quote(string(text[max(0, len(text)-most):]))
}

// fleet starts the processes one after the other and waits for all. It returns
// the time from before the first start to the last exit and what they have cost.
// The first failure ends all others.
//
// They are a process group, for which one thread waits: a thread for each of a
// thousand processes (exec.Cmd.Wait) would be what is measured.
func fleet(ctx context.Context, now func() time.Time, processes []*process) (took time.Duration, cost usage, err error) {
	began := now()
	group, running := 0, make(map[int]*process, len(processes))
	for _, p := range processes {
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: group}
		if err = p.start(); err != nil {
			break
		}
		pid := p.cmd.Process.Pid
		running[pid] = p
		if group == 0 {
			group = pid
			// No process of the group has been reaped before all have been
			// started, and none is left when stop is called: the number is ours.
			stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-pid, syscall.SIGKILL) })
			defer stop()
		}
	}
	if err != nil && group != 0 {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
	for len(running) > 0 {
		var (
			status syscall.WaitStatus
			used   syscall.Rusage
		)
		pid, waitErr := syscall.Wait4(-group, &status, 0, &used)
		if errors.Is(waitErr, syscall.EINTR) {
			continue
		}
		if waitErr != nil {
			_ = syscall.Kill(-group, syscall.SIGKILL)
			return 0, usage{}, fmt.Errorf("wait for the clients: %w", waitErr)
		}
		ended := running[pid]
		delete(running, pid)
		_ = ended.cmd.Process.Release()
		cost.add(&used)
		if status != 0 && err == nil {
			err = fmt.Errorf("%s: %s; its log ends: %s", filepath.Base(ended.cmd.Path), outcomeOf(status), tail(ended.log))
			_ = syscall.Kill(-group, syscall.SIGKILL)
		}
	}
	took = now().Sub(began)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return took, cost, err
}

func outcomeOf(status syscall.WaitStatus) string {
	if status.Signaled() {
		return status.Signal().String()
	}
	return fmt.Sprintf("exit status %d", status.ExitStatus())
}

// residentMemory returns the resident set of a process in bytes.
func residentMemory(pid int) (int64, error) {
	var n int64
	if _, err := fmt.Sscan(procField(fmt.Sprintf("/proc/%d/status", pid), "VmRSS"), &n); err != nil {
		return 0, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	return n << 10, nil // it is in kB
}

// procField returns the value of a field in a file of /proc, or "unknown".
func procField(file, name string) string {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
