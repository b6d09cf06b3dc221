// Package diff shows how texts differ.
package diff

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"github.com/tp0-lab/composer/internal/text"
)

// None is the name of what is not there, as patch and git take it.
const None = "/dev/null"

// maxLines is how many lines two texts may have together. Each takes up to 300
// bytes of memory, whatever its length.
const maxLines = 4_000_000

// Text is one of two texts.
type Text struct {
	Name    string
	Content string
}

// Style is how a difference is shown. The zero Style is what other programs
// read.
type Style struct {
	// Terminal has U+FFFD stand for what would move the cursor of a terminal,
	// change its colours or the direction of its text.
	Terminal bool
	// Colours has removed lines red and added ones green, as git shows them.
	Colours bool
}

// SGR parameters of ECMA-48, as git uses them.
const (
	bold  = "1"
	red   = "31"
	green = "32"
	cyan  = "36"
)

// Unified writes how two texts differ as a unified diff with three lines of
// context, and nothing if they do not. Texts of more than four million lines together
// are an error. Whatever is in a name, it stays one line.
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
	for line := range strings.SplitAfterSeq(s, "\n") {
		line, ended := strings.CutSuffix(line, "\n")
		if line == "" && !ended {
			break
		}
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
		_, _ = out.WriteString(line + "\n") // Flush returns its error
	}
	return out.Flush()
}
