package verify

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/files"
)

// serverKeys and clientKeys are the configuration keys of the course, which every project knows.
type serverKeys struct {
	backlog int
	level   string
	port    int // 0 is usualPort; the client gets the same port
}

type clientKeys struct {
	amount    int
	period    string
	level     string
	maxAmount int
	address   string // of the server; "" is the lab's own
}

var (
	usualServer = serverKeys{5, "DEBUG", 0}
	usualClient = clientKeys{5, "150ms", "INFO", 10, ""}
)

// otherPort differs from the course's port: it shows whether a program reads its file.
const (
	usualPort = 12345
	otherPort = 12346
)

// configure writes the two configuration files. In a checkout it keeps all keys that are not the course's, with one
// exception: a batch.period gets the value of loop.period, because a client that does not pause cannot be caught in the
// middle of its file.
func (t *trial) configure(s serverKeys, c clientKeys) {
	t.site.port = cmp.Or(s.port, usualPort)
	server := fmt.Sprintf("SERVER_PORT = %d\nSERVER_IP = server\nSERVER_LISTEN_BACKLOG = %d\nLOGGING_LEVEL = %s\n", t.site.port, s.backlog, s.level)
	client := fmt.Sprintf("server:\n  address: %q\nloop:\n  amount: %d\n  period: %q\nlog:\n  level: %q\nbatch:\n  maxAmount: %d\n",
		cmp.Or(c.address, fmt.Sprintf("server:%d", t.site.port)), c.amount, c.period, c.level, c.maxAmount)
	if t.site.ours {
		t.write(t.site.serverConfig, "[DEFAULT]\n"+server)
		t.write(t.site.clientConfig, client)
		return
	}
	t.write(t.site.serverConfig, mergeINI(t.read(t.site.serverConfig), server))
	shipped := t.read(t.site.clientConfig)
	if _, hasPeriod := shippedBatch(shipped); hasPeriod {
		client += fmt.Sprintf("  period: %q\n", c.period) // of batch, the last of the groups
	}
	merged, err := mergeYAML(shipped, client)
	if err != nil {
		t.fatal(t.site.clientConfig+" is YAML", err.Error())
	}
	t.write(t.site.clientConfig, merged)
}

// write replaces a file of the site. It follows links within the site, because a checkout may have such links.
func (s *site) write(name string, text []byte) error {
	if err := s.root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := files.OpenIn(s.root, name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// write replaces a file of the site.
func (t *trial) write(name, text string) {
	if err := t.site.write(name, []byte(text)); err != nil {
		t.fatal(name+" can be written", err.Error())
	}
}

// read returns the text of a file of the site, "" if the file is missing.
func (t *trial) read(name string) string {
	text, err := files.ReadIn(t.site.root, name, maxFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.fatal(name+" can be read", err.Error())
	}
	return string(text)
}

// mergeINI puts lines ("KEY = value") into the section DEFAULT of an INI file and removes the lines that they replace.
func mergeINI(text, lines string) string {
	replaced := make(map[string]bool)
	for line := range strings.Lines(lines) {
		replaced[iniKey(line)] = true
	}
	var own, others strings.Builder // of DEFAULT, and with their headers
	own.WriteString("[DEFAULT]\n" + lines)
	inDefault := true
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		header := strings.HasPrefix(line, "[")
		if header {
			inDefault = strings.HasPrefix(line, "[DEFAULT]")
		}
		switch {
		case !inDefault:
			others.WriteString(line + "\n")
		case !header && !replaced[iniKey(line)]:
			own.WriteString(line + "\n")
		}
	}
	return own.String() + others.String()
}

// iniKey returns a line's key in lower case: Python's configparser ignores case.
func iniKey(line string) string {
	if i := strings.IndexAny(line, "=:"); i >= 0 {
		line = line[:i]
	}
	return strings.ToLower(strings.TrimSpace(line))
}

// mergeYAML sets the keys of one YAML mapping of mappings in another one.
func mergeYAML(text, keys string) (string, error) {
	var all, ours map[string]any
	if err := yaml.Unmarshal([]byte(text), &all); err != nil {
		return "", err
	}
	if err := yaml.Unmarshal([]byte(keys), &ours); err != nil {
		return "", err
	}
	if all == nil {
		all = make(map[string]any)
	}
	merge(all, ours)
	out, err := yaml.Marshal(all)
	return string(out), err
}

func merge(all, ours map[string]any) {
	for key, value := range ours {
		old := all[key]
		for k := range all { // the course's client ignores case
			if strings.EqualFold(k, key) {
				old = all[k]
				delete(all, k)
			}
		}
		group, isGroup := value.(map[string]any)
		if oldGroup, ok := old.(map[string]any); ok && isGroup {
			merge(oldGroup, group)
			value = oldGroup
		}
		all[key] = value
	}
}

// shippedBatch returns the batch.maxAmount of a client's configuration file, or 0 if the file has none, and whether the
// file has a batch.period. Like the course's client, it takes keys in upper and lower case.
func shippedBatch(text string) (maxAmount int, hasPeriod bool) {
	var c struct {
		Batch struct {
			MaxAmount int
			Period    any
		}
	}
	if err := yaml.Unmarshal(bytes.ToLower([]byte(text)), &c); err != nil {
		return 0, false
	}
	return c.Batch.MaxAmount, c.Batch.Period != nil
}
