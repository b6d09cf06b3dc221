package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/text"
)

// RunOptions are the options of Run.
type RunOptions struct {
	Options
	Output   io.Writer // gets the lines of all services, as "docker compose up" prints them
	Coloured bool
	Keep     bool // the server stays up after the last client, until ctx is done
}

// ErrInterrupted is the error of Run if ctx is done before all clients have ended.
var ErrInterrupted = errors.New("interrupted; all services are stopped")

// Run starts all services of project, waits for the clients, stops the server and removes all that the lab made. The
// error names the services that failed, or is ErrInterrupted. The summary is right even with an error; it has no services
// if nothing was started. Run replaces o.Log.
func Run(ctx context.Context, project *types.Project, o RunOptions) (sum Summary, err error) {
	run := watcher{messages: make(map[string]int), winners: make(map[string]int), exited: make(chan Event, len(project.Services))}
	o.Log = func(e Event) {
		run.log(e)
		if e.Exited {
			run.exited <- e // there is room: each service is started once
		}
	}
	lab, err := New(project, o.Options)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	run.lab = lab
	run.mu.Lock()
	run.printer = newPrinter(o.Output, lab.services, o.Coloured)
	run.mu.Unlock()
	for _, sentence := range lab.Ignored() {
		lab.options.Note(sentence)
	}
	begin := o.Now()
	err = lab.Up(ctx)
	switch {
	case err == nil:
		err = run.wait(ctx, o.Keep)
	case ctx.Err() != nil:
		err = ErrInterrupted
	}
	// With a second signal the program ends, and everything with it.
	lab.Stop(context.WithoutCancel(ctx))
	sum = run.summary()
	sum.Seconds = o.Now().Sub(begin).Seconds()
	if err == nil {
		err = sum.err()
	}
	sum.OK = err == nil
	return sum, err
}

// watcher follows the events of a run.
type watcher struct {
	lab    *Lab
	exited chan Event

	mu       sync.Mutex // guards what follows
	printer  *printer
	messages map[string]int
	winners  map[string]int
	unknown  []string // warnings about configuration files, without duplicates
}

func (w *watcher) log(e Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.printer.print(e)
	entry, ok := logline.Parse(e.Text)
	if !ok || entry.Result != "success" {
		return
	}
	switch entry.Action {
	case "config_key":
		if _, warning, ok := strings.Cut(e.Text, "| warning: "); ok && !slices.Contains(w.unknown, warning) {
			w.unknown = append(w.unknown, warning)
		}
	case "receive_message":
		w.messages[e.Service]++
	case "consulta_ganadores":
		if n, err := strconv.Atoi(entry.Value("cant_ganadores")); err == nil {
			w.winners[e.Service] = n
		}
	}
}

// wait returns when all clients have ended, when a server has ended before them (an error), or when ctx is done. With
// keep, or without clients, it waits for ctx or for the server's end.
func (w *watcher) wait(ctx context.Context, keep bool) error {
	clients := 0
	for _, s := range w.lab.services {
		if s.Kind == Client {
			clients++
		}
	}
	keep = keep || clients == 0
	for clients > 0 {
		select {
		case e := <-w.exited:
			if s, _ := w.lab.service(e.Service); s.Kind == Client {
				clients--
			} else {
				return fmt.Errorf("%s exited with code %d while clients were running; they are stopped", e.Service, e.Code)
			}
		case <-ctx.Done():
			return ErrInterrupted
		}
	}
	if !keep {
		return nil
	}
	for _, s := range w.lab.services {
		if s.Kind == Server {
			w.lab.options.Note(fmt.Sprintf("%s stays up on %s%s, Ctrl-C stops it", s.Name, w.lab.Address(s.Name, w.lab.serverPort(s)), w.storageNote(s)))
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case e := <-w.exited:
		return fmt.Errorf("%s exited with code %d", e.Service, e.Code)
	}
}

// storageNote returns a clause that names the file with a server's bets, or "" if there is no such file.
func (w *watcher) storageNote(s Service) string {
	path := w.lab.Path(s.Name, storage(s))
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return ", its bets are in " + path
}

// storage returns the path of a server's bets, as the server sees it.
func storage(s Service) string {
	return cmp.Or(s.Variable("SERVER_STORAGE"), "bets.csv")
}

// printer writes events as `docker compose up` does.
type printer struct {
	w       io.Writer
	width   int               // of the longest name
	colours map[string]string // an escape sequence for each service; empty for none
}

// palette are the foreground colours of ECMA-48 (SGR 36 …) in Compose's order.
var palette = []string{"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"}

func newPrinter(w io.Writer, services []Service, coloured bool) *printer {
	p := &printer{w: w, colours: make(map[string]string)}
	for i, s := range services {
		p.width = max(p.width, len(s.Name))
		if coloured {
			p.colours[s.Name] = "\x1b[" + palette[i%len(palette)] + "m"
		}
	}
	return p
}

func (p *printer) print(e Event) {
	if e.Exited {
		fmt.Fprintf(p.w, "%s exited with code %d\n", e.Service, e.Code)
		return
	}
	reset := ""
	if len(p.colours) > 0 {
		reset = "\x1b[0m"
	}
	fmt.Fprintf(p.w, "%s%-*s  |%s %s\n", p.colours[e.Service], p.width, e.Service, reset, text.Printable(e.Text))
}
