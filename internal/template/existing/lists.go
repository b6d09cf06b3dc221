package existing

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/text"
)

// mode says which members of a family a list of a member has.
type mode int

const (
	all mode = iota
	others
	before
	after
)

// of returns the members that the list of member i has.
func (m mode) of(i, n int) (list []int) {
	for j := range n {
		if m == all || m == others && j != i || m == before && j < i || m == after && j > i {
			list = append(list, j)
		}
	}
	return list
}

// condition is true for the members of the list, within a loop over all.
func (m mode) condition() string {
	return map[mode]string{others: "ne .Index $me", before: "lt .Index $me", after: "gt .Index $me"}[m]
}

// some is true if the list of a member has somebody.
func (m mode) some(f *family) string {
	return map[mode]string{
		all: f.ref("Counts"), others: "gt .Replicas 1", before: "gt .Index 0", after: "lt .Index (sub .Replicas 1)",
	}[m]
}

// listed is the family and the mode of a list, and the members of whom it has samples.
type listed struct {
	of      *family
	mode    mode
	sampled *family
}

// kindsOfLists returns what lists of members of me may be, or a list of nobody if me is nil. The text of the lists says which
// families are likely: those whose members or words are in it come first, and larger ones, and those of which it has no member
// are not among them if it has members of others.
func (k *maker) kindsOfLists(me *family, text string) (found []listed) {
	named := map[*family]int{}
	for _, f := range k.families {
		switch {
		case slices.ContainsFunc(f.names, func(name string) bool { return strings.Contains(text, name) }):
			named[f] = 1000
		default:
			named[f] = f.words(text)
		}
	}
	likely := slices.Clone(k.families)
	slices.SortStableFunc(likely, func(a, b *family) int { return cmp.Or(named[b]-named[a], b.count()-a.count()) })
	if len(likely) > 0 && named[likely[0]] == 1000 {
		likely = slices.DeleteFunc(likely, func(f *family) bool { return named[f] < 1000 })
	}
	for _, f := range likely {
		found = append(found, listed{f, all, f})
		if me == nil || f.kind != me.kind || f.count() != me.count() || me.part {
			continue
		}
		found = append(found, listed{f, others, f})
		if n := f.count(); n > 2 {
			found = append(found, listed{f, before, f.members(0, n-1)}, listed{f, after, f.members(1, n)})
		}
	}
	return found
}

// samples are what lists have of each member.
func samples[T any](l listed, count int, of func(i, at int) T, same func(a, b T) bool) (found []T, ok bool) {
	byMember := map[int]T{}
	for i := range count {
		for at, j := range l.mode.of(i, l.of.count()) {
			one := of(i, at)
			if seen, twice := byMember[j]; twice && !same(seen, one) {
				return nil, false
			}
			byMember[j] = one
		}
	}
	for j := range l.sampled.count() {
		one, there := byMember[j+l.sampled.skip]
		if !there {
			return nil, false
		}
		found = append(found, one)
	}
	return found, len(found) > 1
}

// about reports whether texts are most likely about members of a family: they have its name, or are many and have no other
// family's.
func (k *maker) about(f *family, texts []string) bool {
	return len(texts) > 2 && !k.namesOther(f, texts[0]) || f.stem() != "" && strings.Contains(strings.ToLower(texts[0]), f.stem())
}

var (
	separators = []string{", ", ",", ";", "|", "&", " "}
	openings   = []string{"=", "[", "(", "{", "//", "@", `"`, "'"}
	closings   = []string{"]", ")", "}", "/", "?", `"`, "'"}
)

// mostAround is how many items may be before a list of a member, and behind it, and mostOfAll how many in a list that is not a
// member's, which may have members of many families.
const mostAround, mostOfAll = 20, 1000

// more finds more lists in the literals around a list.
func (k *maker) more(parts []part) (made []part) {
	for _, p := range parts {
		if more, ok := k.list([]string{p.text}, nil); ok && !p.expr && !p.raw {
			made = append(made, more...)
			continue
		}
		made = append(made, p)
	}
	return made
}

// words returns how many words of the name of a family are in a text.
func (f *family) words(text string) (n int) {
	text = strings.ToLower(text)
	for _, word := range kindWords().FindAllString(strings.ToLower(f.kind), -1) {
		if strings.Contains(text, strings.TrimSuffix(word, "s")) {
			n++
		}
	}
	return n
}

var kindWords = text.LazyRegexp(`[a-z]{3,}`)

// list returns the parts of texts, one for each member of me or a single one, that are lists of members of a family.
func (k *maker) list(texts []string, me *family) (parts []part, ok bool) {
	whole := strings.Join(texts, " ")
	most := mostAround
	if me == nil {
		most = mostOfAll
	}
	for _, sep := range separators {
		if !strings.Contains(whole, sep) {
			continue
		}
		split := make([][]string, len(texts))
		for i, s := range texts {
			split[i] = strings.Split(s, sep)
		}
		for _, l := range k.kindsOfLists(me, whole) {
			for first := range min(most, len(split[0])) {
				if first >= mostAround && !strings.Contains(split[0][first], l.of.names[0]) {
					continue
				}
				if parts, ok = k.listAt(split, sep, first, most, l); ok {
					return k.more(parts), true
				}
			}
		}
	}
	return nil, false
}

