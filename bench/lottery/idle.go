//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/tp0-lab/composer/internal/lab/wire"
)

// idleConnections is how many connections are held open, welcomed and silent.
const idleConnections = 10_000

type idleOutcome struct {
	connections   int
	before, after int64 // resident memory of the server in bytes
	peak          int64
}

// each is what one connection costs, in bytes.
func (o idleOutcome) each() float64 { return float64(o.after-o.before) / float64(o.connections) }

// measureIdle opens n connections, each of an agency of its own that has been welcomed and then says nothing.
func (b *benchmark) measureIdle(ctx context.Context, dir string, n int) (o idleOutcome, err error) {
	var limit syscall.Rlimit // package os has raised it to the hard one, here and in the server
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return o, fmt.Errorf("read the limit of open files: %w", err)
	}
	if need := uint64(n + 100); limit.Cur < need {
		return o, fmt.Errorf("%d open files are allowed, %d are needed: raise the hard limit (ulimit -Hn)", limit.Cur, need)
	}
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
	closeAll, err := holdIdle(address, n)
	defer closeAll()
	if err != nil {
		return o, err
	}
	if o.after, err = residentMemory(server.cmd.Process.Pid); err != nil {
		return o, err
	}
	closeAll()
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

// holdIdle connects as the agencies 1 to n, and returns when all have been welcomed.
func holdIdle(address string, n int) (closeAll func(), err error) {
	const atOnce = 64
	conns, failures := make([]net.Conn, n), make([]error, atOnce)
	closeAll = func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	}
	var opening sync.WaitGroup
	for worker := range atOnce {
		opening.Go(func() {
			for i := worker; i < n && failures[worker] == nil; i += atOnce {
				conns[i], failures[worker] = join(address, uint32(i+1))
			}
		})
	}
	opening.Wait()
	return closeAll, errors.Join(failures...)
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
