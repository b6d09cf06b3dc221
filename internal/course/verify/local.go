package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/local"
)

// localEngine runs the services of this project as processes of this machine.
type localEngine struct {
	program []string
	network local.Network
	now     func() time.Time
}

func (e *localEngine) build(context.Context, *site) error { return nil }

func (e *localEngine) reserve(context.Context, *site) func() { return func() {} }

func (e *localEngine) close(context.Context) error { return nil }

func (e *localEngine) start(ctx context.Context, s *site, variables map[string]map[string]string, j *journal) (lab, error) {
	text, err := files.ReadIn(s.root, composeFile, project.MaxFile)
	if err != nil {
		return nil, fmt.Errorf("read the Compose file: %w", err)
	}
	project, err := local.Load(ctx, text, composeFile, s.dir, nil)
	if err != nil {
		return nil, err
	}
	for service, values := range variables {
		if _, there := project.Services[service]; !there {
			return nil, fmt.Errorf("the Compose file has no service %s", service)
		}
		for name, value := range values {
			project.Services[service].Environment[name] = &value
		}
	}
	var images map[local.Kind]string
	if s.stage == "ej1" { // later stages mount the files
		images = map[local.Kind]string{
			local.Server: filepath.Join(s.dir, s.serverConfig),
			local.Client: filepath.Join(s.dir, s.clientConfig),
		}
	}
	l, err := local.New(project, local.Options{
		Program: e.program,
		Configs: images,
		Network: e.network,
		Now:     e.now,
		Log: func(event local.Event) {
			line := report.Line{At: event.At, Container: event.Service, Text: event.Text}
			if event.Exited {
				line.Text = exitText + strconv.Itoa(event.Code)
			}
			j.add(line)
		},
	})
	if err != nil {
		return nil, err
	}
	return &localLab{l}, nil
}

// localLab is a lab of processes.
type localLab struct{ *local.Lab }

func (l *localLab) up(ctx context.Context, services ...string) error { return l.Up(ctx, services...) }

func (l *localLab) stop(ctx context.Context, services ...string) error {
	l.Stop(ctx, services...)
	return ctx.Err()
}

func (l *localLab) interrupt(ctx context.Context, subcommand, service string) error {
	switch subcommand {
	case "pause":
		return l.Pause(service)
	case "unpause":
		return l.Unpause(service)
	}
	err := l.Kill(service)
	if err == nil {
		_, err = l.Wait(ctx, service)
	}
	return err
}

func (l *localLab) exitCode(ctx context.Context, service string) (int, error) {
	return l.Wait(ctx, service)
}

func (l *localLab) bets(context.Context) ([]byte, error) {
	for _, s := range l.Services() {
		if s.Kind != local.Server {
			continue
		}
		text, err := files.ReadRegular(l.Path(s.Name, s.Variable("SERVER_STORAGE")), maxBets)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return text, err
	}
	return nil, nil
}

// settle does nothing, because the journal has all lines of a service before the event of its end.
func (l *localLab) settle(context.Context) error { return nil }

func (l *localLab) skew() time.Duration { return 0 }

func (l *localLab) connect(ctx context.Context, port int) (net.Conn, error) {
	address := l.Address("server", uint16(port))
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn, nil
		}
		// A server that has started may not listen yet.
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (l *localLab) hold(ctx context.Context, port int) (func(), error) {
	conn, err := l.connect(ctx, port)
	if err != nil {
		return nil, err
	}
	return func() { _ = conn.Close() }, nil
}

func (l *localLab) talk(ctx context.Context, port int, message []byte) ([]byte, error) {
	conn, err := l.connect(ctx, port)
	if err != nil {
		return nil, err
	}
	defer conn.Close() // all is read
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(message); err != nil {
		return nil, err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(conn, 1<<20))
}

func (l *localLab) relay(ctx context.Context, port int) (*relay, error) {
	return newRelay(ctx, "127.0.0.1", func(ctx context.Context) (net.Conn, error) { return l.connect(ctx, port) })
}

func (l *localLab) descriptors(_ context.Context, service string) (int, error) {
	return l.Descriptors(service)
}

func (l *localLab) down(context.Context) error { return l.Close() }

var _ lab = (*localLab)(nil)
