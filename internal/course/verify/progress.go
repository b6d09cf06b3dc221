package verify

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/course/words"
)

// Progress shows people the progress of a run: a line for each scenario that has ended and, on a terminal, a line with
// the running scenarios and their times. Its methods may be called by several goroutines at once.
type Progress struct {
	w     io.Writer
	total int
	live  bool // w is a terminal
	lang  words.Language
	paint func(code, text string) string
	now   func() time.Time
	stop  chan struct{}
	ended sync.WaitGroup

	mu      sync.Mutex // guards w and the fields below
	done    int
	running []running
	shown   bool // the line of running scenarios is on the terminal
}

type running struct {
	name  string
	begin time.Time
}

// NewProgress returns the Progress of a run of total scenarios. The Progress writes to w. Before the caller writes to w
// itself, it calls Close.
func NewProgress(w io.Writer, total int, terminal, coloured bool, l words.Language, now func() time.Time) *Progress {
	p := &Progress{w: w, lang: l, total: total, live: terminal, now: now, stop: make(chan struct{}), paint: func(_, text string) string { return text }}
	if coloured {
		p.paint = func(code, text string) string { return "\x1b[" + code + "m" + text + "\x1b[0m" }
	}
	if p.live {
		p.ended.Go(p.tick)
	}
	return p
}

func (p *Progress) tick() {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.mu.Lock()
			p.show()
			p.mu.Unlock()
		case <-p.stop:
			return
		}
	}
}

// Began adds a scenario to the running ones.
func (p *Progress) Began(s Scenario) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = append(p.running, running{s.Stage + " " + s.Name, p.now()})
	p.show()
}

// Building writes the name of an image that is being built, because a build may take minutes.
func (p *Progress) Building(image string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
	fmt.Fprintln(p.w, p.lang.Text("building the image of "+image))
	p.show()
}

// Ended writes the result of a scenario.
func (p *Progress) Ended(s report.Scenario) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if i := slices.IndexFunc(p.running, func(r running) bool { return r.name == s.Stage+" "+s.Name }); i >= 0 {
		p.running = slices.Delete(p.running, i, i+1)
	}
	p.wipe()
	fmt.Fprintf(p.w, "%s %s %-30s %6.1fs  %s\n", p.mark(s.Status), s.Stage, s.Name, s.Duration.Seconds(), p.lang.Text(s.Title))
	if s.Reason != "" {
		fmt.Fprintf(p.w, "    %s\n", indent(p.lang.Text(s.Reason)))
	}
	writeProblems(p.w, s, p.lang)
	for _, trouble := range s.Troubles {
		fmt.Fprintf(p.w, "    %s: %s\n", p.lang.Text("trouble of this machine, no fault of the solution"), indent(p.lang.Text(trouble)))
	}
	p.show()
}

// mark returns the word for a verdict. All words are padded to the same width.
func (p *Progress) mark(s report.Status) string {
	m := map[report.Status]struct{ code, word string }{
		report.Passed: {"32", "ok"}, report.Failed: {"1;31", "FAILED"}, report.Unjudged: {"33", "unjudged"}, report.Skipped: {"33", "skipped"},
		report.Unasked: {"", "unasked"},
	}[s]
	width := 8
	if p.lang == words.Spanish {
		width = 10
	}
	word := fmt.Sprintf("%-*s", width, p.lang.Text(m.word))
	if m.code == "" {
		return word
	}
	return p.paint(m.code, word)
}

// Close removes the line of running scenarios.
func (p *Progress) Close() {
	close(p.stop)
	p.ended.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wipe()
}

func (p *Progress) wipe() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

// show writes the line of running scenarios.
func (p *Progress) show() {
	if !p.live || len(p.running) == 0 {
		return
	}
	var names []string
	for _, r := range p.running {
		names = append(names, fmt.Sprintf("%s %.0fs", r.name, p.now().Sub(r.begin).Seconds()))
	}
	const width = 78 // of a narrow terminal, without the character for a cut
	text := fmt.Sprintf("[%d/%d] %s", p.done, p.total, strings.Join(names, ", "))
	if len(text) > width {
		text = text[:width-1] + "…"
	}
	p.wipe()
	fmt.Fprint(p.w, text)
	p.shown = true
}
