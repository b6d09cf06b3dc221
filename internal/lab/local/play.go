package local

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/lab/logline"
	"github.com/tp0-lab/composer/internal/text"
)

// Play says how a project is run from its start to its end.
type Play struct {
	Options
	Output   io.Writer // what the services print, as `docker compose up` shows it
	Coloured bool
	Keep     bool // the server stays up after the last client, until ctx is done
}

// Summary is how the services of a run did.
type Summary struct {
	Services []Outcome `json:"services"`
	Bets     int       `json:"bets"`    // in all, on disk
	Winners  int       `json:"winners"` // in all, as the clients were told
	Seconds  float64   `json:"seconds"` // from the first start to the last end
	OK       bool      `json:"ok"`      // every service exited with 0, on its own accord
}

// Outcome is how a service did.
type Outcome struct {
	Service string `json:"service"`
	Kind    Kind   `json:"kind"`
	// Agency is the client's number.
	Agency string `json:"agency,omitempty"`
	// Messages are those that came back to a client (echo), Bets those of the
	// agency that are on disk, Winners those that it was told.
	Messages int     `json:"messages"`
	Bets     int     `json:"bets"`
	Winners  *int    `json:"winners,omitempty"`
	Seconds  float64 `json:"seconds"`
	Code     int     `json:"exit_code"`
}

// ErrInterrupted is returned by Run if ctx was done before the clients were.
var ErrInterrupted = errors.New("interrupted; all services are stopped")

// Run starts all services, waits for the clients, stops the server and removes
// everything. It returns an error that says which services failed, or
// ErrInterrupted. The summary holds whatever the error is.
func (p Play) Run(ctx context.Context, project *types.Project) (sum Summary, err error) {
	run := player{messages: make(map[string]int), winners: make(map[string]int), exited: make(chan Event, len(project.Services))}
	log := func(e Event) {
		run.log(e)
		if e.Exited {
			run.exited <- e // there is room: each service is started once
		}
	}
	p.Log = log
	lab, err := New(project, p.Options)
	if err != nil {
		return Summary{}, err
	}
	defer func() { err = errors.Join(err, lab.Close()) }()
	run.lab = lab
	run.mu.Lock()
	run.printer = newPrinter(p.Output, lab.services, p.Coloured)
	run.mu.Unlock()
	for _, sentence := range lab.Without() {
		lab.options.Note(sentence)
	}
	begin := p.Now()
	err = lab.Up(ctx)
	switch {
	case err == nil:
		err = run.wait(ctx, p)
	case ctx.Err() != nil:
		err = ErrInterrupted
	}
	// With a second signal the program ends, and everything with it.
	lab.Stop(context.WithoutCancel(ctx))
	sum = run.summary()
	sum.Seconds = p.Now().Sub(begin).Seconds()
	if err == nil {
		err = sum.err()
	}
	sum.OK = err == nil
	return sum, err
}

// player is what a run has seen so far.
type player struct {
	lab    *Lab
	exited chan Event

	mu       sync.Mutex // guards what follows
	printer  *printer
	messages map[string]int
	winners  map[string]int
}

func (r *player) log(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.printer.print(e)
	entry, ok := logline.Parse(e.Text)
	if !ok || entry.Result != "success" {
		return
	}
	switch entry.Action {
	case "receive_message":
		r.messages[e.Service]++
	case "consulta_ganadores":
		if n, err := strconv.Atoi(entry.Value("cant_ganadores")); err == nil {
			r.winners[e.Service] = n
		}
	}
}

