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

// Client sends messages, each on a connection of its own, and expects the server to send each message back.
type Client struct {
	ID      uint32
	Address string
	Amount  int           // number of messages
	Period  time.Duration // pause after each message
	Timeout time.Duration // of a connect, and of an exchange
	// RetryLimit is the limit of all attempts at one message together. The Client tries again while the server is not
	// up or breaks the connection.
	RetryLimit time.Duration
	Now        func() time.Time
	Log        *slog.Logger
	// Dial connects to the server.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// ErrDiffers is in the error when the answer is not the message.
var ErrDiffers = errors.New("the answer is not the message")

// Run sends all messages. It returns nil if each came back, ctx.Err() when ctx is done, and otherwise an error that it
// has logged.
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

// deliver exchanges one message. It tries again until RetryLimit, unless the answer differs.
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
		// The server may not be up yet, which is no failure.
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
	connecting, connected := context.WithTimeout(ctx, c.Timeout)
	conn, err := c.Dial(connecting, "tcp", c.Address)
	connected()
	if err != nil {
		return err
	}
	defer func() {
		logline.Outcome(c.Log, "close_connection", conn.Close(), slog.Uint64("client_id", uint64(c.ID)))
	}()
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
