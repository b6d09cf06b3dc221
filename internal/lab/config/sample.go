package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Sample returns a file with all keys that a file can have, a comment for each,
// and the defaults as their values. A key without a default is a comment.
func (s Service) Sample() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# The %s's configuration, with the defaults. What the environment sets goes first.\n", s.Name)
	if s.yaml() {
		s.sampleYAML(&b)
	} else {
		s.sampleINI(&b)
	}
	return []byte(b.String())
}

func (s Service) sampleINI(b *strings.Builder) {
	fmt.Fprintf(b, "[%s]\n", iniSection)
	for _, k := range s.Keys {
		fmt.Fprintf(b, "\n# %s\n", k.Doc)
		if k.Default == nil {
			b.WriteString("# ")
			k.Default = new(string)
		}
		fmt.Fprintf(b, "%s = %s\n", k.Path, *k.Default)
	}
}

// sampleYAML puts keys of one group together, where the first of them is.
func (s Service) sampleYAML(b *strings.Builder) {
	var groups [][]Key
	for _, k := range s.Keys {
		if k.Path == "" {
			continue
		}
		group, _, _ := strings.Cut(k.Path, ".")
		at := slices.IndexFunc(groups, func(other []Key) bool { return within(group, other[0].Path) })
		if at < 0 {
			at = len(groups)
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], k)
	}
	for _, keys := range groups {
		b.WriteString("\n")
		group, _, nested := strings.Cut(keys[0].Path, ".")
		indent := ""
		if nested {
			indent = "  "
			comment := "# "
			if slices.ContainsFunc(keys, func(k Key) bool { return k.Default != nil }) {
				comment = ""
			}
			fmt.Fprintf(b, "%s%s:\n", comment, group)
		}
		for _, k := range keys {
			name := strings.TrimPrefix(k.Path, group+".")
			fmt.Fprintf(b, "%s# %s\n", indent, k.Doc)
			if k.Default == nil {
				fmt.Fprintf(b, "%s# %s:\n", indent, name)
			} else {
				fmt.Fprintf(b, "%s%s: %s\n", indent, name, k.yaml(*k.Default))
			}
		}
	}
}

// within reports whether a path is the group or below it.
func within(group, path string) bool { return path == group || strings.HasPrefix(path, group+".") }

// yaml writes a value so that YAML reads it as it is.
func (k Key) yaml(text string) string {
	if k.Kind == Number || k.Kind == Switch {
		return text
	}
	return strconv.Quote(text)
}
