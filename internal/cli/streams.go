package cli

import (
	"cmp"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/tp0-lab/composer/internal/files"
)

// Streams holds everything that a command line takes from its process.
type Streams struct {
	In      io.Reader // read where a command line names the file -
	Out     *Output   // data
	Err     *Output   // messages, warnings and progress
	Environ []string  // the environment: NAME=VALUE
	Now     func() time.Time

	name string   // by which the program was called
	line []string // the command line
	// tidying is held while a command would leave something behind if its process ended: see tidy.
	tidying *sync.RWMutex
}

// Output is a stream that commands write to.
type Output struct {
	io.Writer
	Terminal bool
	Width    int // columns of the terminal; 0: not known

	plain    bool  // a terminal that shows escape sequences as text
	coloured bool  // colours may be written
	err      error // the first error of Writer
}

// FileOutput returns an Output that writes to f, and finds out whether f is a terminal.
func FileOutput(f *os.File) *Output {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return &Output{Writer: f}
	}
	return &Output{Writer: f, Terminal: true, Width: width, plain: !takesEscapes(f)}
}

// Write writes p and remembers the first error.
func (o *Output) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	o.err = cmp.Or(o.err, err)
	return n, err
}

// helpWidth returns the length of the lines of help.
func (o *Output) helpWidth() int {
	const usual, most = 80, 120
	if o.Width > 0 {
		return min(o.Width, most)
	}
	return usual
}

// tableWidth returns the length of the lines of a table; 0, for programs, sets no limit.
func (o *Output) tableWidth() int {
	if !o.Terminal {
		return 0
	}
	return o.Width
}

// tidy says that a command has something to tidy up, such as services that it has started, until the caller calls done.
// A signal then waits for that, and a second signal does not.
func (s *Streams) tidy() (done func()) {
	if s.tidying == nil {
		return func() {}
	}
	s.tidying.RLock()
	return s.tidying.RUnlock
}

// streams returns the Streams of the command line.
func streams(c *cli.Context) *Streams { return c.App.Metadata["streams"].(*Streams) }

// getenv returns the value of a variable, or "".
func (s *Streams) getenv(name string) string {
	for _, variable := range s.Environ {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value
		}
	}
	return ""
}

// takeEnvironment sets widths and colours by the environment (see no-color.org), and gives the process the
// variables of flags, because urfave/cli reads them there. An empty variable counts as not set.
func (s *Streams) takeEnvironment() {
	columns, _ := strconv.Atoi(s.getenv("COLUMNS"))
	for _, o := range []*Output{s.Out, s.Err} {
		if columns > 0 {
			o.Width = columns
		}
		o.coloured = o.Terminal && !o.plain && s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb"
	}
	const prefix = "COMPOSER_"
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, prefix) {
			os.Unsetenv(name)
		}
	}
	for _, variable := range s.Environ {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, prefix) && value != "" {
			os.Setenv(name, value)
		}
	}
}

// read returns the content of a file, at most limit bytes, and its name for messages. The file - is s.In.
func (s *Streams) read(name string, limit int64) (content []byte, shown string, err error) {
	return files.ReadOperand(name, s.In, limit)
}
