package service

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Machine is what a service finds around it. A container gives it all of that; where services run as plain processes
// side by side, each of them is told what a container would have been for it.
type Machine struct {
	Environ []string  // "NAME=value"
	Stdout  io.Writer // for log lines
	// Root is the directory in which files are looked up, absolute paths too; empty for the process's own view of them.
	Root string
	// Host is the address to listen on and to connect from; empty for all of them.
	Host string
	// Hosts are the addresses of others by their names; what is not among them is resolved as everywhere.
	Hosts map[string]string
	// Ports are the ports that stand for others on those addresses.
	Ports map[uint16]uint16
}

// This is the machine as the process itself sees it.
func This() Machine { return Machine{Environ: os.Environ(), Stdout: os.Stdout} }

// Path returns where a file of the service is.
func (m Machine) Path(file string) string {
	if m.Root == "" {
		return file
	}
	return filepath.Join(m.Root, filepath.Clean("/"+file))
}

// Dial connects as net.Dialer does, to a name of Hosts at its address.
func (m Machine) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	if host, port, err := net.SplitHostPort(address); err == nil {
		if ip, ok := m.Hosts[host]; ok {
			address = net.JoinHostPort(ip, m.port(port))
			dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(m.Host)} // nil is any
		}
	}
	return dialer.DialContext(ctx, network, address)
}

// Address returns the host:port to listen on for a port.
func (m Machine) Address(port uint16) string {
	return net.JoinHostPort(m.Host, m.port(strconv.Itoa(int(port))))
}

func (m Machine) port(port string) string {
	n, err := strconv.ParseUint(port, 10, 16)
	if other, ok := m.Ports[uint16(n)]; ok && err == nil {
		return strconv.Itoa(int(other))
	}
	return port
}

// ParseHosts reads names and addresses as hosts(5) has them: an address and its names in each line, '#' begins a
// comment.
func ParseHosts(text string) (map[string]string, error) {
	hosts := make(map[string]string)
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if net.ParseIP(fields[0]) == nil {
			return nil, fmt.Errorf("hosts:%d: %q is no address", number, fields[0])
		}
		for _, name := range fields[1:] {
			hosts[name] = fields[0]
		}
	}
	return hosts, nil
}
