package client

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/tp0-lab/composer/internal/lab/config"
	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/lab/lottery"
	"github.com/tp0-lab/composer/internal/lab/remote"
	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/secure"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// Configuration describes the client's configuration for the toolkit's commands.
func Configuration() config.Service {
	return config.Describe[Config]("client", ConfigFile, "CLI_")
}

// Config is the client's configuration. The tag key is the path of a key in the file.
type Config struct {
	ID            uint32        `env:"CLI_ID" key:"id" min:"1" or:"Index" doc:"the client's number, from 1; the agency's in the lottery"`
	ServerAddress string        `env:"CLI_SERVER_ADDRESS" key:"server.address" envDefault:"server:12345" doc:"host:port of the server"`
	LoopAmount    int           `env:"CLI_LOOP_AMOUNT" key:"loop.amount" envDefault:"5" min:"0" doc:"echo: how many messages"`
	LoopPeriod    time.Duration `env:"CLI_LOOP_PERIOD" key:"loop.period" envDefault:"5s" min:"0s" doc:"echo: pause after each message"`
	LogLevel      logline.Level `env:"CLI_LOG_LEVEL" key:"log.level" envDefault:"INFO" doc:"DEBUG, INFO, WARNING, ERROR or CRITICAL, in any case"`
	Mode          Mode          `env:"CLI_MODE" key:"mode" envDefault:"echo" doc:"what the client does: echo, bet, batch or lottery"`
	Linger        time.Duration `env:"CLI_LINGER" key:"linger" envDefault:"0s" min:"0s" doc:"how long the client stays before it exits, so that followed logs show its end; half of that time is before it reports its winners"`

	BatchMaxAmount int            `env:"CLI_BATCH_MAXAMOUNT" key:"batch.maxAmount" envDefault:"100" min:"1" doc:"lottery: bets in a batch, at most; a frame of 8192 bytes may close it earlier"`
	BatchPeriod    *time.Duration `env:"CLI_BATCH_PERIOD" key:"batch.period" min:"0s" doc:"lottery: pause after each batch; the loop's period where it is not set"`
	AgencyFile     string         `env:"CLI_AGENCY_FILE" key:"agency.file" envDefault:"agency.csv" doc:"lottery: the file of the agency's bets, or an http:// URL of it (composer data serve); {id} in it is the client's number"`

	Timeout    time.Duration `env:"CLI_TIMEOUT" key:"timeout" envDefault:"15s" min:"1ns" doc:"limit of a connect, of a write, and of waiting for an answer or a keep-alive"`
	RetryLimit time.Duration `env:"CLI_RETRY_LIMIT" key:"retry.limit" envDefault:"2m" min:"1ns" doc:"how long the client keeps trying without any progress"`
	KeepAlive  time.Duration `env:"CLI_KEEPALIVE" key:"keepalive" envDefault:"5s" min:"1ns" doc:"lottery: how often the client sends KEEPALIVE in a long pause"`

	FirstName string `env:"NOMBRE" doc:"mode bet: first name"`
	LastName  string `env:"APELLIDO" doc:"mode bet: last name"`
	Document  string `env:"DOCUMENTO" doc:"mode bet: document; leading zeros stay"`
	Birthdate string `env:"NACIMIENTO" doc:"mode bet: birthdate, YYYY-MM-DD"`
	Number    string `env:"NUMERO" doc:"mode bet: the number that the bet is on"`

	SecretFile string        `env:"CLI_SECRET_FILE" doc:"lottery: the file of the agency's secret, or of the master secret, for a server that asks for it (composer data secrets); {id} in it is the client's number"`
	Secret     secret.Secret `env:"CLI_SECRET" secret:"true" doc:"lottery: the agency's secret itself, in place of CLI_SECRET_FILE: its number, a colon and 64 hexadecimal digits"`
	TLSCA      string        `env:"CLI_TLS_CA" doc:"lottery: the PEM file of the server's certificate, or of the authority that signed it; connections are TLS 1.3 then"`
	TLSName    string        `env:"CLI_TLS_NAME" doc:"lottery: the name in the server's certificate; the host of CLI_SERVER_ADDRESS where it is not set"`

	Index     *uint32 `env:"CLI_INDEX" min:"0" max:"4294967294" doc:"the client's number for engines that count from 0: CLI_ID is one more. Set one of the two"`
	StopFails bool    `env:"CLI_STOP_FAILS" doc:"whether a client that is stopped before its work is done exits with 1, for engines that take 0 for done; otherwise it exits with 0"`
}

