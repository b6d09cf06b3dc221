package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// boundary is where a service or another part of the file begins. service is "" for other parts.
type boundary struct {
	line, column int
	service      string
}

// setServices notes the service that each finding is about: the one that the message names first, else the one in whose
// text the place is.
func (d *document) setServices() {
	var boundaries []boundary
	add := func(key *yaml.Node, service string) {
		boundaries = append(boundaries, boundary{key.Line, key.Column, service})
	}
	known := map[string]bool{}
	if d.root == nil {
		return
	}
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		key, value := d.root.Content[i], d.root.Content[i+1]
		add(key, "")
		if key.Value != "services" || value.Kind != yaml.MappingNode {
			continue
		}
		for j := 0; j+1 < len(value.Content); j += 2 {
			add(value.Content[j], value.Content[j].Value)
		}
		for service := range yamltree.Entries(value) {
			known[service.Value] = true
		}
	}
	compare := func(b boundary, f Finding) int {
		return cmp.Or(cmp.Compare(b.line, f.Line), cmp.Compare(b.column, f.Column))
	}
	slices.SortStableFunc(boundaries, func(a, b boundary) int { return compare(a, Finding{Place: text.Place{Line: b.line, Column: b.column}}) })
	for i := range d.found {
		f := &d.found[i]
		if rest, ok := strings.CutPrefix(f.Message, "service "); ok {
			if name, _, ok := strings.Cut(rest, ":"); ok && known[name] {
				f.service = name
				continue
			}
		}
		at, exact := slices.BinarySearchFunc(boundaries, *f, compare)
		if exact {
			at++
		}
		if at > 0 {
			f.service = boundaries[at-1].service
		}
	}
}

// Fold joins findings, for people, that say the same about three or more services of a file. Findings say the same if
// they differ only in the name of the service. If the names of the services differ only in numbers, the messages may
// differ in numbers, too. The joined finding has the place of the first one.
func Fold(found []Finding) []Finding {
	const few = 3
	type key struct{ file, rule, message, stem string }
	type occurrence struct {
		key
		nth int
	}
	seen := map[[2]any]int{} // how often a service has a key
	groups := map[occurrence][]int{}
	folded := make([]occurrence, len(found))
	for i, f := range found {
		if f.service == "" {
			continue
		}
		k := key{f.File, f.Rule + string(f.Severity), withoutName(f.Message, f.service), ""}
		if stem := text.WithoutNumbers(f.service); stem != f.service {
			if message := text.WithoutNumbers(k.message); message != k.message {
				k.message, k.stem = message, stem
			}
		}
		nth := seen[[2]any{k, f.service}]
		seen[[2]any{k, f.service}]++
		folded[i] = occurrence{k, nth}
		groups[folded[i]] = append(groups[folded[i]], i)
	}
	var all []Finding
	for i, f := range found {
		switch group := groups[folded[i]]; {
		case len(group) < few:
			all = append(all, f)
		case group[0] == i:
			var services []string
			for _, member := range group {
				services = append(services, found[member].service)
			}
			all = append(all, f.of(services))
		}
	}
	return all
}

// of returns the finding as that of several services.
func (f Finding) of(services []string) Finding {
	who := fmt.Sprintf("%s (%d services)", enumerate(services), len(services))
	if rest, ok := strings.CutPrefix(f.Message, "service "+f.service+":"); ok {
		f.Message = who + ":" + rest
	} else {
		f.Message += ": " + who
	}
	return f
}

// enumerate returns names in a few words: client1 … client99, db, web.
func enumerate(names []string) string {
	const few, most = 3, 5 // names of a run that are all named, and parts
	var parts []string
	for i := 0; i < len(names); {
		end := i + 1
		for end < len(names) && text.WithoutNumbers(names[end]) == text.WithoutNumbers(names[i]) {
			end++
		}
		if end-i > few {
			parts = append(parts, names[i]+" … "+names[end-1])
		} else {
			parts = append(parts, names[i:end]...)
		}
		i = end
	}
	if len(parts) > most {
		parts = append(parts[:most-1], "…")
	}
	return strings.Join(parts, ", ")
}

// withoutName leaves the first place out at which a message has a name as a word.
func withoutName(message, name string) string {
	for begin := 0; ; {
		at := strings.Index(message[begin:], name)
		if at < 0 {
			return message
		}
		at += begin
		end := at + len(name)
		if (at == 0 || !isWord(message[at-1])) && (end == len(message) || !isWord(message[end])) {
			return message[:at] + "\x00" + message[end:]
		}
		begin = at + 1
	}
}

func isWord(c byte) bool {
	return c == '_' || text.IsDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
}
