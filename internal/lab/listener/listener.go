// Package listener accepts the connections of the lab's two servers, and logs what happens to them.
package listener

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/retry"
)

// The pauses after an error of Accept that passes, such as too many open files.
const (
	minBackoff = 5 * time.Millisecond
	maxBackoff = 200 * time.Millisecond
)

// Serve accepts connections and calls handle with one after another, until ctx is done. Then it closes l and returns
// nil. If l fails for good, it closes l and returns the error. handle closes the connection; no other connection is
// accepted before handle returns.
func Serve(ctx context.Context, l net.Listener, log *slog.Logger, handle func(net.Conn)) error {
	closeOnce := sync.OnceFunc(func() {
		err := l.Close()
		if errors.Is(err, net.ErrClosed) {
			err = nil
		}
		logline.Outcome(log, "close_server_socket", err)
	})
	defer closeOnce()
	defer context.AfterFunc(ctx, closeOnce)()
	backoff := time.Duration(0)
	for {
		if backoff == 0 {
			log.LogAttrs(ctx, slog.LevelInfo, "accept_connections", logline.InProgress)
		}
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				Close(conn, log)
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept connections: %w", err)
		case err != nil: // most likely no descriptor is free
			log.LogAttrs(ctx, slog.LevelError, "accept_connections", logline.Fail, logline.Err(err))
			backoff = min(max(2*backoff, minBackoff), maxBackoff)
			if retry.Sleep(ctx, backoff) != nil {
				return nil
			}
			continue
		}
		backoff = 0
		log.LogAttrs(ctx, slog.LevelInfo, "accept_connections", logline.Success, IP(conn))
		handle(conn)
		if ctx.Err() != nil {
			return nil
		}
	}
}

// Close closes an accepted connection and logs it.
func Close(conn net.Conn, log *slog.Logger) {
	logline.Outcome(log, "close_client_connection", conn.Close(), IP(conn))
}

// IP returns the log field with the peer's address, without its port.
func IP(conn net.Conn) slog.Attr {
	address := conn.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	return slog.String("ip", address)
}
