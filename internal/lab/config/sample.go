package config

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// Sample returns a configuration file with a comment and the default for each key that a file can have. A key without
// a default is in a comment.
func (s Service) Sample() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# The %s's configuration, with the defaults. What the environment sets goes first.\n", s.Name)
	if !s.isYAML() {
		fmt.Fprintf(&b, "[%s]\n", iniSection)
	}
	lastGroup := ""
	for _, k := range s.Keys {
		if k.Path == "" {
			continue
		}
		group, name, nested := strings.Cut(k.Path, ".")
		indent := "  "
		if !nested {
			group, name, indent = "", k.Path, ""
		}
		if group == "" || group != lastGroup {
			b.WriteString("\n")
		}
		if group != "" && group != lastGroup {
			fmt.Fprintf(&b, "%s:\n", group)
		}
		lastGroup = group
		fmt.Fprintf(&b, "%s# %s\n%s%s\n", indent, k.Doc, indent, s.sampleLine(name, k))
	}
	return b.Bytes()
}

// sampleLine returns a key with its default, or in a comment without one.
func (s Service) sampleLine(name string, k Key) string {
	switch {
	case k.Default == nil && s.isYAML():
		return "# " + name + ":"
	case k.Default == nil:
		return "# " + name + " ="
	case !s.isYAML():
		return name + " = " + *k.Default
	case k.Kind == Number || k.Kind == Switch:
		return name + ": " + *k.Default
	default:
		return name + ": " + strconv.Quote(*k.Default)
	}
}
