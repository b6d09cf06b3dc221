package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"github.com/tp0-lab/composer/internal/lab/service"
)

// Network says which addresses and ports services get that share one machine.
type Network string

// The networks. In both, a service reaches another one by its name.
const (
	// Addresses gives each service a loopback address, so that ports are as the Compose file has them.
	Addresses Network = "addresses"
	// Ports gives all services the address 127.0.0.1, and each server ports of its own.
	Ports Network = "ports"
)

// DefaultNetwork returns the network for this machine: Addresses on Linux, which answers on all of 127.0.0.0/8
// (RFC 1122, section 3.2.1.3), and Ports elsewhere.
func DefaultNetwork() Network {
	if runtime.GOOS == "linux" {
		return Addresses
	}
	return Ports
}

// In a network of addresses, a lab has a /20 out of 127.64.0.0 … 127.254.255.255.
const (
	networkBits = 12 // of an address within its network
	networks    = (255 - 64) << (16 - networkBits)
	// maxServices is how many addresses a network has: not its first and last.
	maxServices = 1<<networkBits - 2
)

// network is a range of loopback addresses that no other lab on this machine has, or one address for all.
type network struct {
	number int
	// claim is an abstract unix socket (unix(7)) by which others see that the range is taken. The kernel frees it with
	// the process. It is nil if the network has one address.
	claim net.Listener
	given map[uint16]bool // ports of freePort
}

func newNetwork(kind Network) (*network, error) {
	switch {
	case kind == Ports:
		return &network{given: make(map[uint16]bool)}, nil
	case runtime.GOOS != "linux":
		return nil, fmt.Errorf("services get addresses of their own on Linux only: use --network %s", Ports)
	}
	first := rand.IntN(networks)
	for i := range networks {
		n := (first + i) % networks
		claim, err := net.Listen("unix", fmt.Sprintf("@composer-local-network-%d", n))
		if err == nil {
			return &network{number: n, claim: claim, given: make(map[uint16]bool)}, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("claim a loopback network: %w", err)
		}
	}
	return nil, errors.New("find a loopback network: all are taken")
}

func (n *network) shared() bool { return n.claim == nil }

// address returns the address of the service with that index, from 0.
func (n *network) address(index int) string {
	if n.shared() {
		return "127.0.0.1"
	}
	a := 127<<24 + 64<<16 + n.number<<networkBits + index + 1
	return fmt.Sprintf("%d.%d.%d.%d", a>>24, a>>16&255, a>>8&255, a&255)
}

func (n *network) close() error {
	if n.claim == nil {
		return nil
	}
	return n.claim.Close()
}

// host returns the address and port at which others reach the service with that index; port 0 is a service that does not listen.
// Another port replaces one that cannot be had: any port in a network of one address, else one on which a process of this machine
// listens on all addresses.
func (n *network) host(index int, port uint16) (h service.Host, err error) {
	h = service.Host{Address: n.address(index), Shared: n.shared(), Port: port, Actual: port}
	if port != 0 && (n.shared() || !canListen(h.Address, port)) {
		h.Actual, err = n.freePort(h.Address)
	}
	return h, err
}

func canListen(address string, port uint16) bool {
	l, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(int(port))))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// freePort returns a port that it has not returned before, below those that systems give to connections: a server that
// starts again finds it free.
func (n *network) freePort(address string) (uint16, error) {
	const first, behind, attempts = 20_000, 32_000, 1000
	for range attempts {
		if port := uint16(first + rand.IntN(behind-first)); !n.given[port] && canListen(address, port) {
			n.given[port] = true
			return port, nil
		}
	}
	return 0, fmt.Errorf("find a free port on %s: none of %d from %d to %d is", address, attempts, first, behind-1)
}

// makeHosts finds out where each service is reached, and writes it to a file for all of them.
func (l *Lab) makeHosts() error {
	l.hosts = make(map[string]service.Host)
	own := make(map[string]service.Host) // a service's name comes before another's alias
	for i, s := range l.services {
		host, err := l.network.host(i, l.serverPort(s))
		if err != nil {
			return err
		}
		own[s.Name] = host
		for _, name := range s.Names {
			l.hosts[name] = host
		}
	}
	maps.Copy(l.hosts, own)
	text, err := json.Marshal(l.hosts)
	if err == nil {
		err = os.WriteFile(hostsFile(l.dir), text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("write the lab's hosts: %w", err)
	}
	return nil
}
