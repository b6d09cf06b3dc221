package server

import (
	"context"
	"log/slog"
	"net"

	"github.com/tp0-lab/composer/internal/lab/logline"
)

// listen listens as the configuration says, and logs the port that it took.
func listen(ctx context.Context, address string, c Config, log *slog.Logger) (net.Listener, error) {
	l, err := listenBacklog(ctx, address, c.ListenBacklog)
	if err != nil {
		return nil, err
	}
	log.Info("listen", logline.Success, slog.Int("port", l.Addr().(*net.TCPAddr).Port), slog.String("mode", c.Mode.String()))
	return l, nil
}
