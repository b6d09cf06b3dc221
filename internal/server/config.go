package server

import (
	"fmt"
	"time"

	"github.com/tp0-lab/composer/internal/lablog"
)

// Config is the server's configuration. The file's keys are the variables.
type Config struct {
	Port          uint16       `env:"SERVER_PORT" envDefault:"12345" doc:"TCP port to listen on; 0 takes a free one"`
	IP            string       `env:"SERVER_IP" envDefault:"server" doc:"name under which clients reach the server; it listens on all its addresses"`
	ListenBacklog int          `env:"SERVER_LISTEN_BACKLOG" envDefault:"5" doc:"connections that the kernel holds until they are accepted, for listen(2)"`
	LogLevel      lablog.Level `env:"LOGGING_LEVEL" envDefault:"INFO" doc:"DEBUG, INFO, WARNING, ERROR or CRITICAL, in any case"`
	Mode          Mode         `env:"SERVER_MODE" envDefault:"echo" doc:"what the server does: echo or lottery"`

	FirstByteTimeout time.Duration `env:"SERVER_HELLO_TIMEOUT" envDefault:"5s" doc:"how long a new connection may stay silent"`
	ReadTimeout      time.Duration `env:"SERVER_READ_TIMEOUT" envDefault:"30s" doc:"how long a peer may take for a whole message, or for its next frame"`
}

// Check implements config.Checker.
func (c Config) Check(report func(variable, reason string)) {
	if c.ListenBacklog < 1 || c.ListenBacklog > maxBacklog {
		report("SERVER_LISTEN_BACKLOG", fmt.Sprintf("want a number from 1 to %d", maxBacklog))
	}
	for variable, d := range map[string]time.Duration{
		"SERVER_HELLO_TIMEOUT": c.FirstByteTimeout,
		"SERVER_READ_TIMEOUT":  c.ReadTimeout,
	} {
		if d <= 0 {
			report(variable, "want a duration above zero")
		}
	}
}

// Mode is what the server does.
type Mode string

// The modes.
const (
	ModeEcho    Mode = "echo"
	ModeLottery Mode = "lottery"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Mode) UnmarshalText(text []byte) error {
	switch v := Mode(text); v {
	case ModeEcho, ModeLottery:
		*m = v
		return nil
	default:
		return fmt.Errorf("want %s or %s", ModeEcho, ModeLottery)
	}
}

func (m Mode) String() string { return string(m) }
