package cli

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/test/golden"
)

// The table of README.md has each command, and no flag that the command does not have.
func TestReadmeListsTheCommands(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| command | does |")
	table, _, _ = strings.Cut(table, "\n\n")
	var visit func(parent string, commands []*cli.Command)
	visit = func(parent string, commands []*cli.Command) {
		for _, c := range commands {
			path := parent + " " + c.Name
			row := regexp.MustCompile("(?m)^\\| `" + path + "[` ].*$").FindString(table)
			switch {
			case c.Hidden:
			case row != "":
				flags := slices.Clone(c.Flags)
				for _, sub := range c.Subcommands {
					flags = append(flags, sub.Flags...)
				}
				for _, flag := range regexp.MustCompile("`(--?[a-z][a-z-]*)").FindAllStringSubmatch(row, -1) {
					if flag[1] != "--help" && named(flags, flag[1]) == nil {
						t.Errorf("README.md: %s has no flag %s", path, flag[1])
					}
				}
			case len(c.Subcommands) > 0:
				visit(path, c.Subcommands)
			default:
				t.Errorf("the table of README.md has no %s", path)
			}
		}
	}
	visit("composer", newApp(&Streams{}).Commands)
}

// testdata/surface.txt lists each command with its flags, their variables, types and defaults, and
// the exit codes. A change of it is a change that users see.
func TestSurface(t *testing.T) {
	var got strings.Builder
	fmt.Fprintf(&got, "exit codes: done %d, failed %d, command line %d\n", exitOK, exitFailure, exitUsage)
	var visit func(parent string, commands []*cli.Command)
	visit = func(parent string, commands []*cli.Command) {
		for _, c := range commands {
			path := parent + " " + c.Name
			fmt.Fprintf(&got, "\n%s", path)
			if c.Hidden {
				got.WriteString(" (hidden)")
			}
			for _, alias := range c.Aliases {
				fmt.Fprintf(&got, ", %s", alias)
			}
			got.WriteByte('\n')
			flags := slices.Clone(c.Flags)
			slices.SortFunc(flags, func(a, b cli.Flag) int { return strings.Compare(a.Names()[0], b.Names()[0]) })
			for _, f := range flags {
				doc := f.(cli.DocGenerationFlag)
				fmt.Fprintf(&got, "  --%s %s %s default=%q\n", strings.Join(f.Names(), ",-"),
					strings.TrimPrefix(strings.TrimPrefix(fmt.Sprintf("%T", f), "*cli."), "*main."), strings.Join(doc.GetEnvVars(), ","), doc.GetValue())
			}
			visit(path, c.Subcommands)
		}
	}
	visit("composer", newApp(&Streams{}).Commands)
	golden.Check(t, "testdata/surface.txt", got.String())
}
