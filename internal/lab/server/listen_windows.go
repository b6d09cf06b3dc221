package server

import (
	"context"
	"net"
)

// listenBacklog listens on the address. Windows sets the backlog once, when package net listens.
func listenBacklog(ctx context.Context, address string, _ int) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}
