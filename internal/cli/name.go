package cli

import (
	"io"
	"path/filepath"
	"regexp"
	"strings"
)

// programName is the name in this program's texts.
const programName = "composer"

// calledName returns the name by which the program was called, from the first word of the command line. Debian has
// another program called composer, so people install this one by other names.
func calledName(word string) string {
	name := strings.TrimSuffix(filepath.Base(word), ".exe")
	if name == "" || name == "." || strings.ContainsAny(name, " '\"`$\\") {
		return programName
	}
	return name
}

// Where a text means the program: anywhere in the help, but not in .composer-lint.yaml; in a message, which may have paths
// and values of the user's, only at the start of a message or of a command line.
var (
	inHelp     = regexp.MustCompile(`(^|[^.\w-]|_)composer($|[^\w-])`)
	inMessages = regexp.MustCompile(`(?m)(^|[ ` + "`" + `(<"'])composer([: (]|$|` + "`" + `)`)
)

// rename returns a text of the help with the name by which the program was called.
func (s *Streams) rename(text string) string {
	return string(replaceName(inHelp, []byte(text), s.name))
}

// renameMessage returns a message with the name by which the program was called.
func (s *Streams) renameMessage(text string) string {
	return string(replaceName(inMessages, []byte(text), s.name))
}

// replaceName puts name in the place of composer.
func replaceName(where *regexp.Regexp, text []byte, name string) []byte {
	if name == programName {
		return text
	}
	// Twice, because two names may share the character between them.
	to := []byte("${1}" + strings.ReplaceAll(name, "$", "$$") + "${2}")
	return where.ReplaceAll(where.ReplaceAll(text, to), to)
}

// renamer is a writer of messages that puts the name by which the program was called in the place of composer. Data, such as
// rendered documents, is not written through it.
type renamer struct {
	w    io.Writer
	name string
}

// Write implements io.Writer. p has whole words.
func (r renamer) Write(p []byte) (int, error) {
	if _, err := r.w.Write(replaceName(inMessages, p, r.name)); err != nil {
		return 0, err
	}
	return len(p), nil
}
