package text

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	gap    = 2  // spaces between two columns
	narrow = 30 // with fewer runes than this, the last column goes below the others
)

// Wrap breaks text at its spaces into lines of at most width runes. A longer word has a line of its own. A
// width of 0 or less breaks nothing.
func Wrap(text string, width int) []string {
	if width <= 0 || utf8.RuneCountInString(text) <= width {
		return []string{text}
	}
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if line != "" && used+1+n > width {
			lines = append(lines, line)
			line, used = "", 0
		}
		if line != "" {
			line += " "
			used++
		}
		line += word
		used += n
	}
	return append(lines, line)
}

// Table is rows of cells for people. Each cell is on one line, and made Printable.
type Table struct {
	Indent string // before each line
	// First is the largest width of the first column. A longer cell there has a line of its own. 0 is no limit.
	First int
	rows  [][]string
}

// Row appends a row.
func (t *Table) Row(cells ...string) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = Printable(cell)
	}
	t.rows = append(t.rows, row)
}

// Write writes the table. width is the width of the terminal in runes; with 0, nothing is wrapped. Write wraps the last
// column to fit into width. If the other columns leave less than 30 runes, Write puts the last column below them.
func (t *Table) Write(w io.Writer, width int) error {
	widths, left := t.widths()
	var out bytes.Buffer
	for _, row := range t.rows {
		last := len(row) - 1
		cells := slices.Clone(row[:last])
		for i := range max(last-1, 0) {
			cells[i] += strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(cells[i])+gap, 0))
		}
		line := strings.Join(cells, "")
		used := utf8.RuneCountInString(line)
		line = t.Indent + line
		hang, room := left, 0
		if width > 0 {
			room = width - len(t.Indent) - left
		}
		if below := width > 0 && room < narrow; below {
			hang, room = 2*gap, max(width-len(t.Indent)-2*gap, 1)
		}
		text := Wrap(row[last], room)
		if used+gap <= hang {
			out.WriteString(strings.TrimRight(line+strings.Repeat(" ", hang-used)+text[0], " ") + "\n")
			text = text[1:]
		} else if line = strings.TrimRight(line, " "); line != "" {
			out.WriteString(line + "\n")
		}
		for _, more := range text {
			if more != "" {
				out.WriteString(t.Indent + strings.Repeat(" ", hang) + more + "\n")
			}
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

// widths returns the widths of all columns but the last, and the offset at which the last one begins.
func (t *Table) widths() (widths []int, left int) {
	for _, row := range t.rows {
		for i, cell := range row[:len(row)-1] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			n := utf8.RuneCountInString(cell)
			if i == 0 && t.First > 0 && n > t.First {
				continue
			}
			widths[i] = max(widths[i], n)
		}
	}
	for _, n := range widths {
		left += n + gap
	}
	return widths, left
}
