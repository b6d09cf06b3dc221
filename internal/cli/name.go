package cli

import (
	"bytes"
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

// renamer is a writer that puts another name in the place of composer where a text means the program.
type renamer struct {
	w    io.Writer
	name string
}

// calls are the places where a text means the program: the start of a message, or of a command line.
var calls = regexp.MustCompile(`(?m)(^|[ ` + "`" + `(<"'])composer([: (]|$|` + "`" + `)`)

// Write implements io.Writer. p has whole words.
func (r renamer) Write(p []byte) (int, error) {
	// Twice, because two calls may share the space between them.
	to := []byte("${1}" + strings.ReplaceAll(r.name, "$", "$$") + "${2}")
	text := calls.ReplaceAll(calls.ReplaceAll(p, to), to)
	text = bytes.ReplaceAll(text, []byte(`"`+strings.ToUpper(programName)+`"`), []byte(`"`+strings.ToUpper(r.name)+`"`)) // the head of the manual page
	if _, err := r.w.Write(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// renamed returns a writer for texts about the program. Data, such as rendered documents, is not written through it.
func (s *Streams) renamed(w io.Writer) io.Writer {
	if s.name == "" || s.name == programName {
		return w
	}
	return renamer{w, s.name}
}
