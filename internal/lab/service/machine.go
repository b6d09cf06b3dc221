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

// Machine is what a service sees of the world. In a container that is the process's own view. Where several services
// run as plain processes on one host, a Machine gives each of them what its container would have.
type Machine struct {
	Environ []string  // "NAME=value"
	Stdout  io.Writer // for log lines
	// Root is the directory in which the service's files are, absolute paths included. Empty is the process's own view
	// of files.
	Root string
	// Host is the address to listen on and to connect from. Empty is any address.
	Host string
	// Hosts are addresses by host name. Other names are resolved as usual.
	Hosts map[string]string
	// Ports are the ports to use on those addresses, and to listen on, in place of others.
	Ports map[uint16]uint16
}

// ThisMachine returns the process's own view.
func ThisMachine() Machine { return Machine{Environ: os.Environ(), Stdout: NewOutput(os.Stdout)} }

// Path returns the path of a file of the service.
func (m Machine) Path(file string) string {
	if m.Root == "" {
		return file
	}
	return filepath.Join(m.Root, filepath.Clean("/"+file))
}

// Dial connects as a net.Dialer does, after it has replaced a name of Hosts with its address.
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

// ParseHosts reads names and addresses in the format of hosts(5): each line has an address and its names, and '#'
// begins a comment.
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
			return nil, fmt.Errorf("hosts:%d: %q is not an IP address", number, fields[0])
		}
		for _, name := range fields[1:] {
			hosts[name] = fields[0]
		}
	}
	return hosts, nil
}
