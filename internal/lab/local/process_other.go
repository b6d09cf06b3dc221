//go:build !linux

package local

import (
	"errors"
	"syscall"
)

// supported says that this machine has neither a loopback network of more than
// one address nor processes that die with their parent.
func supported() error {
	return errors.New("services run without Docker on Linux only; use `make docker-compose-up` here")
}

func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
