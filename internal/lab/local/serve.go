package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// Argument is the first argument of the command lines that main passes on to Serve.
const Argument = "local-service"

// Serve runs a service or the janitor of a lab in this process, and returns its exit code. arguments are the arguments
// after Argument, as Lab and NewJanitor write them. For wrong arguments Serve prints an error and returns 2.
func Serve(arguments []string) int { return ServeAs(arguments, server.Run, client.Run) }

// ServeAs is Serve, but runs the given functions as the server and the client.
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
		if err := m.Stdout.(*muxWriter).mark(readyMark); err != nil {
			return err
		}
		return run(ctx, m)
	})
}

// machine returns the Machine of a service of a lab. arguments are the lab's directory, the service's index in the lab
// and its name, and then the target and the source of each mount.
func machine(arguments []string) (service.Machine, error) {
	if len(arguments) < 3 || len(arguments)%2 == 0 {
		return service.Machine{}, errors.New("want KIND DIR INDEX NAME [TARGET SOURCE]…")
	}
	dir, name := arguments[0], arguments[2]
	index, err := strconv.ParseUint(arguments[1], 10, 16)
	if err != nil {
		return service.Machine{}, err
	}
	text, err := files.ReadRegular(hostsFile(dir), 64<<20)
	if err != nil {
		return service.Machine{}, err
	}
	m := service.ThisMachine()
	if err := json.Unmarshal(text, &m.Hosts); err != nil {
		return service.Machine{}, err
	}
	m.Stdout = &muxWriter{w: service.NewOutput(os.Stdout), index: uint16(index)}
	m.Root, m.Host = rootOf(dir, name), m.Hosts[name]
	for mount := range slices.Chunk(arguments[3:], 2) {
		m.Mounts = append(m.Mounts, service.Mount{Target: mount[0], Source: mount[1]})
	}
	if onLeash {
		signals := make(chan os.Signal, 1)
		m.Signals = signals
		go holdLeash(os.Stdin, signals, os.Exit)
	}
	return m, nil
}
