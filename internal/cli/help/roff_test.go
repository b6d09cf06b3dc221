package help

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// What groff and mandoc make of a page is what went in, whatever characters it has.
func TestRoff(t *testing.T) {
	var page bytes.Buffer
	p := Page{
		Program: sample(), Version: "1.0", Date: "2026-01-02",
		About:     []string{"-- It goes round."},
		Variables: []Entry{{"NO_COLOR", ".dotted 'text' \\with \"all\" `of it` ~ ^ … ñ and a ` too many"}},
		Files:     []Entry{{"~/.mill", "a file"}},
		ExitCodes: []Entry{{"0", "ground"}},
		SeeAlso:   []string{"sieve(1)"},
	}
	if err := p.WriteRoff(&page); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(page.String()) {
		if strings.HasPrefix(line, "'") {
			t.Errorf("a request by accident: %s", line)
		}
	}
	for name, args := range map[string][]string{
		"groff":  {"-ww", "-man", "-Tutf8", "-P-cbou", "-rLL=78n"},
		"mandoc": {"-Tutf8", "-Owidth=78"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(name); err != nil {
				t.Skipf("there is no %s", name)
			}
			command := exec.CommandContext(t.Context(), name, args...)
			command.Stdin = bytes.NewReader(page.Bytes())
			var stderr bytes.Buffer
			command.Stderr = &stderr
			out, err := command.Output()
			if err != nil || stderr.Len() > 0 {
				t.Fatalf("%v: %s", err, stderr.String())
			}
			text := bytes.NewBuffer(nil)
			for _, b := range out { // overstruck letters are bold ones
				if b == '\b' {
					text.Truncate(text.Len() - 1)
					continue
				}
				text.WriteByte(b)
			}
			got := strings.Join(strings.Fields(text.String()), " ")
			for _, want := range []string{
				"mill - grind anything", "-- It goes round. The commands", "mill grind [--fine] [-o FILE] THING...", "-o, --output FILE The FILE to write. Default: stdout. Variable: MILL_OUTPUT.",
				`mill grind 'it''s' \n a thing's name`, `NO_COLOR .dotted 'text' \with "all" of it ~ ^ ... ñ and a ` + "`" + ` too many`, "~/.mill a file",
				"MILL_FINE stands for --fine of grind", ".whole and mill grind -h says more.", "The end.",
			} {
				if !strings.Contains(got, want) {
					t.Errorf("lacks %q:\n%s", want, text)
				}
			}
		})
	}
}