// listAt is list for a list that begins with the item first.
func (k *maker) listAt(split [][]string, sep string, first, most int, l listed) (parts []part, ok bool) {
	rest := -1
	for i, items := range split {
		more := len(items) - first - len(l.mode.of(i, l.of.count()))
		if more < 0 || more > most || rest >= 0 && more != rest || len(items)-more <= first {
			return nil, false
		}
		rest = more
		if end := len(items) - more; l.mode == all && more > 0 && end > first+1 && k.goesOn(l.of, items[end-1], items[end]) {
			return nil, false // it is about more members than these
		}
		if l.mode == all && first > 0 && first+1 < len(items) && k.goesOn(l.of, items[first], items[first-1]) {
			return nil, false
		}
		if !slices.Equal(items[:first], split[0][:first]) || !slices.Equal(items[len(items)-rest:], split[0][len(split[0])-rest:]) {
			return nil, false
		}
	}
	start := split[0][first]
	end := split[0][len(split[0])-1-rest]
	for _, opening := range beginnings(start) {
		for _, closing := range endings(end) {
			form, ok := k.form(split, first, rest, opening, closing, l)
			if !ok {
				continue
			}
			head := strings.Join(append(slices.Clone(split[0][:first]), opening), sep)
			tail := strings.Join(append([]string{closing}, split[0][len(split[0])-rest:]...), sep)
			return joined([]part{{text: head}, k.loopIn(form, sep, l), {text: tail}}), true
		}
	}
	return nil, false
}

func beginnings(s string) []string {
	found := []string{""}
	for _, o := range openings {
		first, last := strings.Index(s, o), strings.LastIndex(s, o)
		if first >= 0 {
			found = append(found, s[:first+len(o)])
		}
		if last > first {
			found = append(found, s[:last+len(o)])
		}
	}
	return found
}

func endings(s string) []string {
	found := []string{""}
	for _, c := range closings {
		if at := strings.Index(s, c); at >= 0 {
			found = append(found, s[at:])
		}
	}
	return found
}

// form returns what an item of a list is, as parts for the member that it is about.
func (k *maker) form(split [][]string, first, rest int, opening, closing string, l listed) (form []part, ok bool) {
	fits := true
	found, ok := samples(l, len(split), func(i, at int) string {
		item := split[i][first+at]
		if at == 0 {
			var cut bool
			item, cut = strings.CutPrefix(item, opening)
			fits = fits && cut
		}
		if first+at == len(split[i])-1-rest {
			var cut bool
			item, cut = strings.CutSuffix(item, closing)
			fits = fits && cut
		}
		return item
	}, func(a, b string) bool { return a == b })
	if !ok || !fits || !k.about(l.of, found) {
		return nil, false
	}
	form, ok = l.sampled.texts(found)
	return form, ok && slices.ContainsFunc(form, func(p part) bool { return p.expr })
}

// loopIn returns the template of a list in a text.
func (k *maker) loopIn(form []part, sep string, l listed) part {
	if expr, ok := l.simple(form, sep); ok {
		return part{text: expr, expr: true}
	}
	if l.mode == all {
		return part{text: fmt.Sprintf("{{ range %s }}{{ if .Index }}%s{{ end }}%s{{ end }}", l.of.ref("Kinds"), inQuotes(sep), written(form)), raw: true}
	}
	l.of.asksOthers = true
	return part{text: fmt.Sprintf(`{{ $sep := "" }}{{ range %s }}{{ if %s }}{{ $sep }}%s{{ $sep = %q }}{{ end }}{{ end }}`, l.of.ref("Kinds"), l.mode.condition(), written(form), sep), raw: true}
}

// names returns a list that is nothing but the texts of a loop, or "".
func (t *tree) names() string {
	if t.kind != yaml.SequenceNode || len(t.items) != 1 || t.items[0].loop == nil || t.items[0].tree.kind != yaml.ScalarNode {
		return ""
	}
	one := t.items[0]
	for _, p := range one.tree.parts {
		if strings.Contains(p.text, "$") || p.raw {
			return ""
		}
	}
	expr, ok := one.loop.simple(one.tree.parts, ",")
	if !ok {
		return ""
	}
	return strings.TrimSuffix(expr, ` | join ","`)
}

// simple returns a list whose items have nothing but names and numbers from 0 or 1.
func (l listed) simple(form []part, sep string) (expr string, ok bool) {
	var format strings.Builder
	names, numbers := 0, 0
	for _, p := range form {
		switch {
		case !p.expr:
			format.WriteString(strings.ReplaceAll(p.text, "%", "%%"))
		case p.text == ".Name":
			format.WriteString("%[1]s")
			names++
		case p.text == ".Index", p.text == ".ID" && l.of.first == 0:
			format.WriteString("%[2]d")
			numbers++
		case p.text == ".ID" && l.of.first == 1:
			format.WriteString("%[3]d")
			numbers++
		default:
			return "", false
		}
	}
	if numbers > 0 && l.mode != all {
		return "", false
	}
	f := strconv.Quote(format.String())
	if numbers == 0 {
		f = strings.ReplaceAll(f, "%[1]s", "%s")
	}
	if numbers == 0 && names != 1 {
		return "", false
	}
	expr = fmt.Sprintf("$.Names %q", l.of.kind)
	switch l.mode {
	case others:
		expr = "without (" + expr + ") .Name"
	case before:
		expr = "slice (" + expr + ") 0 .Index"
	case after:
		expr = "slice (" + expr + ") (add .Index 1)"
	}
	if f != `"%s"` {
		expr += " | formatEach " + f
	}
	return expr + " | join " + strconv.Quote(sep), true
}
