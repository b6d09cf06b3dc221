package cli

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/test/golden"
)

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
