package local

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// Argument is the first argument of a command line that is Serve's.
const Argument = "local-service"

// Serve runs a service of a lab in this process, and returns its exit code. arguments are those behind Argument: the kind
// of the service, and flags.
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
		m.Stdout = &muxWriter{w: service.NewOutput(os.Stdout), index: uint16(index)}
		return err
	})
	flags.StringVar(&m.Root, "root", "", "the service's root directory")
	name := flags.String("name", "", "the service's name")
	flags.Func("hosts", "a file with the hosts of the lab", func(path string) error {
		text, err := files.ReadRegular(path, 64<<20)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &m.Hosts)
	})
	flags.Func("mount", "a path of the service, whose place -from is", func(target string) error {
		m.Mounts = append(m.Mounts, service.Mount{Target: target})
		return nil
	})
	flags.Func("from", "the place of the -mount before", func(source string) error {
		if len(m.Mounts) == 0 {
			return errors.New("no -mount is before it")
		}
		m.Mounts[len(m.Mounts)-1].Source = source
		return nil
	})
	leash := flags.Bool("leash", false, "stdin is the leash")
	if err := flags.Parse(arguments); err != nil {
		return service.Machine{}, err
	}
	m.Host = m.Hosts[*name]
	if *leash {
		signals := make(chan os.Signal, 1)
		m.Signals = signals
		go holdLeash(os.Stdin, signals, os.Exit)
	}
	return m, nil
}
