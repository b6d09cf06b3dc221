// Package client is the program of the lab's client: its configuration and its lifecycle around internal/lab/echo or
// internal/lab/agency.
package client

import (
	"cmp"
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
	c, unknown, err := config.Load[Config](Configuration(), m.Environ, m.Path(ConfigFile))
	var own secret.Secret
	if err == nil {
		own, err = c.ownSecret(m)
	}
	var dial secure.DialFunc
	if err == nil {
		dial, err = c.dial(m)
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
	service.LogUnknown(log, unknown)

	ctx, stop := service.Stopping(ctx, log)
	defer stop()
	err = work(ctx, c, own, dial, m, log)
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

// work does the work of the mode. It has logged the error that it returns.
func work(ctx context.Context, c Config, own secret.Secret, dial secure.DialFunc, m service.Machine, log *slog.Logger) error {
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
		Period:      *cmp.Or(c.BatchPeriod, &c.LoopPeriod),
		ReportDelay: before,
		Timeout:     c.Timeout,
		RetryLimit:  c.RetryLimit,
		KeepAlive:   c.KeepAlive,
		Now:         time.Now,
		Secret:      own,
		Dial:        dial,
		Open:        open,
	}, log)
	switch c.Mode {
	case ModeBet:
		bet, _ := c.bet() // Config.Check has checked the bet
		return a.SendBet(ctx, bet)
	case ModeBatch:
		return a.SendFile(ctx, file)
	default:
		_, err := a.Play(ctx, file)
		return err
	}
}
