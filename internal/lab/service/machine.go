package service

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/tp0-lab/composer/internal/lab/secret"
)

// Machine is a service's view of its environment, files, network and signals. In a container this is the process's own
// view. If several services run as plain processes on one host, a Machine gives each service the view that it would
// have in its container.
type Machine struct {
	Environ []string  // "NAME=value"
	Stdout  io.Writer // for log lines
	// Root is the directory in which the service's files are, absolute paths included. If it is empty, the service uses
	// the process's own paths.
	Root string
	// Mounts are files and directories outside of Root that the service sees at paths of its own.
	Mounts []Mount
	// Host is where the service listens, and where it connects from.
	Host Host
	// Hosts are the other hosts by name. Other names are resolved as usual.
	Hosts map[string]Host
	// Signals are signals besides those that the process gets. Nil is none.
	Signals <-chan os.Signal
}

// Mount is a file or directory that a service sees at the slash-separated path Target.
type Mount struct{ Target, Source string }

// Host is where a service can be reached.
type Host struct {
	Address string `json:"address"` // empty is any address
	// Port is the port on which the service listens in its configuration and in those of its clients. Actual is the
	// port on Address on which the service really listens. Both are 0 if the service does not listen.
	Port   uint16 `json:"port,omitempty"`
	Actual uint16 `json:"actual,omitempty"`
	// Shared is true if other services have the same address. Then only the port Actual belongs to this service.
	Shared bool `json:"shared,omitempty"`
}

// ThisMachine returns the process's own view.
func ThisMachine() Machine { return Machine{Environ: os.Environ(), Stdout: NewOutput(os.Stdout)} }

// Path returns the path on this machine of a file of the service.
func (m Machine) Path(file string) string {
	if m.Root == "" {
		return file
	}
	file = path.Clean("/" + filepath.ToSlash(file))
	longest := Mount{Target: "/", Source: m.Root}
	for _, mount := range m.Mounts {
		if len(mount.Target) > len(longest.Target) && (file == mount.Target || strings.HasPrefix(file, mount.Target+"/")) {
			longest = mount
		}
	}
	return filepath.Join(longest.Source, filepath.FromSlash(strings.TrimPrefix(file, longest.Target)))
}

// Secret reads the file of a secret, as secret.Read does. If file is "", Secret returns given. The error names the file
// as the service knows it.
func (m Machine) Secret(file string, given secret.Secret) (secret.Secret, error) {
	if file == "" {
		return given, nil
	}
	path := m.Path(file)
	s, err := secret.Read(path)
	if err != nil && path != file {
		err = fmt.Errorf("%s: %w", file, err)
	}
	return s, err
}

// Dial connects as a net.Dialer does, after it has replaced a name in Hosts with the host's address and port. If such a
// host refuses the connection, the error names the port on which the host listens.
func (m Machine) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	name, port, err := net.SplitHostPort(address)
	host, known := m.Hosts[name]
	if err != nil || !known {
		return dialer.DialContext(ctx, network, address)
	}
	other, there := host.port(port)
	if !there {
		return nil, refused(name, port, host, syscall.ECONNREFUSED)
	}
	if !m.Host.Shared {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(m.Host.Address)} // nil is any
	}
	conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(host.Address, other))
	if err != nil && other == port && host.Port != 0 && !host.listens(port) {
		err = refused(name, port, host, err)
	}
	return conn, err
}

func refused(name, port string, host Host, err error) error {
	where := "no port"
	if host.Port != 0 {
		where = fmt.Sprintf("port %d", host.Port)
	}
	return fmt.Errorf("dial %s:%s: %w; %s listens on %s", name, port, err, name, where)
}

// Address returns the host:port to listen on for a port.
func (m Machine) Address(port uint16) string {
	other, _ := m.Host.port(strconv.Itoa(int(port)))
	return net.JoinHostPort(m.Host.Address, other)
}

// port returns the actual port of a port of the host, or the same port if the host does not listen on it. there is
// false if that port may belong to another service.
func (h Host) port(port string) (other string, there bool) {
	if h.listens(port) {
		return strconv.Itoa(int(h.Actual)), true
	}
	return port, !h.Shared
}

func (h Host) listens(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && uint16(n) == h.Port
}
