package cli

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/lab/dataset"
	"github.com/tp0-lab/composer/internal/lab/listener"
	"github.com/tp0-lab/composer/internal/text"
)

// Bounds of the server: a request is short, and a client that reads slowly comes back for the rest.
const (
	serveHeaderTime = 10 * time.Second
	serveAnswerTime = 10 * time.Minute
	serveIdleTime   = time.Minute
	serveHeader     = 16 << 10 // bytes
	serveGrace      = 5 * time.Second
	// Each connection may hold a file open. When all places are taken, the oldest connection makes room for another, but has
	// this long for itself: idle and slow clients keep nobody waiting longer than the client of the lab waits.
	serveConnections = 1000
	serveSlice       = 2 * time.Second
)

func dataServeCommand() *cli.Command {
	return &cli.Command{
		Name:      "serve",
		Usage:     "serve the agencies' files by HTTP, read-only, until Ctrl-C",
		UsageText: "composer data serve [--listen ADDRESS] [DIR]",
		ArgsUsage: "[DIR]",
		Description: examples(
			"composer data serve", "the files of "+dataDir+", at port 8080 of all addresses",
			"composer data serve --listen 10.0.0.7:8080 /srv/agencies", "of another directory, at one address",
		) + "\n\nClients of a cluster without shared storage read them there: their CLI_AGENCY_FILE is\nhttp://HOST:8080/agency-{id}.csv then. " +
			"Only files with the names agency-N.csv are served, to whoever reaches the address.",
		Flags: []cli.Flag{
			stringFlag("listen", "COMPOSER_DATA_LISTEN", ":8080", "the `ADDRESS` to listen at, HOST:PORT; port 0 is any free one", "l"),
		},
		Action: dataServe,
	}
}

func dataServe(c *cli.Context) error {
	if c.NArg() > 1 {
		return usagef("data serve takes one directory: have %d", c.NArg())
	}
	dir := dataDir
	if c.Args().Present() {
		dir = c.Args().First()
	}
	if err := checkListen(c.String("listen")); err != nil {
		return usagef("data serve: --listen %s: %w", text.Short(c.String("listen"), 60), err)
	}
	found, err := dataset.CheckFiles(dir)
	if err != nil {
		return err
	}
	say := log.New(c.App.ErrWriter, "composer: ", 0) // one line at a time, whoever writes it
	handler, err := dataset.NewServer(dir, func(name string, read, size int64) {
		say.Printf("%s: %.1f of %.1f GB hashed, before it is served", name, float64(read)/1e9, float64(size)/1e9)
	})
	if err != nil {
		return err
	}
	defer handler.Close()
	socket, err := new(net.ListenConfig).Listen(c.Context, "tcp", c.String("listen"))
	if err != nil {
		return fmt.Errorf("data serve: %w", err)
	}
	server := &http.Server{
		Handler: handler, ErrorLog: say, ReadTimeout: serveHeaderTime, WriteTimeout: serveAnswerTime, IdleTimeout: serveIdleTime, MaxHeaderBytes: serveHeader,
	}
	server.RegisterOnShutdown(handler.Stop)
	say.Printf("serving %s of %s at http://%s/", text.Plural(len(found), "file"), text.Printable(dir), socket.Addr())
	stopped := make(chan error, 1)
	defer streams(c).tidy()()
	stop := context.AfterFunc(c.Context, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Context), serveGrace)
		defer cancel()
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) { // a client is in the middle of a file, and comes back elsewhere
			err = server.Close()
		}
		stopped <- err
	})
	defer stop()
	if err := server.Serve(listener.Bounded(socket, serveConnections, serveSlice)); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("data serve: %w", err)
	}
	return <-stopped
}

// checkListen refuses a text that is not an address to listen at.
func checkListen(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("want HOST:PORT or :PORT, as in :8080")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q is no port from 0 to 65535", port)
	}
	return nil
}
