package local

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"syscall"
)

// Linux answers on all of 127.0.0.0/8 (RFC 1122, section 3.2.1.3), so a lab
// gets a network of its own there: a /20 out of 127.64.0.0 … 127.254.255.255.
const (
	networkBits = 12 // of an address within its network
	networks    = (255 - 64) << (16 - networkBits)
	// maxServices is how many addresses a network has: not its first and last.
	maxServices = 1<<networkBits - 2
)

// network is a range of loopback addresses that no other lab on this machine has.
type network struct {
	number int
	// claim is an abstract unix socket (unix(7)) by which others see that the
	// network is taken. The kernel frees it with the process.
	claim net.Listener
}

func claimNetwork() (*network, error) {
	first := rand.IntN(networks)
	for i := range networks {
		n := (first + i) % networks
		claim, err := net.Listen("unix", fmt.Sprintf("@composer-local-network-%d", n))
		if err == nil {
			return &network{number: n, claim: claim}, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("claim a loopback network: %w", err)
		}
	}
	return nil, errors.New("find a loopback network: all are taken")
}

// address returns the address of the service with that index, from 0.
func (n *network) address(index int) string {
	a := 127<<24 + 64<<16 + n.number<<networkBits + index + 1
	return fmt.Sprintf("%d.%d.%d.%d", a>>24, a>>16&255, a>>8&255, a&255)
}

func (n *network) close() error { return n.claim.Close() }

// freePorts returns which other port stands for each that cannot be had on the
// host's address, because some process listens on it on all addresses.
func freePorts(host string, ports []uint16) (map[uint16]uint16, error) {
	var other map[uint16]uint16
	for _, port := range ports {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(int(port))))
		if err == nil {
			_ = l.Close()
			continue
		}
		free, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return nil, fmt.Errorf("find a free port on %s: %w", host, err)
		}
		if other == nil {
			other = make(map[uint16]uint16)
		}
		other[port] = uint16(free.Addr().(*net.TCPAddr).Port)
		_ = free.Close()
	}
	return other, nil
}

// hosts is the text of a hosts(5) file.
func hosts(services []Service, n *network) string {
	var b strings.Builder
	for i, s := range services {
		fmt.Fprintf(&b, "%s %s\n", n.address(i), strings.Join(s.Names, " "))
	}
	return b.String()
}
