package local

import (
	"fmt"
	"io"

	"github.com/tp0-lab/composer/internal/text"
)

// printer writes events as `docker compose up` does.
type printer struct {
	w       io.Writer
	width   int               // of the longest name
	colours map[string]string // an escape sequence for each service; nil for none
}

// palette are the foreground colours of ECMA-48 (SGR 36 …) in Compose's order.
var palette = []string{"36", "33", "32", "35", "34", "96", "93", "92", "95", "94"}

func newPrinter(w io.Writer, services []Service, coloured bool) *printer {
	p := &printer{w: w}
	for i, s := range services {
		p.width = max(p.width, len(s.Name))
		if coloured {
			if p.colours == nil {
				p.colours = make(map[string]string)
			}
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
	if p.colours != nil {
		reset = "\x1b[0m"
	}
	fmt.Fprintf(p.w, "%s%-*s  |%s %s\n", p.colours[e.Service], p.width, e.Service, reset, text.Printable(e.Text))
}
