//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// idleConnections is how many connections are held open, welcomed and silent.
const idleConnections = 10_000

// idleOutcome is what idle connections cost the server.
type idleOutcome struct {
	connections   int
	before, after int64 // resident memory of the server in bytes
	peak          int64
}

// each is what one connection costs, in bytes.
func (o idleOutcome) each() float64 { return float64(o.after-o.before) / float64(o.connections) }

// measureIdle has one process open n connections, each of an agency of its own
// that has been welcomed and then says nothing.
func (b *benchmark) measureIdle(ctx context.Context, n int) (o idleOutcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	dir, err := b.workDir()
	if err != nil {
		return o, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// They are idle, not late: the usual time to the next frame is for others.
	server, address, err := b.startServer(ctx, b.new, dir, n, "SERVER_READ_TIMEOUT=1h", fmt.Sprintf("SERVER_MAX_CONNECTIONS=%d", n+1))
	if err != nil {
		return o, err
	}
	defer server.kill()
	o.connections = n
	if o.before, err = residentMemory(server.cmd.Process.Pid); err != nil {
		return o, err
	}
	hold, release, err := os.Pipe()
	if err != nil {
		return o, fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { _ = hold.Close() }()
	defer func() { _ = release.Close() }()
	client, _, err := b.startSelf(ctx, hold, idleCommand, address, strconv.Itoa(n))
	if err != nil {
		return o, err
	}
	defer client.kill()
	if o.after, err = residentMemory(server.cmd.Process.Pid); err != nil {
		return o, err
	}
	if err := release.Close(); err != nil {
		return o, fmt.Errorf("release the connections: %w", err)
	}
	if _, err := client.wait(); err != nil {
		return o, err
	}
	serves, err := server.stop()
	if err != nil {
		return o, err
	}
	o.peak = serves.memory
	lines, err := countLines(filepath.Join(dir, "bets.csv"))
	if err == nil && lines != 0 {
		err = fmt.Errorf("not exact: %d bets of nobody", lines)
	}
	return o, err
}

// idleClient is `idle-client ADDRESS CONNECTIONS`: it opens them, as agencies
// 1, 2 …, prints a line when all have been welcomed, and closes them when stdin
// ends.
func idleClient(args []string, stdin io.Reader, stdout io.Writer) error {
	if len(args) != 2 {
		return errors.New("want ADDRESS CONNECTIONS")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("connections: %w", err)
	}
	if err := allowFiles(uint64(n) + 100); err != nil {
		return err
	}
	const atOnce = 64
	conns, failures := make([]net.Conn, n), make([]error, atOnce)
	var opening sync.WaitGroup
	for worker := range atOnce {
		opening.Go(func() {
			for i := worker; i < n && failures[worker] == nil; i += atOnce {
				conns[i], failures[worker] = join(args[0], uint32(i+1))
			}
		})
	}
	opening.Wait()
	defer func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	}()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "welcomed", n)
	_, err = io.Copy(io.Discard, stdin)
	return err
}

// join connects as that agency and waits for its WELCOME.
func join(address string, agency uint32) (net.Conn, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect as agency %d: %w", agency, err)
	}
	var t wire.Type
	if _, err = conn.Write(wire.AppendHello(nil, wire.Hello{Agency: agency})); err == nil {
		t, _, err = wire.NewReader(conn).Next()
	}
	if err == nil && t != wire.TypeWelcome {
		err = fmt.Errorf("%v instead of WELCOME", t)
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("join as agency %d: %w", agency, err)
	}
	return conn, nil
}

// allowFiles raises this process's limit of open files, if it is below n. The
// server is a Go program too, whose runtime raises its own to the hard limit.
func allowFiles(n uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	if limit.Cur >= n {
		return nil
	}
	if limit.Max < n {
		return fmt.Errorf("%d open files are allowed, %d are needed: raise the hard limit (ulimit -Hn)", limit.Max, n)
	}
	limit.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("raise the limit of open files to %d: %w", n, err)
	}
	return nil
}
