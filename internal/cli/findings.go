package cli

import (
	"fmt"
	"slices"

	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/text"
)

// findingWriter writes findings: those of a file as soon as it is checked where the format has a line for each.
type findingWriter struct {
	w      *Output
	format string
	found  []lint.Finding // for the formats that are written as a whole
	counts map[lint.Severity]int
	told   map[string]bool // findings that were added
}

func newFindingWriter(w *Output, format string) *findingWriter {
	return &findingWriter{w: w, format: format, found: []lint.Finding{}, counts: map[lint.Severity]int{}, told: map[string]bool{}}
}

// streams reports whether the format has findings written before all are found.
func (f *findingWriter) streams() bool { return f.format == "text" || f.format == "github" }

func (f *findingWriter) add(found []lint.Finding) error {
	found = slices.DeleteFunc(found, func(one lint.Finding) bool { // in what several files include
		told := f.told[one.String()]
		f.told[one.String()] = true
		return told
	})
	for _, one := range found {
		f.counts[one.Severity]++
	}
	switch f.format {
	case "text":
		for _, one := range lint.Fold(found) {
			f.print(one)
		}
	case "github":
		for _, one := range found {
			printLine(f.w, "%s", one.GitHub())
		}
	default:
		f.found = append(f.found, found...)
	}
	return f.w.err
}

// print prints a finding, on a terminal in colours.
func (f *findingWriter) print(one lint.Finding) {
	line := text.Printable(one.String())
	if f.w.coloured {
		colour := map[lint.Severity]string{lint.Error: "31", lint.Warning: "33", lint.Note: "36"}[one.Severity]
		place := text.Printable(one.Place.String() + ":")
		line = fmt.Sprintf("\x1b[1m%s\x1b[0m \x1b[%sm%s:\x1b[0m %s \x1b[2m[%s]\x1b[0m", place, colour, one.Severity, text.Printable(one.Text()), one.Rule)
	}
	fmt.Fprintln(f.w, line)
}

func (f *findingWriter) close() error {
	switch f.format {
	case "json":
		return printJSON(f.w, f.found)
	case "sarif":
		return lint.WriteSARIF(f.w, f.found, version())
	}
	return nil
}
