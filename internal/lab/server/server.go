// Package server is the program of the lab's server: its configuration, its socket and its lifecycle around
// internal/lab/echo or internal/lab/central.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/tp0-lab/composer/internal/lab/central"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/echo"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/lottery/draw"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/lab/secure"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// ConfigFile is the configuration file, in the working directory.
const ConfigFile = "config.ini"

// countInterval is how long alike lines of a flood are counted before the log has their number.
const countInterval = 5 * time.Second

// Run runs the server. It is a function of the type service.Run.
func Run(ctx context.Context, m service.Machine) error {
	c, unknown, err := config.Load[Config](Configuration(), m.Environ, m.Path(ConfigFile))
	if err == nil {
		c.Secret, err = c.master(m)
	}
	var encryption *tls.Config
	if err == nil {
		encryption, err = c.tls(m)
	}
	if err != nil {
		return service.ConfigFailed(m.Stdout, err)
	}
	log, tellCounted := logline.Counted(logline.New(m.Stdout, c.LogLevel), countInterval)
	defer tellCounted()
	log.Debug("config", logline.Success,
		slog.Int("port", int(c.Port)),
		slog.Int("listen_backlog", c.ListenBacklog),
		slog.String("logging_level", c.LogLevel.String()))
	service.LogUnknown(log, unknown)

	ctx, stop := service.Stopping(ctx, log)
	defer stop()
	if c.Mode == ModeLottery {
		err = serveLottery(ctx, c, encryption, m, log)
	} else {
		err = serveEcho(ctx, c, m, log)
	}
	tellCounted()
	logline.Outcome(log, "shutdown_server", err)
	return err
}

func serveEcho(ctx context.Context, c Config, m service.Machine, log *slog.Logger) error {
	listener, err := listen(ctx, m.Address(c.Port), c, log)
	if err != nil {
		return err
	}
	s := echo.Server{FirstByte: c.HelloTimeout, Pause: time.Second, Whole: c.ReadTimeout, Now: time.Now, Log: log}
	return s.Serve(ctx, listener)
}

// storageError adds to an error of the bets' file what its user can do.
func storageError(err error, c Config) error {
	switch {
	case errors.As(err, new(*lottery.LineError)):
		err = fmt.Errorf("%w; nothing was changed: mend that line if the bets are yours, or name another file by SERVER_STORAGE", err)
	case errors.Is(err, draw.ErrMismatch):
		err = fmt.Errorf("%w; nothing was changed: put the right %s and %[2]s.draw back, or name another file by SERVER_STORAGE", err, c.Storage)
	case errors.Is(err, journal.ErrLocked):
		err = fmt.Errorf("%w: stop that one, or name another file by SERVER_STORAGE", err)
	}
	return err
}

func serveLottery(ctx context.Context, c Config, encryption *tls.Config, m service.Machine, log *slog.Logger) (err error) {
	bets, err := central.OpenLottery(ctx, m.Path(c.Storage), c.Agencies, c.MaxBets, c.StorageSync, log)
	if err != nil && errors.Is(err, context.Cause(ctx)) {
		return nil // stopped while it read
	}
	if err != nil {
		return storageError(err, c)
	}
	defer func() {
		closeErr := bets.Close()
		if closeErr == nil {
			log.Info("close_storage", logline.Success)
		}
		err = errors.Join(err, closeErr)
	}()
	listener, err := listen(ctx, m.Address(c.Port), c, log)
	if err != nil {
		return err
	}
	if encryption != nil {
		listener = secure.Listen(listener, encryption)
		log.Info("encryption", logline.Success, slog.String("certificate", c.TLSCertificate))
		if err := secure.CheckTime(encryption, time.Now()); err != nil {
			log.Warn("encryption", logline.Success, slog.String("certificate", c.TLSCertificate), slog.String("warning", err.Error()))
		}
	}
	if c.Secret.IsZero() {
		log.Warn("authentication", logline.Success, slog.String("warning",
			"off: whoever reaches the port speaks for any agency; SERVER_SECRET_FILE turns it on"))
	}
	s := central.New(central.Config{
		Connections:  c.connections(),
		Concurrency:  c.Concurrency,
		HelloTimeout: c.HelloTimeout,
		ReadTimeout:  c.ReadTimeout,
		TurnTimeout:  c.TurnTimeout,
		WriteTimeout: c.WriteTimeout,
		KeepAlive:    c.KeepAlive,
		Now:          time.Now,
		Secret:       c.Secret,
	}, bets, log)
	return s.Serve(ctx, listener)
}

// listen listens as the configuration says, and logs the port that it took.
func listen(ctx context.Context, address string, c Config, log *slog.Logger) (net.Listener, error) {
	l, err := listenBacklog(ctx, address, c.ListenBacklog)
	if err != nil {
		return nil, err
	}
	log.Info("listen", logline.Success, slog.Int("port", l.Addr().(*net.TCPAddr).Port), slog.String("mode", string(c.Mode)))
	return l, nil
}
