package verify

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"
)

// serverKeys and clientKeys are those that tools which know only the course's
// own configuration write.
type serverKeys struct {
	backlog int
	level   string
	port    int // 0 is the usual one; the client's is the same
}

type clientKeys struct {
	amount    int
	period    string
	level     string
	maxAmount int
}

var (
	usualServer = serverKeys{5, "DEBUG", 0}
	usualClient = clientKeys{5, "150ms", "INFO", 10}
)

// The course's port, and another, for who does not read the files.
const (
	usualPort = 12345
	otherPort = 12346
)

// configure writes the two configuration files. In a checkout, keys that are
// its own stay: the course fixes only the names of these. Where it has a
// batch.period, as this project's has, that is the loop's: clients that hurry
// from batch to batch cannot be caught half-way.
func (t *trial) configure(s serverKeys, c clientKeys) {
	t.site.port = cmp.Or(s.port, usualPort)
	server := fmt.Sprintf("SERVER_PORT = %d\nSERVER_IP = server\nSERVER_LISTEN_BACKLOG = %d\nLOGGING_LEVEL = %s\n", t.site.port, s.backlog, s.level)
	client := fmt.Sprintf("server:\n  address: \"server:%d\"\nloop:\n  amount: %d\n  period: %q\nlog:\n  level: %q\nbatch:\n  maxAmount: %d\n",
		t.site.port, c.amount, c.period, c.level, c.maxAmount)
	if t.site.ours {
		t.write(t.site.serverConfig, "[DEFAULT]\n"+server)
		t.write(t.site.clientConfig, client)
		return
	}
	t.write(t.site.serverConfig, mergeINI(t.read(t.site.serverConfig), server))
	shipped := t.read(t.site.clientConfig)
	if hasBatchPeriod(shipped) {
		client += fmt.Sprintf("  period: %q\n", c.period) // of batch, the last of the groups
	}
	merged, err := mergeYAML(shipped, client)
	if err != nil {
		t.fatal(t.site.clientConfig+" is YAML", err.Error())
	}
	t.write(t.site.clientConfig, merged)
}

// write replaces a file of the site. A link is followed, as long as it stays in
// the site: the course's checkouts may hold some.
func (s *site) write(name string, text []byte) error {
	if err := s.root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return s.root.WriteFile(name, text, 0o644)
}

// write replaces a file of the site.
func (t *trial) write(name, text string) {
	if err := t.site.write(name, []byte(text)); err != nil {
		t.fatal(name+" can be written", err.Error())
	}
}

// read returns a file of the site, "" if it is not there.
func (t *trial) read(name string) string {
	text, err := t.site.root.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.fatal(name+" can be read", err.Error())
	}
	return string(text)
}

// mergeINI puts lines ("KEY = value") into the section DEFAULT of an INI file,
// in the place of those that have these keys.
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

// iniKey is a line's key; Python's configparser does not tell cases apart.
func iniKey(line string) string {
	if i := strings.IndexAny(line, "=:"); i >= 0 {
		line = line[:i]
	}
	return strings.ToLower(strings.TrimSpace(line))
}

// mergeYAML sets the keys of a YAML mapping of mappings in another.
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
		for k := range all { // the course's client does not tell cases apart
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

// hasBatchPeriod says whether a client's configuration file has a batch.period.
func hasBatchPeriod(text string) bool {
	var c struct {
		Batch struct{ Period any }
	}
	return yaml.Unmarshal(bytes.ToLower([]byte(text)), &c) == nil && c.Batch.Period != nil // keys as shippedMaxAmount has them
}

// shippedMaxAmount is the batch.maxAmount of a client's configuration file, 0 if
// it has none.
func shippedMaxAmount(text []byte) int {
	var c struct {
		Batch struct{ MaxAmount int }
	}
	// Package yaml wants keys in lower case, and the course's client takes any.
	if err := yaml.Unmarshal(bytes.ToLower(text), &c); err != nil {
		return 0
	}
	return c.Batch.MaxAmount
}
