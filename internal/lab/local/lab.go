// Package local runs the services of a Compose file as processes of this
// machine: with the file's environment, mounts, names, start order, stop
// signals and grace, and without Docker. The program that imports it is the
// services as well: it has to hand Serve its command line.
//
// Each lab has a directory for each of its services, which they take for their
// root, and a loopback network of its own. Nothing of it outlives the
// process: its services die with it, whatever kills it, and a janitor that
// does not removes the directories.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// Options of a lab.
type Options struct {
	// Program is the command line that the services' arguments are put behind;
	// nil is this very program, with Argument.
	Program []string
	// Configs are the files that stand in the images as the configuration of
	// each kind; of a kind without one, it is that which comes with the lab.
	Configs map[Kind]string
	// MakeUp has a mounted agency file or configuration file that is missing
	// made up, and Note called with a sentence that says so.
	MakeUp bool
	Note   func(sentence string)
	// Log is called with all that the services print, one event at a time, in
	// the order in which they wrote it. Nil is silence.
	Log func(Event)
	Now func() time.Time
}

// Event is a line of a service, without its end, or the service's end.
type Event struct {
	At      time.Time
	Service string
	Text    string
	Exited  bool
	Code    int // of the exit; 128 + the signal's number where one killed it
}

// Lab is a Compose project on this machine. Its methods may be called
// from several goroutines.
type Lab struct {
	options   Options
	services  []Service
	without   []string
	dir       string
	network   *network
	ports     map[uint16]uint16
	spawner   *spawner
	janitor   *Janitor
	mu        sync.Mutex // guards what follows, and the ends of processes
	closed    bool       // nothing is started any more
	removed   bool       // Close was called
	processes map[string]*process

	// output is the pipe that all services write to; logged is closed when all
	// of it was read.
	output *os.File
	logged chan struct{}
}

// Errors that those of methods wrap which are given the name of a service: one
// that the lab does not have, or that was not started yet.
var (
	ErrUnknownService = errors.New("no such service")
	ErrNotStarted     = errors.New("not started")
	errClosed         = errors.New("the lab is closed")
)

// New makes a lab of a project, with nothing running yet. The caller closes it.
func New(project *types.Project, o Options) (_ *Lab, err error) {
	if err := supported(); err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = func(Event) {}
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	services, without, err := NewPlan(project)
	if err != nil {
		return nil, err
	}
	if len(services) == 0 {
		return nil, errors.New("the Compose file has no services to start")
	}
	if len(services) > maxServices {
		return nil, fmt.Errorf("%d services: there are addresses for %d", len(services), maxServices)
	}
	l := &Lab{options: o, services: services, without: without, processes: make(map[string]*process), spawner: newSpawner()}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if l.network, err = claimNetwork(); err != nil {
		return nil, err
	}
	if l.dir, err = os.MkdirTemp("", "composer-lab-"); err != nil {
		return nil, fmt.Errorf("make the lab's directory: %w", err)
	}
	if l.janitor, err = NewJanitor(o.Program, l.dir); err != nil {
		return nil, err
	}
	if err := l.furnish(); err != nil {
		return nil, err
	}
	if err := l.listen(); err != nil {
		return nil, err
	}
	if l.ports, err = freePorts(l.network.address(0), l.serverPorts()); err != nil {
		return nil, err
	}
	return l, nil
}

// commandLine is what the services' arguments are put behind.
func commandLine(program []string) []string {
	if program != nil {
		return program
	}
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return []string{self, Argument}
}

// Services are the lab's services, in the order in which they start.
func (l *Lab) Services() []Service { return l.services }

// Without tells in sentences what of the Compose file has no effect.
func (l *Lab) Without() []string { return l.without }

// Path returns where on this machine a file of the service is. Of a service that
// the lab does not have it is none.
func (l *Lab) Path(service, file string) string {
	return filepath.Join(l.dir, "services", service, filepath.Clean("/"+file))
}

// Address returns the loopback address of a service, "" if there is none.
func (l *Lab) Address(service string) string {
	i := slices.IndexFunc(l.services, func(s Service) bool { return s.Name == service })
	if i < 0 {
		return ""
	}
	return l.network.address(i)
}

// Port returns the port that stands for the port of a service on its address.
func (l *Lab) Port(port uint16) uint16 {
	if other, ok := l.ports[port]; ok {
		return other
	}
	return port
}

