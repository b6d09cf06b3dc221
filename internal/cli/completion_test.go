package cli

import (
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/cli/completion"
	"github.com/tp0-lab/composer/internal/cli/help"
)

// Each value is completed, or is one that nobody can know.
func TestValuesAreCompleted(t *testing.T) {
	free := map[string]bool{"N": true, "N[,N…]": true, "P": true, "TIME": true, "PATTERN": true, "ADDRESS": true, "AGENCY": true, "IMAGE": true}
	root := tree(newApp(&Streams{}))
	complete := func(c *help.Command, words ...string) completion.Answer {
		return completion.Complete(root, append(strings.Fields(c.Name)[1:], words...), (&Streams{}).completionValues)
	}
	flags, arguments := 0, 0
	root.Walk(func(c *help.Command) {
		for _, f := range c.Flags {
			if f.Value == "" || free[f.Value] && f.Names[0] != "replicas" {
				continue
			}
			flags++
			if a := complete(c, help.Dashed(f.Names[0]), ""); a.Values == nil && !a.Files && !a.Directories {
				t.Errorf("%s --%s %s is not completed", c.Name, f.Names[0], f.Value)
			}
		}
		if c.Arguments != "" && !free[c.Arguments] {
			arguments++
			if a := complete(c, ""); a.Values == nil && !a.Files && !a.Directories {
				t.Errorf("%s %s is not completed", c.Name, c.Arguments)
			}
		}
	})
	if flags < 30 || arguments < 6 {
		t.Errorf("there are %d flags and %d arguments", flags, arguments)
	}
}

// What the help calls a choice is completed in that very way.
func TestChoices(t *testing.T) {
	root := tree(newApp(&Streams{}))
	root.Walk(func(c *help.Command) {
		for _, f := range c.Flags {
			for _, v := range (&Streams{}).completionValues(completion.Request{Command: c, Flag: f.Names[0], Place: f.Value}) {
				if name := strings.TrimSuffix(v.Text, "="); v.Meaning == "" && f.Value != "NAME=FILE" && !strings.Contains(f.Usage, name) {
					t.Errorf("the help of %s --%s does not tell of %s", c.Name, f.Names[0], name)
				}
			}
		}
	})
}
