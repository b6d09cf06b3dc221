// Command composer renders Docker Compose files from templates, one numbered
// replica at a time.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/tp0-lab/composer/internal/cli"
	"github.com/tp0-lab/composer/internal/lab/local"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == local.Argument {
		os.Exit(local.Serve(os.Args[2:]))
	}
	debug.SetGCPercent(400) // a run is short: collecting garbage costs more than the memory
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(cli.Main(ctx, os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
