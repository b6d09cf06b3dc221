// Package diff compares texts: line by line as a unified diff, or YAML documents by their values.
package diff

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/tp0-lab/composer/internal/text"
)

// NoFile is the name of a file that one side does not have, as patch and git write it.
const NoFile = "/dev/null"

// maxLines is how many lines two texts may have together. A line takes up to 300 bytes of memory.
const maxLines = 4_000_000

// Text is a text to compare. Messages and headers call it Name.
type Text struct {
	Name    string
	Content string
}

// Style is how Unified shows a difference. The zero Style is for programs such as patch.
type Style struct {
	// Terminal writes U+FFFD for characters that would move a terminal's cursor or change its colours or the
	// direction of its text.
	Terminal bool
	// Colours writes removed lines red and added lines green, as git does.
	Colours bool
}

// SGR parameters of ECMA-48 that git uses for diffs.
const (
	bold  = "1"
	red   = "31"
	green = "32"
	cyan  = "36"
)

// Unified writes a unified diff of two texts with three lines of context, and nothing for equal texts. Control
// characters of names become U+FFFD. Texts of more than four million lines together are an error.
func Unified(w io.Writer, before, after Text, style Style) error {
	if before.Content == after.Content {
		return nil
	}
	if strings.Count(before.Content, "\n")+strings.Count(after.Content, "\n") > maxLines {
		return fmt.Errorf("compare %s and %s: they have more than %d lines together", before.Name, after.Name, maxLines)
	}
	s, err := udiff.ToUnified(text.Printable(before.Name), text.Printable(after.Name), before.Content, edits(before.Content, after.Content), udiff.DefaultContextLines)
	if err != nil {
		return fmt.Errorf("compare %s and %s: %w", before.Name, after.Name, err)
	}
	if style == (Style{}) {
		_, err := io.WriteString(w, s)
		return err
	}
	out := bufio.NewWriter(w)
	header := 2
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		colour := ""
		switch {
		case header > 0:
			colour = bold
			header--
		case strings.HasPrefix(line, "@"):
			colour = cyan
		case strings.HasPrefix(line, "-"):
			colour = red
		case strings.HasPrefix(line, "+"):
			colour = green
		}
		if style.Terminal {
			line = text.Printable(line)
		}
		if style.Colours && colour != "" {
			line = "\x1b[" + colour + "m" + line + "\x1b[0m"
		}
		_, _ = out.WriteString(line + "\n") // Flush returns the error
	}
	return out.Flush()
}
