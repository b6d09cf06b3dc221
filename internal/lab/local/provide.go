package local

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/dataset"
	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/text"
)

// Provide returns the commands that write missing files, in backquotes and in the order of the files. It knows the files
// of the lab: agencies' files, the master secret, the certificate, and the configuration of a service in a directory of
// its name.
func Provide(missing []string) []string {
	var commands []string
	add := func(command string) {
		if !slices.Contains(commands, command) {
			commands = append(commands, command)
		}
	}
	last := 0 // the largest number of an agency
	for _, name := range missing {
		if number, ok := dataset.AgencyOf(filepath.Base(name)); ok {
			last = max(last, int(number))
		}
	}
	for _, name := range missing {
		dir, base := path.Split(filepath.ToSlash(name))
		_, isAgency := dataset.AgencyOf(base)
		switch service := path.Base(dir); {
		case isAgency && last <= len(dataset.DefaultShape()):
			add("`composer data extract`")
		case isAgency:
			add(fmt.Sprintf("`composer data generate -n %d -o %s`", last, text.ShellWord(path.Clean(dir))))
		case base == secret.MasterFile && !slices.ContainsFunc(missing, isCertificate):
			add("`composer data secrets`")
		case isCertificate(name):
			add("`composer data secrets --tls`")
		case base == server.ConfigFile && service == "server", base == client.ConfigFile && service == "client":
			add("`composer config init -o " + text.ShellWord(name) + "`")
		}
	}
	return commands
}

// isCertificate reports whether the path is that of a file of `composer data secrets --tls`.
func isCertificate(path string) bool {
	base := filepath.Base(path)
	return base == secret.CertificateFile || base == secret.CertificateKeyFile
}