// wait returns when all clients have ended, when a server has before them, or
// when ctx is done.
func (r *player) wait(ctx context.Context, p Play) error {
	clients := 0
	for _, s := range r.lab.services {
		if s.Kind == Client {
			clients++
		}
	}
	stay := p.Keep || clients == 0
	for clients > 0 {
		select {
		case e := <-r.exited:
			s, err := r.lab.service(e.Service)
			if err != nil {
				return err
			}
			if s.Kind == Client {
				clients--
			} else {
				return fmt.Errorf("%s exited with code %d while clients were running; they are stopped", e.Service, e.Code)
			}
		case <-ctx.Done():
			return ErrInterrupted
		}
	}
	if !stay {
		return nil
	}
	for _, s := range r.lab.services {
		if s.Kind == Server {
			r.lab.options.Note(fmt.Sprintf("%s stays up on %s%s, Ctrl-C stops it", s.Name, r.lab.listening(s), r.where(s)))
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case e := <-r.exited:
		return fmt.Errorf("%s exited with code %d", e.Service, e.Code)
	}
}

// where says where a server's bets are, if it has any.
func (r *player) where(s Service) string {
	path := r.lab.Path(s.Name, storage(s))
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return ", its bets are in " + path
}

func storage(s Service) string {
	if file := s.Variable("SERVER_STORAGE"); file != "" {
		return file
	}
	return "bets.csv"
}

func (r *player) summary() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	var sum Summary
	bets := make(map[string]int)
	for _, s := range r.lab.services {
		if s.Kind == Server {
			countBets(r.lab.Path(s.Name, storage(s)), bets)
		}
	}
	for _, s := range r.lab.services {
		o := Outcome{Service: s.Name, Kind: s.Kind, Messages: r.messages[s.Name]}
		process, err := r.lab.process(s.Name)
		if err != nil {
			continue // it was not started
		}
		o.Seconds, o.Code = process.end.Sub(process.begin).Seconds(), process.code
		if s.Kind == Client {
			o.Agency = s.Variable("CLI_ID")
			o.Bets = bets[o.Agency]
			sum.Bets += o.Bets
			if n, told := r.winners[s.Name]; told {
				o.Winners = &n
				sum.Winners += n
			}
		}
		sum.Services = append(sum.Services, o)
	}
	return sum
}

// countBets adds to bets how many each agency has in the file. A file that is
// not there has none, and what is no record is not counted.
func countBets(path string, bets map[string]int) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close() // read only
	r := csv.NewReader(f)
	r.ReuseRecord = true
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			bets[strings.Clone(record[0])]++
		} else if !errors.As(err, new(*csv.ParseError)) {
			return
		}
	}
}

func (s Summary) err() error {
	var failed []string
	for _, o := range s.Services {
		if o.Code != 0 {
			failed = append(failed, fmt.Sprintf("%s exited with code %d", o.Service, o.Code))
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return errors.New(sentenceList(failed))
}

// WriteTable writes the summary for people: a row for each client.
func (s Summary) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	echo := s.Bets == 0
	for _, o := range s.Services {
		echo = echo && o.Winners == nil
	}
	if echo {
		fmt.Fprintln(t, "client\tmessages\ttime\texit code\t")
	} else {
		fmt.Fprintln(t, "agency\tbets\twinners\ttime\texit code\t")
	}
	messages := 0
	for _, o := range s.Services {
		if o.Kind != Client {
			continue
		}
		took := seconds(o.Seconds)
		if echo {
			messages += o.Messages
			fmt.Fprintf(t, "%s\t%d\t%s\t%d\t\n", text.Printable(o.Agency), o.Messages, took, o.Code)
			continue
		}
		winners := "-"
		if o.Winners != nil {
			winners = strconv.Itoa(*o.Winners)
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%d\t\n", text.Printable(o.Agency), o.Bets, winners, took, o.Code)
	}
	if echo {
		fmt.Fprintf(t, "all\t%d\t%s\t\t\n", messages, seconds(s.Seconds))
	} else {
		fmt.Fprintf(t, "all\t%d\t%d\t%s\t\t\n", s.Bets, s.Winners, seconds(s.Seconds))
	}
	return t.Flush()
}

func seconds(s float64) string { return (time.Duration(s*1000) * time.Millisecond).String() }
