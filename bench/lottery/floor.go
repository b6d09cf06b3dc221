//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// floorBuffer is the size of the floor's reads and writes in bytes.
const floorBuffer = 128 << 10

// floorServer is `floor-server CLIENTS FILE`: it appends to the file what comes on that many connections of the listener
// that it inherits, each block in one write, calls fsync once after the last byte of the last one, and then closes them all.
func floorServer(args []string) error {
	clients, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("clients: %w", err)
	}
	file, err := os.Create(args[1])
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	defer func() { _ = file.Close() }()
	listener, err := net.FileListener(os.NewFile(3, "listener")) // the first of ExtraFiles
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = listener.Close() }()

	var receiving sync.WaitGroup
	failures := make([]error, clients)
	for i := range clients {
		conn, err := listener.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		defer func() { _ = conn.Close() }() // after the fsync: that tells the client
		receiving.Go(func() {
			// Neither side may take io.CopyBuffer's shortcuts: a splice into a
			// file that others write to would have to share its position.
			to, from := struct{ io.Writer }{file}, struct{ io.Reader }{conn}
			_, failures[i] = io.CopyBuffer(to, from, make([]byte, floorBuffer))
		})
	}
	receiving.Wait()
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

// floorClient is `floor-client ADDRESS FILE`: it sends the file (io.Copy is
// sendfile(2) here) and waits until the server closes the connection.
func floorClient(args []string) error {
	file, err := os.Open(args[1])
	if err != nil {
		return fmt.Errorf("open the file: %w", err)
	}
	defer func() { _ = file.Close() }()
	conn, err := net.Dial("tcp", args[0])
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.Copy(conn, file); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return fmt.Errorf("send the end: %w", err)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		return fmt.Errorf("wait for the fsync: %w", err)
	}
	return nil
}

// runFloor runs the floor once. All bytes must be in the file.
func (b *benchmark) runFloor(ctx context.Context, dir string, d data) (outcome, error) {
	file := filepath.Join(dir, "floor")
	server, address, err := b.startFloor(dir, len(d.files), file)
	if err != nil {
		return outcome{}, fmt.Errorf("floor: %w", err)
	}
	defer server.kill()
	clients := make([]*process, len(d.files))
	for i, f := range d.files {
		clients[i] = newProcess(dir, fmt.Sprintf("client-%d.log", i+1), nil, b.self, "floor-client", address, f)
	}
	took, _, err := fleet(ctx, b.now, clients)
	if err != nil {
		return outcome{}, fmt.Errorf("floor: %w; the server's log ends: %s", err, tail(server.log))
	}
	if _, err := server.wait(); err != nil {
		return outcome{}, fmt.Errorf("floor: %w", err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return outcome{}, fmt.Errorf("floor: %w", err)
	}
	if info.Size() != d.bytes {
		return outcome{}, fmt.Errorf("floor: %d bytes arrived of %d", info.Size(), d.bytes)
	}
	return outcome{took: took}, nil
}

// startFloor starts the floor's server with a listener that takes connections already, and returns its address.
func (b *benchmark) startFloor(dir string, clients int, file string) (*process, string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = listener.Close() }() // the server has its own
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = socket.Close() }()
	server := newProcess(dir, "floor-server.log", nil, b.self, "floor-server", strconv.Itoa(clients), file)
	server.cmd.ExtraFiles = []*os.File{socket}
	return server, listener.Addr().String(), server.start()
}
