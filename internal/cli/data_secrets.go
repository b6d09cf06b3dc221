package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/secure"
	"github.com/tp0-lab/composer/internal/text"
)

// maxSecrets bounds --agencies: an Indexed Job of Kubernetes has at most that many pods.
const maxSecrets = 100_000

func dataSecretsCommand() *cli.Command {
	return &cli.Command{
		Name:      "secrets",
		Usage:     "make the secrets by which agencies prove who they are",
		UsageText: "composer data secrets [-n N] [-o DIR] [--kubernetes] [--tls] [--force] [--json]",
		Description: examples(
			"composer data secrets", "a master secret and those of five agencies, in "+secretsDir,
			"composer data secrets -n 50", "more agencies; existing secrets stay",
			"composer data secrets --tls", "a certificate for the server, too: SERVER_TLS_CERT, SERVER_TLS_KEY, CLI_TLS_CA",
			"composer data secrets --force", "a new master secret, and new secrets of all agencies",
		) + "\n\nThe server has the master secret, and each agency its own: see `composer render --set auth=true`. Other users of\n" +
			"this machine cannot enter the directory. The files are readable by all, because containers mount them with owner and\n" +
			"mode, and run as another user.",
		Flags: []cli.Flag{
			&cli.IntFlag{
				Name: "agencies", Aliases: []string{"n"}, EnvVars: []string{"COMPOSER_DATA_AGENCIES"},
				Value: 5, Usage: "how many agencies, `N`",
			},
			stringFlag("output", "COMPOSER_DATA_SECRETS", secretsDir, "the `DIR` for the files", "o"),
			boolFlag("kubernetes", "COMPOSER_DATA_SECRETS_KUBERNETES", "write "+secret.ManifestFile+", too, with a Secret for the server and one for the clients"),
			boolFlag("tls", "COMPOSER_DATA_SECRETS_TLS", "make a certificate of the server and its key, too: "+secret.CertificateFile+" and "+secret.CertificateKeyFile),
			boolFlag("force", "COMPOSER_DATA_FORCE", "replace existing files", "f"),
			jsonFlag("print JSON"),
		},
		Action: dataSecrets,
	}
}

// secretsDir is where templates look for secrets.
const secretsDir = dataDir + "/secrets"

// certificateNames are the names in a server's certificate: its name in the lab's networks, and this machine.
var certificateNames = []string{"server", "localhost", "127.0.0.1", "::1"}

func dataSecrets(c *cli.Context) error {
	agencies := c.Int("agencies")
	if agencies < 0 || agencies > maxSecrets {
		return usagef("data secrets: --agencies %d: want 0 … %d", agencies, maxSecrets)
	}
	dir := c.String("output")
	options := secret.WriteOptions{Agencies: agencies, Force: c.Bool("force"), Kubernetes: c.Bool("kubernetes")}
	if c.Bool("tls") {
		var err error
		options.Certificate, options.CertificateKey, err = secure.Make(streams(c).Now(), certificateNames...)
		if err == nil && !options.Force {
			err = checkCertificate(dir, streams(c).Now())
		}
		if err != nil {
			return err
		}
	}
	written, err := secret.Write(dir, options)
	if errors.Is(err, secret.ErrExists) {
		return fmt.Errorf("%w than the master secret makes: --force replaces all", err)
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c.App.Writer, written)
	}
	master := "kept"
	if written.NewMaster {
		master = "new"
	}
	printLine(c.App.ErrWriter, "%s: secrets of %d agencies, %s master secret: %s written, %d unchanged, %d removed", dir,
		agencies, master, text.Plural(len(written.Written), "file"), len(written.Unchanged), len(written.Removed))
	return nil
}

// checkCertificate returns an error if the directory has a certificate with its key that a server cannot use now. Write
// would keep the two.
func checkCertificate(dir string, now time.Time) error {
	certificate, key := filepath.Join(dir, secret.CertificateFile), filepath.Join(dir, secret.CertificateKeyFile)
	c, err := secure.Server(certificate, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = secure.CheckTime(c, now)
	}
	if err != nil {
		return fmt.Errorf("%w; to make another, move %s and %s away", err, certificate, key)
	}
	return nil
}
