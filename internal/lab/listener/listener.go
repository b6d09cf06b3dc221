// Package listener is what the lab's two servers have in common: the loop that
// accepts connections, and the lines about them.
package listener

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
)

// Accept errors, such as too many open files, pass; meanwhile the loop must not
// spin.
const (
	minBackoff = 5 * time.Millisecond
	maxBackoff = time.Second
)

// Serve calls handle with one connection after another, until ctx ends: then it
// closes l and returns nil. It returns an error, and has closed l too, if l
// fails for good. handle owns the connection; while it runs none is accepted.
func Serve(ctx context.Context, l net.Listener, log *slog.Logger, handle func(net.Conn)) error {
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(closed)
		closeListener(l, log)
	})
	err := accept(ctx, l, log, handle)
	if stop() {
		closeListener(l, log)
	} else {
		<-closed
	}
	return err
}

func accept(ctx context.Context, l net.Listener, log *slog.Logger, handle func(net.Conn)) error {
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
		case err != nil: // out of descriptors, most likely: others may give some back
			log.LogAttrs(ctx, slog.LevelError, "accept_connections", logline.Fail, logline.Err(err))
			backoff = min(max(2*backoff, minBackoff), maxBackoff)
			select {
			case <-time.After(backoff):
			case <-ctx.Done():
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

func closeListener(l net.Listener, log *slog.Logger) {
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		log.LogAttrs(context.Background(), slog.LevelError, "close_server_socket", logline.Fail, logline.Err(err))
		return
	}
	log.LogAttrs(context.Background(), slog.LevelInfo, "close_server_socket", logline.Success)
}

// Close closes a connection that was accepted, and logs that.
func Close(conn net.Conn, log *slog.Logger) {
	if err := conn.Close(); err != nil {
		log.LogAttrs(context.Background(), slog.LevelError, "close_client_connection", logline.Fail, IP(conn), logline.Err(err))
		return
	}
	log.LogAttrs(context.Background(), slog.LevelInfo, "close_client_connection", logline.Success, IP(conn))
}

// IP is the field of a line that names the peer: its address without the port.
func IP(conn net.Conn) slog.Attr {
	address := conn.RemoteAddr().String()
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	return slog.String("ip", address)
}