// Up starts services and those they depend on, in order; all of the lab's if
// none is named. One that is running is left alone, one that has ended starts
// anew with the files that it has left. It returns when the last is started.
func (l *Lab) Up(ctx context.Context, names ...string) error {
	wanted := make(map[string]bool)
	var want func(name string) error
	want = func(name string) error {
		s, err := l.service(name)
		if err != nil {
			return err
		}
		if wanted[name] {
			return nil
		}
		wanted[name] = true
		for _, d := range s.After {
			if err := want(d.Name); err != nil && !errors.Is(err, ErrUnknownService) {
				return err // one that is not there was not required
			}
		}
		return nil
	}
	if len(names) == 0 {
		for _, s := range l.services {
			names = append(names, s.Name)
		}
	}
	for _, name := range names {
		if err := want(name); err != nil {
			return err
		}
	}
	for _, s := range l.services {
		if !wanted[s.Name] {
			continue
		}
		if err := l.start(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) start(ctx context.Context, s Service) error {
	for _, d := range s.After {
		if _, err := l.service(d.Name); !d.Done || err != nil {
			continue // one that is not there was not required
		}
		if code, err := l.Wait(ctx, d.Name); err != nil {
			return err
		} else if code != 0 {
			return fmt.Errorf("start %s: %s has exited with code %d", s.Name, d.Name, code)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed
	}
	if p := l.processes[s.Name]; p != nil && !p.ended() {
		return nil
	}
	p, err := l.run(s)
	if err != nil {
		return fmt.Errorf("start %s: %w", s.Name, err)
	}
	l.processes[s.Name] = p
	return nil
}

// Wait returns the exit code of a service when it has ended, or the error of
// ctx.
func (l *Lab) Wait(ctx context.Context, name string) (int, error) {
	p, err := l.process(name)
	if err != nil {
		return 0, err
	}
	select {
	case <-p.done:
		return p.code, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Took returns how long a service ran, or runs already.
func (l *Lab) Took(name string) (time.Duration, error) {
	p, err := l.process(name)
	if err != nil {
		return 0, err
	}
	if p.ended() {
		return p.end.Sub(p.begin), nil
	}
	return l.options.Now().Sub(p.begin), nil
}

// Stop asks services to stop, all of the lab's if none is named, and kills those
// that have not when their grace is over or ctx is done. It returns when they
// have ended.
func (l *Lab) Stop(ctx context.Context, names ...string) {
	var group sync.WaitGroup
	for _, s := range slices.Backward(l.services) {
		if len(names) > 0 && !slices.Contains(names, s.Name) {
			continue
		}
		if p, err := l.process(s.Name); err == nil {
			group.Go(func() { p.stop(ctx, s.StopSignal, s.Grace) })
		}
	}
	group.Wait()
}

// Signal sends a signal to a service that is running.
func (l *Lab) Signal(name string, signal os.Signal) error {
	p, err := l.process(name)
	if err != nil {
		return err
	}
	if err := p.command.Process.Signal(signal); err != nil {
		return fmt.Errorf("signal %s: %w", name, err)
	}
	return nil
}

// Close kills what runs and removes all that the lab made. Only the first call
// does anything.
func (l *Lab) Close() error {
	l.mu.Lock()
	if l.removed {
		l.mu.Unlock()
		return nil
	}
	l.closed, l.removed = true, true
	running := slices.Collect(maps.Values(l.processes))
	l.mu.Unlock()
	for _, p := range running {
		p.kill()
	}
	for _, p := range running {
		<-p.done
	}
	l.spawner.close()
	var errs []error
	if l.output != nil {
		errs = append(errs, l.output.Close())
		<-l.logged
	}
	if l.dir != "" {
		errs = append(errs, os.RemoveAll(l.dir))
	}
	if l.janitor != nil {
		errs = append(errs, l.janitor.Close())
	}
	if l.network != nil {
		errs = append(errs, l.network.close())
	}
	return errors.Join(errs...)
}

func (l *Lab) service(name string) (Service, error) {
	i := slices.IndexFunc(l.services, func(s Service) bool { return s.Name == name })
	if i < 0 {
		return Service{}, fmt.Errorf("%w: %s", ErrUnknownService, name)
	}
	return l.services[i], nil
}

// process returns the process of a service that was started.
func (l *Lab) process(name string) (*process, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.processes[name]
	if p == nil {
		return nil, fmt.Errorf("%s: %w", name, ErrNotStarted)
	}
	return p, nil
}

var _ io.Closer = (*Lab)(nil)

func sentenceList(names []string) string {
	const most = 3
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
