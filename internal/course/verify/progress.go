package verify

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
)

// Progress tells people how a run goes: a line for each scenario that has ended
// and, on a terminal, one that shows what is running and for how long.
type Progress struct {
	w     io.Writer
	total int
	live  bool // w is a terminal
	paint func(code, text string) string
	now   func() time.Time
	stop  chan struct{}
	ended sync.WaitGroup

	mu      sync.Mutex // guards w and what follows
	done    int
	running []running
	shown   bool // there is a line to wipe
}

type running struct {
	name  string
	begin time.Time
}

// NewProgress tells of a run of so many scenarios. The caller closes it before
// it writes to w itself.
func NewProgress(w io.Writer, total int, terminal, coloured bool, now func() time.Time) *Progress {
	p := &Progress{w: w, total: total, live: terminal, now: now, stop: make(chan struct{}), paint: func(_, text string) string { return text }}
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

// Began is Options.Began.
func (p *Progress) Began(s Scenario) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = append(p.running, running{s.Stage + " " + s.Name, p.now()})
	p.show()
}

// Ended is Options.Ended.
func (p *Progress) Ended(s report.Scenario) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	if i := slices.IndexFunc(p.running, func(r running) bool { return r.name == s.Stage+" "+s.Name }); i >= 0 {
		p.running = slices.Delete(p.running, i, i+1)
	}
	p.wipe()
	mark := map[report.Status]string{
		report.Passed:  p.paint("32", "ok     "),
		report.Failed:  p.paint("1;31", "FAILED "),
		report.Skipped: p.paint("33", "skipped"),
	}[s.Status]
	fmt.Fprintf(p.w, "%s %s %-30s %6.1fs  %s\n", mark, s.Stage, s.Name, s.Duration.Seconds(), s.Title)
	if s.Reason != "" {
		fmt.Fprintf(p.w, "    %s\n", indent(s.Reason))
	}
	WriteProblems(p.w, s)
	p.show()
}

// Close ends the live line.
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

// show writes the live line anew.
func (p *Progress) show() {
	if !p.live || len(p.running) == 0 {
		return
	}
	var names []string
	for _, r := range p.running {
		names = append(names, fmt.Sprintf("%s %.0fs", r.name, p.now().Sub(r.begin).Seconds()))
	}
	const width = 78 // of a narrow terminal, less what a cut takes
	text := fmt.Sprintf("[%d/%d] %s", p.done, p.total, strings.Join(names, ", "))
	if len(text) > width {
		text = text[:width-1] + "…"
	}
	p.wipe()
	fmt.Fprint(p.w, text)
	p.shown = true
}
