// Package transcript reads the console blocks of a Markdown page and runs
// their commands, so that what the project's pages show is tested.
package transcript

import (
	"regexp"
	"slices"
	"strings"
)

// Command is one command of a block and what the page shows of its output.
type Command struct {
	Line   int // of the page, from 1
	Text   string
	Output []string // "…" stands for lines that are left out
}

// Block is a fenced block whose language is console or sh. In a console block a command
// stands behind "$ ", and what follows is its output; in an sh block every line
// is a command.
type Block struct {
	Line     int // of its first fence
	Commands []Command
}

// Blocks returns the blocks of a page, in order.
func Blocks(page string) []Block {
	const fence = "```"
	var blocks []Block
	language, open := "", false
	number := 0
	for line := range strings.Lines(page) {
		number++
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, fence):
			open = !open
			language, _, _ = strings.Cut(strings.TrimPrefix(line, fence), " ")
			if open && (language == "console" || language == "sh") {
				blocks = append(blocks, Block{Line: number})
			}
		case open && (language == "console" || language == "sh"):
			blocks[len(blocks)-1].add(number, line, language == "sh")
		}
	}
	return blocks
}

func (b *Block) add(number int, line string, bare bool) {
	text, prompted := strings.CutPrefix(line, "$ ")
	switch {
	case prompted || bare && line != "":
		b.Commands = append(b.Commands, Command{Line: number, Text: text})
	case len(b.Commands) > 0 && !bare:
		last := &b.Commands[len(b.Commands)-1]
		last.Output = append(last.Output, line)
	}
}

var dockerPattern = regexp.MustCompile(`\bdocker\b|validar-echo-server|verify .*--repo`)

// NeedsDocker tells whether a command of the block starts containers or images.
// Compose files are named after Docker, too, and need none.
func (b Block) NeedsDocker() bool {
	return slices.ContainsFunc(b.Commands, func(c Command) bool {
		return dockerPattern.MatchString(strings.ReplaceAll(c.Text, "docker-compose-dev.yaml", ""))
	})
}

// follows tells whether the command goes on until somebody interrupts it.
func (c Command) follows() bool {
	return strings.Contains(c.Text, "logs -f") || strings.Contains(c.Text, "docker-compose-logs")
}

// What is another each time: times, an address of the lab's network, and how
// Compose pads names to the longest.
var varying = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`\r|\x1b\[[0-9;]*[A-Za-z]`), ""},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`in \d+\.\ds`), "in a while"},
	{regexp.MustCompile(`172\.25\.125\.\d+`), "ADDRESS"},
	{regexp.MustCompile(`^(\S+) +\| `), "$1 | "},
}

func normal(line string) string {
	for _, v := range varying {
		line = v.pattern.ReplaceAllString(line, v.instead)
	}
	return strings.TrimRight(line, " ")
}

// missing returns the lines of the page that the output does not have.
func (c Command) missing(output string) []string {
	have := map[string]bool{}
	for _, line := range outputLines(output) {
		have[normal(line)] = true
	}
	return slices.DeleteFunc(slices.Clone(c.Output), func(line string) bool {
		return line == "…" || have[normal(line)]
	})
}

// outputLines cuts an output into its lines; the last one may have no end.
func outputLines(output string) []string {
	if output == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(output, "\n"), "\n")
}

// whole tells whether the page shows all of the output: no line is left out.
func (c Command) whole() bool {
	return len(c.Output) > 0 && !c.follows() && !slices.Contains(c.Output, "…")
}
