package echo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/retry"
)

// Client sends messages, each over a connection of its own, and expects each
// back.
type Client struct {
	ID      uint32
	Address string
	// Amount is how many messages, Period the pause behind each.
	Amount int
	Period time.Duration
	// Timeout bounds a connect, and an exchange.
	Timeout time.Duration
	// RetryLimit is how long a message is tried while the server is not up or
	// breaks the connection, the last try included.
	RetryLimit time.Duration
	Now        func() time.Time
	Log        *slog.Logger

	// Dial connects; nil is a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// ErrDiffers is returned if the server sent back something else.
var ErrDiffers = errors.New("the answer is not the message")

// Run sends all messages. It returns nil if each came back, ctx's error if it
// ended, and otherwise an error that is logged.
func (c *Client) Run(ctx context.Context) error {
	id := slog.Uint64("client_id", uint64(c.ID))
	for n := 1; n <= c.Amount; n++ {
		message := fmt.Sprintf("[CLIENT %d] Message N°%d", c.ID, n)
		if err := c.deliver(ctx, message); err != nil {
			if ctx.Err() == nil {
				c.Log.Error("receive_message", logline.Fail, id, logline.Err(err))
			}
			return err
		}
		c.Log.Info("receive_message", logline.Success, id, slog.String("msg", message))
		if err := retry.Sleep(ctx, c.Period); err != nil {
			return err
		}
	}
	c.Log.Info("loop_finished", logline.Success, id)
	return nil
}

// deliver exchanges one message, again and again while that can help.
func (c *Client) deliver(ctx context.Context, message string) error {
	limit, cancel := context.WithTimeout(ctx, c.RetryLimit)
	defer cancel()
	for backoff := (retry.Backoff{}); ; {
		err := c.exchange(limit, message)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil || errors.Is(err, ErrDiffers) {
			return err
		}
		// A server that is not up yet has failed at nothing.
		c.Log.Info("connect", logline.InProgress, slog.Uint64("client_id", uint64(c.ID)), logline.Err(err))
		if retry.Sleep(limit, backoff.Next()) != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("no answer from %s in %v: %w", c.Address, c.RetryLimit, err)
		}
	}
}

func (c *Client) exchange(ctx context.Context, message string) error {
	dial := c.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	connecting, connected := context.WithTimeout(ctx, c.Timeout)
	conn, err := dial(connecting, "tcp", c.Address)
	connected()
	if err != nil {
		return err
	}
	defer c.close(conn)
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if err := setDeadline(ctx, conn.SetDeadline, c.Now(), c.Timeout); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, message+"\n"); err != nil {
		return err
	}
	answer, err := bufio.NewReader(io.LimitReader(conn, MaxMessage)).ReadString('\n')
	ended := errors.Is(err, io.EOF)
	switch {
	case answer == message+"\n":
		return nil
	case err == nil, !strings.HasPrefix(message, answer), ended && answer == message:
		return fmt.Errorf("%w: got %q", ErrDiffers, answer)
	case ended:
		return errors.New("the server closed the connection before its whole answer")
	default:
		return err
	}
}

func (c *Client) close(conn net.Conn) {
	id := slog.Uint64("client_id", uint64(c.ID))
	if err := conn.Close(); err != nil {
		c.Log.Error("close_connection", logline.Fail, id, logline.Err(err))
		return
	}
	c.Log.Info("close_connection", logline.Success, id)
}
