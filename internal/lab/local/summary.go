package local

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// Summary is the result of a run.
type Summary struct {
	Services []Outcome `json:"services"`
	Bets     int       `json:"bets"`    // of all agencies, in the server's file
	Winners  int       `json:"winners"` // of all agencies, as the server told the clients
	Seconds  float64   `json:"seconds"` // from the first start to the last end
	OK       bool      `json:"ok"`      // Run returned no error
	// Notes are sentences about why the results may differ from those in containers: files that were replaced, and keys
	// of configuration files that no service knows.
	Notes []string `json:"notes"`
}

// Outcome is the result of one service.
type Outcome struct {
	Service string `json:"service"`
	Kind    Kind   `json:"kind"`
	Agency  string `json:"agency,omitempty"` // the client's number
	// Messages counts the messages that a client got back from an echo server.
	Messages int `json:"messages"`
	// Bets counts the agency's bets in the server's file.
	Bets int `json:"bets"`
	// Winners is the number of winners that the server told the client. It is nil if the server told none.
	Winners *int    `json:"winners,omitempty"`
	Seconds float64 `json:"seconds"`
	Code    int     `json:"exit_code"`
}

func (w *watcher) summary() Summary {
	w.mu.Lock()
	defer w.mu.Unlock()
	sum := Summary{Notes: slices.Concat([]string{}, w.lab.replaced, w.unknown)}
	bets := make(map[string]int)
	for _, s := range w.lab.services {
		if s.Kind == Server {
			countBets(w.lab.Path(s.Name, storage(s)), bets)
		}
	}
	for _, s := range w.lab.services {
		o := Outcome{Service: s.Name, Kind: s.Kind, Messages: w.messages[s.Name]}
		process, err := w.lab.process(s.Name)
		if err != nil {
			continue // not started
		}
		o.Seconds, o.Code = process.end.Sub(process.begin).Seconds(), process.code
		if s.Kind == Client {
			o.Agency = s.Variable("CLI_ID")
			o.Bets = bets[o.Agency]
			sum.Bets += o.Bets
			if n, told := w.winners[s.Name]; told {
				o.Winners = &n
				sum.Winners += n
			}
		}
		sum.Services = append(sum.Services, o)
	}
	return sum
}

// countBets counts the records of the file at path by agency, into bets. A missing file has no records. Lines that are
// not CSV do not count.
func countBets(path string, bets map[string]int) {
	f, err := files.Open(path, os.O_RDONLY)
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
	return errors.New(text.FirstNames(failed))
}

// WriteTable writes the summary as a table with a row for each client.
func (s Summary) WriteTable(w io.Writer) error {
	echo := s.Bets == 0 && !slices.ContainsFunc(s.Services, func(o Outcome) bool { return o.Winners != nil })
	head := "agency\tbets\twinners"
	if echo {
		head = "client\tmessages"
	}
	counts := func(messages, bets int, winners *int) string {
		switch {
		case echo:
			return strconv.Itoa(messages)
		case winners == nil:
			return fmt.Sprintf("%d\t-", bets)
		}
		return fmt.Sprintf("%d\t%d", bets, *winners)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%s\ttime\texit code\t\n", head)
	messages := 0
	for _, o := range s.Services {
		if o.Kind == Client {
			messages += o.Messages
			fmt.Fprintf(t, "%s\t%s\t%s\t%d\t\n", text.Printable(o.Agency), counts(o.Messages, o.Bets, o.Winners), seconds(o.Seconds), o.Code)
		}
	}
	fmt.Fprintf(t, "all\t%s\t%s\t\t\n", counts(messages, s.Bets, &s.Winners), seconds(s.Seconds))
	return t.Flush()
}

func seconds(s float64) string { return (time.Duration(s*1000) * time.Millisecond).String() }
