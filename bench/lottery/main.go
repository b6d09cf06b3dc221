//go:build unix

// Command lotterybench measures the lottery's server and clients as native
// processes, fsync on and nothing paced, against a floor: the same bytes through
// as many plain processes into one file. It prints one Markdown table; `make
// bench` runs it.
//
// Every row is checked: a run that does not store each bet once, or tells an
// agency another number of winners than its file has, fails the program.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/files"
)

// resultFile is where -write puts the table, from the module's root.
const resultFile = "docs/benchmarks.md"

// Subcommands with which this binary starts itself again.
const (
	floorServerCommand = "floor-server"
	floorClientCommand = "floor-client"
	idleCommand        = "idle-client"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var err error
	if command, ok := hidden(args); ok {
		err = command(args[1:], stdin, stdout)
	} else {
		err = bench(ctx, args, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "lotterybench:", err)
		return 1
	}
	return 0
}

// hidden returns the subcommand that args begin with.
func hidden(args []string) (func(args []string, stdin io.Reader, stdout io.Writer) error, bool) {
	if len(args) == 0 {
		return nil, false
	}
	command, ok := map[string]func([]string, io.Reader, io.Writer) error{
		floorServerCommand: floorServer,
		floorClientCommand: floorClient,
		idleCommand:        idleClient,
	}[args[0]]
	return command, ok
}

func bench(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("lotterybench", flag.ExitOnError)
	quick := flags.Bool("quick", false, "leave out 100 times the course's data and the 1,000 agencies")
	write := flags.Bool("write", false, "write the table to "+resultFile+" too")
	old := flags.String("old", "", "the directory of another tree of the project, whose services run in turn with this one's")
	only := flags.String("only", "", "measure the scenario of that name alone: "+scenarioNames())
	_ = flags.Parse(args) // it exits

	if *write && (*quick || *only != "") {
		return errors.New("-write wants all scenarios: leave -quick and -only out")
	}
	dir, err := os.MkdirTemp("", "lotterybench-")
	if err != nil {
		return fmt.Errorf("make a directory to work in: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &benchmark{dir: dir, now: time.Now, talk: stderr}
	if err := b.build(ctx, *old); err != nil {
		return err
	}
	r := report{machine: describe(dir), load: loadNow(), old: commitOf(*old)}
	for _, s := range scenarios(*quick) {
		if *only != "" && *only != s.name {
			continue
		}
		rows, err := b.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		r.rows = append(r.rows, rows...)
	}
	if *only == "" {
		if r.idle, err = b.measureIdle(ctx, idleConnections); err != nil {
			return fmt.Errorf("%d idle connections: %w", idleConnections, err)
		}
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return fmt.Errorf("read our own memory: %w", err)
	}
	r.own = usage.Maxrss << 10
	text := r.markdown()
	if _, err := io.WriteString(stdout, text); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	if *write {
		if _, err := files.WriteFile(resultFile, []byte(text)); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	return nil
}
