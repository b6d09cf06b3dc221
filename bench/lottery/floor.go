//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// floorBuffer is the size of the floor's reads and writes in bytes.
const floorBuffer = 128 << 10

// floorServer is `floor-server CLIENTS FILE`: it prints its address, appends to
// the file what comes on that many connections, each block in one write, calls
// fsync once after the last byte of the last one, and then closes them all.
func floorServer(args []string, _ io.Reader, stdout io.Writer) error {
	if len(args) != 2 {
		return errors.New("want CLIENTS FILE")
	}
	clients, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("clients: %w", err)
	}
	file, err := os.Create(args[1])
	if err != nil {
		return fmt.Errorf("make the file: %w", err)
	}
	defer func() { _ = file.Close() }()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = listener.Close() }()
	fmt.Fprintln(stdout, listener.Addr())

	var receiving sync.WaitGroup
	failures := make(chan error, clients)
	for range clients {
		conn, err := listener.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		defer func() { _ = conn.Close() }() // after the fsync: that tells the client
		receiving.Go(func() {
			// Neither side may take io.CopyBuffer's shortcuts: a splice into a
			// file that others write to would have to share its position.
			to, from := struct{ io.Writer }{file}, struct{ io.Reader }{conn}
			if _, err := io.CopyBuffer(to, from, make([]byte, floorBuffer)); err != nil {
				failures <- fmt.Errorf("receive: %w", err)
			}
		})
	}
	receiving.Wait()
	select {
	case err := <-failures:
		return err
	default:
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

// floorClient is `floor-client ADDRESS FILE`: it sends the file (io.Copy is
// sendfile(2) here) and waits until the server closes the connection.
func floorClient(args []string, _ io.Reader, _ io.Writer) error {
	if len(args) != 2 {
		return errors.New("want ADDRESS FILE")
	}
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
func (b *benchmark) runFloor(ctx context.Context, d data) (outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	dir, err := b.workDir()
	if err != nil {
		return outcome{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	settle()
	file := filepath.Join(dir, "floor")
	server, address, err := b.startSelf(ctx, nil, floorServerCommand, strconv.Itoa(len(d.files)), file)
	if err != nil {
		return outcome{}, err
	}
	defer server.kill()
	programs := make([]program, len(d.files))
	for i, f := range d.files {
		programs[i] = program{
			path: b.self, args: []string{floorClientCommand, address, f}, dir: dir,
			log: filepath.Join(dir, fmt.Sprintf("client-%d.log", i+1)),
		}
	}
	took, clients, err := fleet(ctx, b.now, programs)
	if err != nil {
		return outcome{}, fmt.Errorf("floor: %w", err)
	}
	serves, err := server.wait()
	if err != nil {
		return outcome{}, fmt.Errorf("floor: %w", err)
	}
	info, err := os.Stat(file)
	if err != nil {
		return outcome{}, fmt.Errorf("floor: %w", err)
	}
	if info.Size() != d.bytes {
		return outcome{}, fmt.Errorf("floor: %d bytes arrived of %d", info.Size(), d.bytes)
	}
	return outcome{took: took, cpu: clients.cpu + serves.cpu, server: serves.memory, client: clients.memory}, nil
}

// startSelf starts a subcommand of this binary, and returns the first line that
// it prints. Its stdin, if not nil, is what the process reads.
func (b *benchmark) startSelf(ctx context.Context, stdin io.Reader, args ...string) (*process, string, error) {
	cmd := exec.CommandContext(ctx, b.self, args...)
	log := filepath.Join(b.dir, args[0]+".log")
	file, err := os.Create(log)
	if err != nil {
		return nil, "", fmt.Errorf("make the log: %w", err)
	}
	defer func() { _ = file.Close() }()
	cmd.Stdin, cmd.Stderr = stdin, file
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, "", fmt.Errorf("start %s: %w", args[0], err)
	}
	if err := cmd.Start(); err != nil {
		return nil, "", fmt.Errorf("start %s: %w", args[0], err)
	}
	p := &process{cmd: cmd, log: log}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.kill()
		return nil, "", fmt.Errorf("%s: wait for the first line: %w; its log: %s", args[0], err, tail(log))
	}
	return p, strings.TrimSuffix(line, "\n"), nil
}
