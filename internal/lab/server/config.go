package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/secure"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// Configuration describes the server's configuration for the toolkit's commands.
func Configuration() config.Service {
	return config.Describe[Config]("server", ConfigFile, "SERVER_")
}

// Config is the server's configuration. The keys of the file are the names of the variables.
type Config struct {
	Port          uint16        `env:"SERVER_PORT" envDefault:"12345" doc:"TCP port to listen on; 0 takes a free one"`
	IP            string        `env:"SERVER_IP" envDefault:"server" doc:"name under which clients reach the server; it listens on all its addresses"`
	ListenBacklog int           `env:"SERVER_LISTEN_BACKLOG" envDefault:"5" min:"1" max:"65535" doc:"connections that the kernel holds until they are accepted, for listen(2)"`
	LogLevel      logline.Level `env:"LOGGING_LEVEL" envDefault:"INFO" doc:"DEBUG, INFO, WARNING, ERROR or CRITICAL, in any case"`
	Mode          Mode          `env:"SERVER_MODE" envDefault:"echo" doc:"what the server does: echo or lottery"`

	Agencies       uint32 `env:"SERVER_AGENCIES" envDefault:"0" doc:"lottery: how many agencies take part in the draw; 0: no draw"`
	Concurrency    int    `env:"SERVER_CONCURRENCY" envDefault:"1" min:"0" doc:"lottery: how many agencies are served at once; 0: no bound"`
	MaxConnections int    `env:"SERVER_MAX_CONNECTIONS" envDefault:"10000" min:"0" doc:"lottery: how many connections may be open at once, at least 100 more than agencies; 0: no bound"`
	MaxBets        uint64 `env:"SERVER_MAX_BETS" envDefault:"5000000" doc:"lottery: how many bets of one agency are stored; 0: no bound"`
	Storage        string `env:"SERVER_STORAGE" envDefault:"bets.csv" doc:"lottery: the file of the bets"`
	StorageSync    bool   `env:"SERVER_STORAGE_SYNC" envDefault:"true" doc:"lottery: acknowledge bets only when they are on the disk (fsync)"`

	SecretFile     string        `env:"SERVER_SECRET_FILE" doc:"lottery: the file of the master secret, which composer data secrets makes: each agency proves that it has its own secret"`
	Secret         secret.Secret `env:"SERVER_SECRET" secret:"true" doc:"lottery: the master secret itself, in place of SERVER_SECRET_FILE: 64 hexadecimal digits"`
	TLSCertificate string        `env:"SERVER_TLS_CERT" doc:"lottery: the PEM file of a certificate; connections are TLS 1.3 then, and SERVER_TLS_KEY is its key"`
	TLSKey         string        `env:"SERVER_TLS_KEY" doc:"lottery: the PEM file of the certificate's private key"`

	HelloTimeout time.Duration `env:"SERVER_HELLO_TIMEOUT" envDefault:"5s" min:"1ns" doc:"how long a new connection may stay silent"`
	ReadTimeout  time.Duration `env:"SERVER_READ_TIMEOUT" envDefault:"30s" min:"1ns" doc:"how long a peer may take for a whole message, or for its next frame"`
	TurnTimeout  time.Duration `env:"SERVER_TURN_TIMEOUT" envDefault:"2m" min:"1ns" doc:"lottery: how long an agency that is served may send nothing but KEEPALIVE while others wait"`
	WriteTimeout time.Duration `env:"SERVER_WRITE_TIMEOUT" envDefault:"10s" min:"1ns" doc:"how long a peer may take to read what it is sent"`
	KeepAlive    time.Duration `env:"SERVER_KEEPALIVE" envDefault:"5s" min:"1ns" doc:"lottery: how often the server sends KEEPALIVE to an agency that waits"`
}

// spareConnections is how many connections are left for others while each agency waits for the draw with one of its own.
const spareConnections = 100

// connections returns the bound on open connections, 0 without one. With fewer than agencies the draw would never come:
// those that are in wait for those that are kept out.
func (c Config) connections() int {
	if c.MaxConnections == 0 {
		return 0
	}
	return max(c.MaxConnections, int(c.Agencies)+spareConnections)
}

// Check implements config.Checker.
func (c Config) Check(report func(variable, reason string)) {
	switch {
	case c.SecretFile != "" && !c.Secret.IsZero():
		report("SERVER_SECRET", "SERVER_SECRET_FILE is set already: set one of the two")
	case !c.Secret.IsZero() && !c.Secret.IsMaster():
		report("SERVER_SECRET", errNotMaster.Error())
	}
	switch {
	case c.TLSCertificate != "" && c.TLSKey == "":
		report("SERVER_TLS_KEY", "SERVER_TLS_CERT is set, and wants its key")
	case c.TLSCertificate == "" && c.TLSKey != "":
		report("SERVER_TLS_CERT", "SERVER_TLS_KEY is set, and wants its certificate")
	}
}

var errNotMaster = errors.New("it is the secret of one agency: the server needs the master secret")

// master returns the master secret, or none.
func (c Config) master(m service.Machine) (secret.Secret, error) {
	s, err := m.Secret(c.SecretFile, c.Secret)
	switch {
	case err != nil || s.IsZero():
		return s, err
	case !s.IsMaster():
		return s, fmt.Errorf("%s: %w", c.SecretFile, errNotMaster)
	case c.Mode == ModeEcho:
		return s, errors.New("there is a secret, and nobody proves anything with SERVER_MODE=echo: set SERVER_MODE=lottery, or no secret")
	}
	return s, nil
}

// tls returns the configuration of TLS, or nil without it.
func (c Config) tls(m service.Machine) (*tls.Config, error) {
	switch {
	case c.TLSCertificate == "":
		return nil, nil
	case c.Mode == ModeEcho:
		return nil, errors.New("there is a certificate, and SERVER_MODE=echo has no TLS: set SERVER_MODE=lottery, or no certificate")
	}
	return secure.Server(m.Path(c.TLSCertificate), m.Path(c.TLSKey))
}

// Mode says what the server does.
type Mode string

// The modes.
const (
	ModeEcho    Mode = "echo"
	ModeLottery Mode = "lottery"
)

// Choices implements config.Chooser.
func (Mode) Choices() []string { return []string{string(ModeEcho), string(ModeLottery)} }
