package help

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// sample is a small program.
func sample() *Command {
	return &Command{
		Name: "mill", Usage: "grind anything",
		Description: "mill grind wheat\tflour, to stdout\n\nWhat is ground stays ground, and nobody has ever been able to change that.",
		Flags:       []Flag{{Names: []string{"help", "h"}, Usage: "show this help"}},
		Commands: []*Command{{
			Name: "mill grind", Usage: "grind one thing", Synopsis: "mill grind [--fine] [-o FILE] THING…", Arguments: "THING…",
			Description: "mill grind -o flour wheat\tto a file\nmill grind 'it''s' \\n\ta thing's name\n\nA comment keeps things whole:\n  .whole\nand `mill grind -h` says more.\n\nThe end.",
			Flags: []Flag{
				{Names: []string{"output", "o"}, Value: "FILE", Usage: "the FILE to write", Default: "stdout", Variable: "MILL_OUTPUT"},
				{Names: []string{"fine"}, Usage: "as fine as `mill sieve fine` likes it", Variable: "MILL_FINE"},
			},
		}},
	}
}

func TestHelp(t *testing.T) {
	for width, want := range map[int]string{
		0: `
mill grind - grind one thing

USAGE:
  mill grind [--fine] [-o FILE] THING…

A comment keeps things whole:
  .whole
and ` + "`mill grind -h`" + ` says more.

The end.

OPTIONS:
  -o, --output FILE  the FILE to write (default: stdout) [$MILL_OUTPUT]
      --fine         as fine as ` + "`mill sieve fine`" + ` likes it [$MILL_FINE]

EXAMPLES:
  mill grind -o flour wheat  to a file
  mill grind 'it''s' \n      a thing's name
`,
		30: `
mill grind - grind one thing

USAGE:
  mill grind [--fine]
    [-o FILE] THING…

A comment keeps things whole:
  .whole
and ` + "`mill grind -h`" + ` says more.

The end.

OPTIONS:
  -o, --output FILE
      the FILE to write
      (default: stdout)
      [$MILL_OUTPUT]
      --fine
      as fine as
      ` + "`mill sieve fine`" + ` likes
      it [$MILL_FINE]

EXAMPLES:
  mill grind -o flour wheat
      to a file
  mill grind 'it''s' \n
      a thing's name
`,
	} {
		var got strings.Builder
		if err := sample().Find("grind").WriteHelp(&got, width); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[1:], got.String()); diff != "" {
			t.Errorf("width %d: %s", width, diff)
		}
	}
	var got strings.Builder
	if err := sample().WriteHelp(&got, 40); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(got.String()) {
		if utf8.RuneCountInString(line) > 41 {
			t.Errorf("too long: %s", line)
		}
	}
	if !strings.Contains(got.String(), "USAGE:\n  mill COMMAND [options]\n") || !strings.Contains(got.String(), "COMMANDS:\n  grind  grind one thing\n") {
		t.Error(got.String())
	}
}

func TestFind(t *testing.T) {
	if c := sample().Find("sieve"); c != nil {
		t.Errorf("found %s", c.Name)
	}
	if c := sample().Find("grind"); c.Name != "mill grind" {
		t.Errorf("found %s", c.Name)
	}
	names := ""
	sample().Walk(func(c *Command) { names += c.Name + "," })
	if names != "mill,mill grind," {
		t.Error(names)
	}
}
