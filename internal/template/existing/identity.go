package existing

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// identities returns families by what texts may call them, such as a queue that their members alone listen to: the words
// that all members of a family, and no other services, have for a key of their environment. A word is without its case
// and without punctuation. The names of kinds are among them.
func (k *maker) identities(services []entry) map[string]*family {
	owners := map[string]map[*family]int{} // of NAME=word; nil is a service of no family
	for _, s := range services {
		var own *family
		if at := slices.IndexFunc(k.families, func(f *family) bool { return slices.Contains(f.names, s.key) }); at >= 0 {
			own = k.families[at]
		}
		for name, value := range variables(yamltree.Get(s.value, "environment")) {
			if pair := name + "=" + bareWord(value); len(bareWord(value)) > 3 {
				if owners[pair] == nil {
					owners[pair] = map[*family]int{}
				}
				owners[pair][own]++
			}
		}
	}
	found := map[string]*family{}
	claim := func(word string, f *family) {
		if other, claimed := found[word]; claimed && other != f {
			f = nil // it may be either
		}
		found[word] = f
	}
	for pair, of := range owners {
		_, word, _ := strings.Cut(pair, "=")
		for f, count := range of {
			if f == nil || len(of) > 1 || count < f.count() {
				claim(word, nil)
			} else {
				claim(word, f)
			}
		}
	}
	for _, f := range k.families {
		found[bareWord(f.kind)] = f
	}
	return found
}

// variables returns what an environment says, as a mapping or a list.
func variables(environment *yaml.Node) map[string]string {
	all := map[string]string{}
	if environment == nil {
		return all
	}
	for _, e := range entries(environment) {
		name, value := e.key, e.value.Value
		if name == "" {
			name, value, _ = strings.Cut(e.value.Value, "=")
		}
		all[name] = value
	}
	return all
}

// bareWord returns the letters and digits of a word in lower case.
func bareWord(word string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && !text.IsDigit(byte(r)) && (r < 'a' || r > 'z') {
			return -1
		}
		return r
	}, strings.ToLower(word))
}

// countBehind matches a word with a number behind it, as in orders,3 and orders:3.
var countBehind = text.LazyRegexp(`([A-Za-z][\w.-]*)([,:*])([0-9]+)\b`)

// countedBehind writes the numbers of members of families that stand behind what calls the families. ok is false if there
// is none.
func (k *maker) countedBehind(word, key string) (parts []part, ok bool) {
	if key == "image" || !strings.ContainsAny(word, ",:*") {
		return nil, false
	}
	end := 0
	for _, at := range countBehind().FindAllStringSubmatchIndex(word, -1) {
		f := k.called[bareWord(word[at[2]:at[3]])]
		if n, err := strconv.Atoi(word[at[6]:at[7]]); err != nil || f == nil || n != f.count() {
			continue
		}
		parts = append(parts, part{text: word[end:at[6]]}, part{text: f.ref("Counts"), expr: true})
		end = at[7]
	}
	return append(parts, part{text: word[end:]}), end > 0
}
