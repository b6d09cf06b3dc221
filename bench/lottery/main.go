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

// commands are those with which this binary starts itself again.
var commands = map[string]func(args []string) error{"floor-server": floorServer, "floor-client": floorClient}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var err error
	if len(args) > 0 && commands[args[0]] != nil {
		err = commands[args[0]](args[1:])
	} else {
		err = bench(ctx, args, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "lotterybench:", err)
		return 1
	}
	return 0
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
	// Before the idle connections, which are the benchmark's own: no process starts after them.
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return fmt.Errorf("read our own memory: %w", err)
	}
	r.own = usage.Maxrss << 10
	if *only == "" {
		r.idle, err = alone(ctx, b, func(ctx context.Context, dir string) (idleOutcome, error) {
			return b.measureIdle(ctx, dir, idleConnections)
		})
		if err != nil {
			return fmt.Errorf("%d idle connections: %w", idleConnections, err)
		}
	}
	text := r.markdown()
	fmt.Fprint(stdout, text)
	if *write {
		_, err = files.WriteFile(resultFile, []byte(text))
	}
	return err
}
