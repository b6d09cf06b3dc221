package local

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// A leash is the stdin of a service on systems whose kernel does not end a service with the program that started it. The
// program holds the other end. A line on it is the number of a signal, where the system has none; its end is the end of
// the program.

// holdLeash is the service's side: it passes on what comes through the leash, and ends the process with it.
func holdLeash(leash io.Reader, signals chan<- os.Signal, exit func(code int)) {
	for lines := bufio.NewScanner(leash); lines.Scan(); {
		number, err := strconv.Atoi(strings.TrimSpace(lines.Text()))
		if err != nil {
			break
		}
		select {
		case signals <- syscall.Signal(number):
		default: // the second signal ends the process at once
			exit(128 + number)
		}
	}
	exit(128 + int(syscall.SIGKILL))
}
