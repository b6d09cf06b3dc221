package local

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// Argument is the first argument of a command line that is Serve's.
const Argument = "local-service"

// Serve is what a process of a lab does, and returns its exit code. arguments
// are those behind Argument: the kind of the service, and flags.
func Serve(arguments []string) int { return ServeAs(arguments, server.Run, client.Run) }

// ServeAs is Serve with other services.
func ServeAs(arguments []string, server, client service.Run) int {
	if len(arguments) == 0 {
		arguments = []string{""}
	}
	if arguments[0] == "janitor" && len(arguments) == 2 {
		if err := clean(arguments[1], os.Stdin); err != nil {
			fmt.Fprintf(os.Stderr, "composer: remove %s: %v\n", arguments[1], err)
			return 1
		}
		return 0
	}
	run := map[string]service.Run{string(Server): server, string(Client): client}[arguments[0]]
	m, err := machine(arguments[1:])
	if run == nil || err != nil {
		fmt.Fprintf(os.Stderr, "composer: %s is for `composer run`: %q %v\n", Argument, arguments, err)
		return 2
	}
	return service.RunOn(m, func(ctx context.Context, m service.Machine) error {
		if lines, ok := m.Stdout.(*muxWriter); ok {
			if err := lines.mark(readyMark); err != nil {
				return err
			}
		}
		return run(ctx, m)
	})
}

// machine reads the flags.
func machine(arguments []string) (service.Machine, error) {
	m := service.ThisMachine()
	flags := flag.NewFlagSet(Argument, flag.ContinueOnError)
	flags.Func("index", "the service's index in its lab", func(s string) error {
		index, err := strconv.ParseUint(s, 10, 16)
		m.Stdout = &muxWriter{w: service.NewOutput(linesFile()), index: uint16(index)}
		return err
	})
	flags.StringVar(&m.Root, "root", "", "the service's root directory")
	flags.StringVar(&m.Host, "host", "", "the service's address")
	flags.Func("hosts", "a hosts(5) file", func(path string) error {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		m.Hosts, err = service.ParseHosts(string(text))
		return err
	})
	flags.Func("port", "PORT=OTHER, which stands for it", func(s string) error {
		port, other, _ := strings.Cut(s, "=")
		from, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return err
		}
		to, err := strconv.ParseUint(other, 10, 16)
		if err != nil {
			return err
		}
		if m.Ports == nil {
			m.Ports = make(map[uint16]uint16)
		}
		m.Ports[uint16(from)] = uint16(to)
		return nil
	})
	return m, flags.Parse(arguments)
}
