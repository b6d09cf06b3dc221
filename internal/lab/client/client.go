// Package client is the lab's client as a program: its configuration and its lifecycle around what it does.
package client

import (
	"context"
	"log/slog"
	"time"

	"github.com/tp0-lab/composer/internal/lab/agency"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/echo"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/retry"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// ConfigFile is read from the working directory.
const ConfigFile = "config.yaml"

// Run is the service.Run of the client.
func Run(ctx context.Context, m service.Machine) error {
	environment := config.Environ(m.Environ)
	file, err := config.YAMLFile(m.Path(ConfigFile), variablePrefix)
	if err != nil {
		return service.ConfigFailed(m.Stdout, err)
	}
	c, err := config.Parse[Config](environment, file)
	if err != nil {
		return service.ConfigFailed(m.Stdout, err)
	}
	log := logline.New(m.Stdout, c.LogLevel)
	log.Info("config", logline.Success,
		slog.Uint64("client_id", uint64(c.ID)),
		slog.String("server_address", c.ServerAddress),
		slog.Int("loop_amount", c.LoopAmount),
		slog.Duration("loop_period", c.LoopPeriod),
		slog.String("log_level", c.LogLevel.String()))
	service.LogUnknown(log, config.Unknown[Config](variablePrefix, environment, file))

	ctx, stop := service.Stopping(ctx, log)
	defer stop()
	err = work(ctx, c, m, log)
	if err == nil {
		_, after := c.lingers()
		_ = retry.Sleep(ctx, after) // cut short by a stop, which is looked at next
	}
	if ctx.Err() != nil {
		log.Info("shutdown_client", logline.Success, slog.Uint64("client_id", uint64(c.ID)))
		return nil
	}
	return err
}

// work does what the mode says. Its errors are logged.
func work(ctx context.Context, c Config, m service.Machine, log *slog.Logger) error {
	if c.Mode == ModeEcho {
		e := echo.Client{
			ID: c.ID, Address: c.ServerAddress, Amount: c.LoopAmount, Period: c.LoopPeriod,
			Timeout: c.Timeout, RetryLimit: c.RetryLimit, Now: time.Now, Dial: m.Dial, Log: log,
		}
		return e.Run(ctx)
	}
	before, _ := c.lingers()
	a := agency.New(agency.Config{
		Agency:      c.ID,
		Address:     c.ServerAddress,
		MaxAmount:   c.BatchMaxAmount,
		Period:      c.batchPeriod(),
		ReportDelay: before,
		Timeout:     c.Timeout,
		RetryLimit:  c.RetryLimit,
		KeepAlive:   c.KeepAlive,
		Now:         time.Now,
		Dial:        m.Dial,
	}, log)
	switch c.Mode {
	case ModeBet:
		bet, err := c.bet()
		if err != nil {
			return err // cannot be: the configuration was checked
		}
		return a.SendBet(ctx, bet)
	case ModeBatch:
		return a.SendFile(ctx, m.Path(c.AgencyFile))
	default:
		_, err := a.Play(ctx, m.Path(c.AgencyFile))
		return err
	}
}