// Check implements config.Checker.
func (c Config) Check(report func(variable, reason string)) {
	switch {
	case c.ID == 0 && c.Index == nil:
		report("CLI_ID", "want the client's number, from 1")
	case c.ID != 0 && c.Index != nil:
		report("CLI_INDEX", fmt.Sprintf("CLI_ID is %d already, and the client has one number: set one of the two", c.ID))
	}
	if c.SecretFile != "" && !c.Secret.IsZero() {
		report("CLI_SECRET", "CLI_SECRET_FILE is set already: set one of the two")
	}
	if c.TLSName != "" && c.TLSCA == "" {
		report("CLI_TLS_CA", "CLI_TLS_NAME is set, and wants the certificate: without it there is no TLS")
	}
	if remote.IsURL(c.AgencyFile) {
		if err := remote.CheckURL(c.agencyFile()); err != nil {
			report("CLI_AGENCY_FILE", err.Error())
		}
	}
	host, port, err := net.SplitHostPort(c.ServerAddress)
	if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || host == "" || n == 0 {
		report("CLI_SERVER_ADDRESS", "want host:port, such as server:12345")
	}
	if c.Mode == ModeBet {
		c.checkBet(report)
	}
}

// betVariables are the variables of a bet's fields.
var betVariables = map[lottery.Field]string{
	lottery.FirstName: "NOMBRE",
	lottery.LastName:  "APELLIDO",
	lottery.Document:  "DOCUMENTO",
	lottery.Birthdate: "NACIMIENTO",
	lottery.Number:    "NUMERO",
}

func (c Config) checkBet(report func(variable, reason string)) {
	_, bad := c.bet()
	for _, f := range bad {
		reason := f.Reason
		if f.Value == "" {
			reason = "mode bet needs it"
		}
		report(betVariables[f.Field], reason)
	}
}

// number returns the client's number, from 1. It is 1 if there is none, which Check reports.
func (c Config) number() uint32 {
	if c.Index != nil {
		return *c.Index + 1
	}
	return max(c.ID, 1)
}

// agencyFile returns AgencyFile with the client's number in it.
func (c Config) agencyFile() string { return c.withNumber(c.AgencyFile) }

func (c Config) withNumber(path string) string {
	return strings.ReplaceAll(path, "{id}", strconv.FormatUint(uint64(c.number()), 10))
}

// ownSecret returns the agency's secret, or none.
func (c Config) ownSecret(m service.Machine) (secret.Secret, error) {
	file := c.withNumber(c.SecretFile)
	s, err := m.Secret(file, c.Secret)
	if err != nil || s.IsZero() {
		return s, err
	}
	if c.Mode == ModeEcho {
		return secret.Secret{}, errors.New("there is a secret, and nobody proves anything with CLI_MODE=echo: set another mode, or no secret")
	}
	if s, err = s.Of(c.number()); err != nil {
		return s, fmt.Errorf("%s: %w", cmp.Or(file, "CLI_SECRET"), err)
	}
	return s, nil
}

// dial returns the function that connects to the server.
func (c Config) dial(m service.Machine) (secure.DialFunc, error) {
	switch {
	case c.TLSCA == "":
		return m.Dial, nil
	case c.Mode == ModeEcho:
		return nil, errors.New("there is CLI_TLS_CA, and CLI_MODE=echo has no TLS: set another mode, or no CLI_TLS_CA")
	}
	host, _, _ := net.SplitHostPort(c.ServerAddress) // Check has checked the address
	encryption, err := secure.Client(m.Path(c.TLSCA), cmp.Or(c.TLSName, host))
	if err != nil {
		return nil, err
	}
	return secure.Dial(m.Dial, encryption), nil
}

func (c Config) bet() (lottery.Bet, []*lottery.FieldError) {
	return lottery.ParseBet(c.number(), c.FirstName, c.LastName, c.Document, c.Birthdate, c.Number)
}

// lingers splits Linger into the delay before the report of the winners and the delay after the last line.
func (c Config) lingers() (before, after time.Duration) {
	if c.Mode == ModeLottery {
		before = c.Linger / 2
	}
	return before, c.Linger - before
}

// Mode says what the client does.
type Mode string

// The modes.
const (
	ModeEcho    Mode = "echo"
	ModeBet     Mode = "bet"
	ModeBatch   Mode = "batch"
	ModeLottery Mode = "lottery"
)

// Choices implements config.Chooser.
func (Mode) Choices() []string {
	return []string{string(ModeEcho), string(ModeBet), string(ModeBatch), string(ModeLottery)}
}
