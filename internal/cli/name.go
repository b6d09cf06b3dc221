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
	if s.isRenamed() {
		return string(replaceName(inHelp, []byte(text), s.name))
	}
	return text
}

// renameMessage returns a message with the name by which the program was called.
func (s *Streams) renameMessage(text string) string {
	if s.isRenamed() {
		return string(replaceName(inMessages, []byte(text), s.name))
	}
	return text
}

// replaceName puts name in the place of composer.
func replaceName(where *regexp.Regexp, text []byte, name string) []byte {
	// Twice, because two names may share the character between them.
	to := []byte("${1}" + strings.ReplaceAll(name, "$", "$$") + "${2}")
	return where.ReplaceAll(where.ReplaceAll(text, to), to)
}

// renamer is a writer that puts another name in the place of composer where a message means the program.
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

func (s *Streams) isRenamed() bool { return s.name != "" && s.name != programName }

// renamed returns a writer for messages. Data, such as rendered documents, is not written through it.
func (s *Streams) renamed(w io.Writer) io.Writer {
	if s.isRenamed() {
		return renamer{w, s.name}
	}
	return w
}
