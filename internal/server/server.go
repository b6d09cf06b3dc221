// Package server is the lab's server as a program: its configuration, its
// socket and its lifecycle around what it does.
package server

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/tp0-lab/composer/internal/config"
	"github.com/tp0-lab/composer/internal/echo"
	"github.com/tp0-lab/composer/internal/lablog"
	"github.com/tp0-lab/composer/internal/service"
)

// ConfigFile is read from the working directory.
const ConfigFile = "config.ini"

// Run is the service.Run of the server.
func Run(ctx context.Context, environ []string, stdout io.Writer) error {
	environment := config.Environ(environ)
	file, err := config.INIFile(ConfigFile)
	if err != nil {
		return service.ConfigFailed(stdout, err)
	}
	c, err := config.Parse[Config](environment, file)
	if err != nil {
		return service.ConfigFailed(stdout, err)
	}
	log := lablog.New(stdout, c.LogLevel)
	log.Debug("config", lablog.Success,
		slog.Int("port", int(c.Port)),
		slog.Int("listen_backlog", c.ListenBacklog),
		slog.String("logging_level", c.LogLevel.String()))
	service.LogUnknown(log, config.Unknown[Config]("SERVER_", environment, file))

	listener, err := listen(ctx, c.Port, c.ListenBacklog)
	if err != nil {
		log.Error("listen", lablog.Fail, slog.Int("port", int(c.Port)), lablog.Err(err))
		return err
	}
	ctx, stop := service.Stopping(ctx, log)
	defer stop()
	s := echo.Server{FirstByte: c.FirstByteTimeout, Pause: time.Second, Whole: c.ReadTimeout, Log: log}
	if err := s.Serve(ctx, listener); err != nil {
		log.Error("shutdown_server", lablog.Fail, lablog.Err(err))
		return err
	}
	log.Info("shutdown_server", lablog.Success)
	return nil
}
