package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/tp0-lab/composer/internal/lab/local"
)

// Process runs the command line of this process and returns its exit code. SIGINT, SIGTERM and SIGHUP stop
// the command; a second signal ends the process at once. The processes that `composer run` starts come here too.
func Process() int {
	if len(os.Args) > 1 && os.Args[1] == local.Argument {
		return local.Serve(os.Args[2:])
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Main(ctx, os.Args, Streams{
		In: os.Stdin, Out: FileOutput(os.Stdout), Err: FileOutput(os.Stderr), Environ: os.Environ(), Now: time.Now,
	})
}
