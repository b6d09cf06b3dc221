// Package local runs the services of a Compose file as local processes, without Docker: each with the environment,
// mounts, names, start order, stop signal and grace period of the file.
//
// The services run in the program that imports this package: its main function passes command lines that begin with
// Argument on to Serve.
//
// Each service has a directory of its own as its root, and a loopback address or ports of its own. When the program ends, even
// when it is killed, the services end with it, and a separate process, the janitor, removes the directories.
package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/service"
)

// Options are the options of New. Now is required.
type Options struct {
	// Program is the beginning of each service's command line. The Lab appends the arguments for Serve. The default is
	// the running program and Argument.
	Program []string
	// Configs are the paths of the configuration files that services find without a mount, by kind. The default is the
	// lab's own file.
	Configs map[Kind]string
	// InventMissing replaces missing files that are mounted: all agency files by random bets, or all configuration files
	// of a kind of service by the lab's own. It replaces none if only some of them are missing. New returns an error for
	// any other missing file.
	InventMissing bool
	// Note, if not nil, is called with sentences about the lab for people, such as one for each file that InventMissing
	// replaces.
	Note func(sentence string)
	// Log, if not nil, is called with the lines and ends of all services, one at a time, in the order in which the
	// services wrote them.
	Log func(Event)
	// Network says which addresses the services get. The default is DefaultNetwork().
	Network Network
	// Inside, if not "", is a directory: New returns an *OutsideError for a mount that leads out of it.
	Inside string
	// Now returns the current time.
	Now func() time.Time
}

// Event is a line that a service has printed, or the end of a service.
type Event struct {
	At      time.Time
	Service string
	Text    string // the line, without its newline
	Exited  bool   // the event is the end of the service
	Code    int    // the exit code; 128 + the signal's number if a signal killed the service
}

// Lab is a Compose project on this machine. Its methods may be called
// from several goroutines.
type Lab struct {
	options   Options
	services  []Service
	ignored   []string
	dir       string
	network   *network
	replaced  []string                   // sentences about files that were replaced
	mounts    map[string][]service.Mount // by service
	hosts     map[string]service.Host    // by name; services connect to each other by them
	spawner   *spawner
	janitor   *Janitor
	mu        sync.Mutex // guards what follows, and the ends of processes
	closed    bool       // nothing is started any more
	removed   bool       // Close was called
	processes map[string]*process

	// output is the pipe that all services write to. logged is closed when its reader has reached the end.
	output *os.File
	logged chan struct{}
}

