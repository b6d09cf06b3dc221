//go:build unix

package server

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"syscall"
)

// listenBacklog listens on the address with that backlog, which Linux limits to net.core.somaxconn. Package net calls
// listen(2) with the limit and has no option for another backlog; a second call of listen(2) on the socket sets it
// (inet_listen in the kernel's net/ipv4/af_inet.c).
func listenBacklog(ctx context.Context, address string, backlog int) (net.Listener, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err == nil {
		controlErr := raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), backlog) })
		err = cmp.Or(err, controlErr)
	}
	if err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("set the backlog: %w", err)
	}
	return l, nil
}
