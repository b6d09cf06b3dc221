package program

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// ownGroup keeps the console's Ctrl-C from the program: only ctx ends it.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// killGroup ends the tree of processes below leader with the system's taskkill, and at least leader itself.
func killGroup(leader *os.Process) error {
	if exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(leader.Pid)).Run() == nil {
		return nil
	}
	return leader.Kill()
}
