package client

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/tp0-lab/composer/internal/lablog"
)

// Config is the client's configuration. The tag key is its path in the file.
type Config struct {
	ID            uint32        `env:"CLI_ID" key:"id" doc:"the client's number, from 1; the agency's in the lottery"`
	ServerAddress string        `env:"CLI_SERVER_ADDRESS" key:"server.address" envDefault:"server:12345" doc:"host:port of the server"`
	LoopAmount    int           `env:"CLI_LOOP_AMOUNT" key:"loop.amount" envDefault:"5" doc:"echo: how many messages"`
	LoopPeriod    time.Duration `env:"CLI_LOOP_PERIOD" key:"loop.period" envDefault:"5s" doc:"echo: pause after each message"`
	LogLevel      lablog.Level  `env:"CLI_LOG_LEVEL" key:"log.level" envDefault:"INFO" doc:"DEBUG, INFO, WARNING, ERROR or CRITICAL, in any case"`
	Mode          Mode          `env:"CLI_MODE" key:"mode" envDefault:"echo" doc:"what the client does: echo, bet, batch or lottery"`
	Linger        time.Duration `env:"CLI_LINGER" key:"linger" envDefault:"0s" doc:"how long the client stays before it exits, so that followed logs show its end"`

	Timeout    time.Duration `env:"CLI_TIMEOUT" key:"timeout" envDefault:"15s" doc:"limit of a connect, of a write, and of waiting for an answer or a keep-alive"`
	RetryLimit time.Duration `env:"CLI_RETRY_LIMIT" key:"retry.limit" envDefault:"60s" doc:"how long the client keeps trying without any progress"`
}

// Check implements config.Checker.
func (c Config) Check(report func(variable, reason string)) {
	if c.ID == 0 {
		report("CLI_ID", "want the client's number, from 1")
	}
	host, port, err := net.SplitHostPort(c.ServerAddress)
	if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || host == "" || n == 0 {
		report("CLI_SERVER_ADDRESS", "want host:port, such as server:12345")
	}
	if c.LoopAmount < 0 {
		report("CLI_LOOP_AMOUNT", "cannot be negative")
	}
	for variable, d := range map[string]time.Duration{
		"CLI_LOOP_PERIOD": c.LoopPeriod,
		"CLI_LINGER":      c.Linger,
	} {
		if d < 0 {
			report(variable, "cannot be negative")
		}
	}
	for variable, d := range map[string]time.Duration{
		"CLI_TIMEOUT":     c.Timeout,
		"CLI_RETRY_LIMIT": c.RetryLimit,
	} {
		if d <= 0 {
			report(variable, "want a duration above zero")
		}
	}
}

// Mode is what the client does.
type Mode string

// The modes.
const (
	ModeEcho    Mode = "echo"
	ModeBet     Mode = "bet"
	ModeBatch   Mode = "batch"
	ModeLottery Mode = "lottery"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Mode) UnmarshalText(text []byte) error {
	switch v := Mode(text); v {
	case ModeEcho, ModeBet, ModeBatch, ModeLottery:
		*m = v
		return nil
	default:
		return fmt.Errorf("want %s, %s, %s or %s", ModeEcho, ModeBet, ModeBatch, ModeLottery)
	}
}

func (m Mode) String() string { return string(m) }