// New makes the directories and the network of a project's services. Up starts the services. The caller closes the lab.
func New(project *types.Project, o Options) (_ *Lab, err error) {
	o.Network = cmp.Or(o.Network, DefaultNetwork())
	if o.Log == nil {
		o.Log = func(Event) {}
	}
	if o.Note == nil {
		o.Note = func(string) {}
	}
	services, ignored, err := NewPlan(project)
	if err != nil {
		return nil, err
	}
	if len(services) == 0 {
		return nil, errors.New("the Compose file has no services to start")
	}
	if len(services) > maxServices {
		return nil, fmt.Errorf("%d services: there are addresses for %d", len(services), maxServices)
	}
	if o.Inside != "" {
		if err := checkInside(services, o.Inside); err != nil {
			return nil, err
		}
	}
	spawner, err := newSpawner()
	if err != nil {
		return nil, err
	}
	l := &Lab{options: o, services: services, ignored: ignored, processes: make(map[string]*process), spawner: spawner}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if l.network, err = newNetwork(o.Network); err != nil {
		return nil, err
	}
	if l.dir, err = os.MkdirTemp("", "composer-lab-"); err != nil {
		return nil, fmt.Errorf("make the lab's directory: %w", err)
	}
	if l.janitor, err = NewJanitor(o.Program, l.dir); err != nil {
		return nil, err
	}
	for _, prepare := range []func() error{l.makeDirectories, l.makeHosts, l.readOutput} {
		if err := prepare(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// commandLine returns program, or its default (see Options).
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

// Services returns the lab's services in the order in which Up starts them. The caller must not change them.
func (l *Lab) Services() []Service { return l.services }

// Ignored returns a sentence for each setting of the Compose file that has no effect.
func (l *Lab) Ignored() []string { return l.ignored }

// rootOf returns the root directory of a service of the lab in dir.
func rootOf(dir, name string) string { return filepath.Join(dir, "services", name) }

// hostsFile returns the path of the file from which the services of the lab in dir learn where the others are.
func hostsFile(dir string) string { return filepath.Join(dir, "hosts.json") }

// Path returns the path on this machine of a file that the service sees at the path file. If no service has that name,
// the path leads to no file.
func (l *Lab) Path(name, file string) string {
	return service.Machine{Root: rootOf(l.dir, name), Mounts: l.mounts[name]}.Path(file)
}

// Address returns the HOST:PORT at which this machine reaches the given port of a service.
func (l *Lab) Address(name string, port uint16) string {
	return service.Machine{Host: l.hosts[name]}.Address(port)
}

// Up starts the named services and their dependencies, in order, or all services if no name is given. A service that is
// running is not started again. A service that has ended starts again with the files that it has written. Up returns
// when the last service is started.
func (l *Lab) Up(ctx context.Context, names ...string) error {
	wanted := make(map[string]bool)
	for _, name := range names {
		if _, err := l.service(name); err != nil {
			return err
		}
		wanted[name] = true
	}
	for _, s := range slices.Backward(l.services) { // what a service depends on comes before it
		wanted[s.Name] = wanted[s.Name] || len(names) == 0
		for _, d := range s.After {
			wanted[d.Name] = wanted[d.Name] || wanted[s.Name]
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
			continue // a dependency that is missing was not required
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
		return errors.New("the lab is closed")
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

// Wait waits for the end of a service and returns its exit code, like Event.Code. It returns ctx's error if ctx is done
// earlier.
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

// Stop sends the named services their stop signals; without names it stops all services. It kills a service that still
// runs at the end of its grace period, or when ctx is done. Stop returns when all these services have ended.
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

// Kill ends a running service at once. Wait waits for it.
func (l *Lab) Kill(name string) error { return l.do("kill", name, killProcess) }

// Pause stops a running service at once, with its connections open, until Unpause.
func (l *Lab) Pause(name string) error { return l.do("pause", name, pauseProcess) }

// Unpause lets a paused service go on.
func (l *Lab) Unpause(name string) error { return l.do("unpause", name, resumeProcess) }

// Descriptors returns the number of files and sockets that a running service has open. It needs /proc, which Linux has.
func (l *Lab) Descriptors(name string) (int, error) {
	p, err := l.process(name)
	if err != nil {
		return 0, err
	}
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.command.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("descriptors of %s: %w", name, err)
	}
	return len(open), nil
}

func (l *Lab) do(what, name string, with func(*os.Process) error) error {
	p, err := l.process(name)
	if err != nil {
		return err
	}
	if err := with(p.command.Process); err != nil {
		return fmt.Errorf("%s %s: %w", what, name, err)
	}
	return nil
}

// Close kills the services that run and removes all files of the lab. A second call does nothing.
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
		if p.leash != nil {
			_ = p.leash.Close() // its reader has gone
		}
	}
	l.spawner.close()
	var errs []error
	if l.output != nil {
		errs = append(errs, l.output.Close())
		<-l.logged
	}
	if l.dir != "" {
		errs = append(errs, files.RemoveAll(l.dir))
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
		return Service{}, fmt.Errorf("no such service: %s", name)
	}
	return l.services[i], nil
}

func (l *Lab) process(name string) (*process, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.processes[name]
	if p == nil {
		return nil, fmt.Errorf("%s: not started", name)
	}
	return p, nil
}
