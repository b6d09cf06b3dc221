package local

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
)

// readOutput makes the pipe for the output of all services, and a goroutine that logs its lines.
func (l *Lab) readOutput() error {
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	l.output, l.logged = write, make(chan struct{})
	go func() {
		defer close(l.logged)
		err := demux(read, len(l.services),
			func(i int, text string) {
				l.options.Log(Event{At: l.options.Now(), Service: l.services[i].Name, Text: text})
			},
			func(i int, mark uint16) {
				p, err := l.process(l.services[i].Name)
				if err != nil {
					return // no process of ours
				}
				p.beReady()
				if mark == endMark {
					l.options.Log(Event{At: p.end, Service: l.services[i].Name, Exited: true, Code: p.code})
					close(p.done)
				}
			})
		if err != nil { // the pipe is out of step: no later line can be trusted
			l.options.Note(err.Error())
			l.giveUp()
		}
		_ = read.Close()
	}()
	return nil
}

// giveUp kills all services and marks them as ended.
func (l *Lab) giveUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.processes {
		p.kill()
		p.beReady()
		if !p.ended() {
			close(p.done)
		}
	}
	l.closed = true
}

// run starts the process of a service.
func (l *Lab) run(s Service) (*process, error) {
	index := slices.IndexFunc(l.services, func(other Service) bool { return other.Name == s.Name })
	arguments := slices.Concat(commandLine(l.options.Program), []string{string(s.Kind), l.dir, strconv.Itoa(index), s.Name})
	for _, m := range l.mounts[s.Name] {
		arguments = append(arguments, m.Target, m.Source)
	}
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Dir = rootOf(l.dir, s.Name)
	command.Env = append([]string{}, s.Environ...) // nil would be this program's environment
	output := &muxWriter{w: l.output, index: uint16(index)}
	ready := make(chan struct{})
	p := &process{
		command: command, begin: l.options.Now(), ready: ready, beReady: sync.OnceFunc(func() { close(ready) }), done: make(chan struct{}),
	}
	if err := l.spawner.start(p, l.output, output); err != nil {
		return nil, err
	}
	go func() {
		_ = command.Wait() // ProcessState has the result
		l.mu.Lock()
		p.end, p.code = l.options.Now(), exitCode(command.ProcessState)
		l.mu.Unlock()
		_ = output.mark(endMark) // this process reads the pipe, so it is open
	}()
	return p, nil
}
