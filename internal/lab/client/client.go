// Package client is the program of the lab's client: its configuration and its lifecycle around internal/lab/echo or
// internal/lab/agency.
package client

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tp0-lab/composer/internal/lab/agency"
	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/echo"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/remote"
	"github.com/tp0-lab/composer/internal/lab/retry"
	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/secure"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// ConfigFile is the configuration file, in the working directory.
const ConfigFile = "config.yaml"

// Run runs the client. It is a function of the type service.Run.
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
	var access access
	if access.key, err = c.key(m); err == nil {
		access.dial, err = c.dial(m)
	}
	if err != nil {
		return service.ConfigFailed(m.Stdout, err)
	}
	log := logline.New(m.Stdout, c.LogLevel)
	log.Info("config", logline.Success,
		slog.Uint64("client_id", uint64(c.number())),
		slog.String("server_address", c.ServerAddress),
		slog.Int("loop_amount", c.LoopAmount),
		slog.Duration("loop_period", c.LoopPeriod),
		slog.String("log_level", c.LogLevel.String()))
	service.LogUnknown(log, Configuration().Unknown(environment, file))

	ctx, stop := service.Stopping(ctx, log)
	defer stop()
	err = work(ctx, c, access, m, log)
	done := err == nil
	if done {
		_, after := c.lingers()
		_ = retry.Sleep(ctx, after) // a stop ends it early
	}
	if ctx.Err() != nil {
		log.Info("shutdown_client", logline.Success, slog.Uint64("client_id", uint64(c.number())))
		if c.StopFails && !done {
			return fmt.Errorf("stopped: %w", err)
		}
		return nil
	}
	return err
}

// access is how the client reaches the server and proves who it is.
type access struct {
	key  secret.Key
	dial secure.DialFunc
}

// work does the work of the mode. It has logged the error that it returns.
func work(ctx context.Context, c Config, to access, m service.Machine, log *slog.Logger) error {
	if c.Mode == ModeEcho {
		e := echo.Client{
			ID: c.number(), Address: c.ServerAddress, Amount: c.LoopAmount, Period: c.LoopPeriod,
			Timeout: c.Timeout, RetryLimit: c.RetryLimit, Now: time.Now, Dial: m.Dial, Log: log,
		}
		return e.Run(ctx)
	}
	before, _ := c.lingers()
	file := c.agencyFile()
	var open func(context.Context, string) (agency.File, error)
	if remote.IsURL(file) {
		open = func(ctx context.Context, url string) (agency.File, error) {
			return remote.Open(ctx, remote.Config{URL: url, Timeout: c.Timeout, Patience: c.RetryLimit, Now: time.Now, Dial: m.Dial, Log: log})
		}
	} else {
		file = m.Path(file)
	}
	a := agency.New(agency.Config{
		Agency:      c.number(),
		Address:     c.ServerAddress,
		MaxAmount:   c.BatchMaxAmount,
		Period:      c.batchPeriod(),
		ReportDelay: before,
		Timeout:     c.Timeout,
		RetryLimit:  c.RetryLimit,
		KeepAlive:   c.KeepAlive,
		Now:         time.Now,
		Key:         to.key,
		Dial:        to.dial,
		Open:        open,
	}, log)
	switch c.Mode {
	case ModeBet:
		bet, err := c.bet()
		if err != nil {
			return err // never: Config.Check has checked the bet
		}
		return a.SendBet(ctx, bet)
	case ModeBatch:
		return a.SendFile(ctx, file)
	default:
		_, err := a.Play(ctx, file)
		return err
	}
}
