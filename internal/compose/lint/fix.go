package lint

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// Errors of Fix and FixFile, which leave the text as it is.
var (
	ErrRefused = errors.New("the file has errors that Compose refuses; mend them first")
	ErrChanges = errors.New("mending it would change what Compose reads")
)

// edit replaces the bytes from … to of a text. The zero edit is none.
type edit struct {
	from, to int
	text     string
}

// FixFile mends the file called name and replaces it as a whole. It returns the findings that it mended, each with its
// place before it was mended. Files that cannot be read or checked are left to CheckFile.
func FixFile(ctx context.Context, name string, o *Options) (mended []Finding, err error) {
	content, err := files.Read(name, project.MaxFile)
	if err != nil {
		return nil, nil //nolint:nilerr // CheckFile says why
	}
	fixed, mended, err := Fix(ctx, Source{Name: name, Dir: filepath.Dir(name), Text: content, Base: baseOf(name)}, o)
	if err != nil || len(mended) == 0 {
		return nil, err
	}
	if _, err := files.WriteFile(name, fixed); err != nil {
		return nil, err
	}
	return mended, nil
}

// Fix returns the text of a source with its safe findings mended: it removes an obsolete version, puts quotes around
// values that Compose reads as text anyway, and removes items that a list has already. All other bytes stay. Fix loads
// the text before and after by compose-go, and leaves out each change that would alter the project. Its errors are
// those of Check and, if nothing was mended, ErrRefused for a text that compose-go refuses even with all changes, or
// ErrChanges if each change would alter the project. Fix splits groups of changes at most 100 times to find those that
// alter the project; then it leaves out each group in which one is.
func Fix(ctx context.Context, s Source, o *Options) (fixed []byte, mended []Finding, err error) {
	splits := 100     // of changes that alter the project, in all rounds: each loads the project several times
	const most = 1000 // rounds: one has at most maxFound findings of a severity, or those for which compose-go refuses the text
	for range most {
		found, err := Check(ctx, s, o)
		if err != nil {
			return nil, nil, err
		}
		found = slices.DeleteFunc(found, func(f Finding) bool { return f.edit == edit{} || f.File != s.Name })
		if len(found) == 0 {
			break
		}
		next, done, err := mendSafely(ctx, s.Text, found, &splits)
		switch {
		case err != nil && len(mended) == 0:
			return s.Text, nil, err
		case err != nil:
			return s.Text, mended, nil // the rounds before were right
		}
		s.Text, mended = next, append(mended, done...)
	}
	return s.Text, mended, nil
}

// mendSafely applies the edits of findings. If they change what Compose reads, mendSafely tries each half of them, and
// halves of a half that still does, and leaves out the edits that do it alone. It splits at most *splits times, counts
// that down, and then leaves out the rest. If compose-go refuses content, it applies only edits that can make compose-go
// take it.
func mendSafely(ctx context.Context, content []byte, found []Finding, splits *int) (fixed []byte, mended []Finding, err error) {
	before := readings(ctx, content)
	if before.refused() { // what it refuses comes first: the next round can compare the rest
		found = slices.DeleteFunc(slices.Clone(found), func(f Finding) bool { return f.Rule != "specification" && f.Rule != "obsolete-version" })
		if fixed = applyEdits(content, found); readings(ctx, fixed).refused() {
			return content, nil, ErrRefused
		}
		return fixed, found, nil
	}
	var try func(some []Finding)
	try = func(some []Finding) {
		all := slices.Concat(mended, some)
		switch half := len(some) / 2; {
		case ctx.Err() != nil:
		case before.same(readings(ctx, applyEdits(content, all))):
			mended = all
		case half > 0 && *splits > 0:
			*splits--
			try(some[:half])
			try(some[half:])
		}
	}
	try(found)
	if len(mended) == 0 {
		return content, nil, ErrChanges
	}
	return applyEdits(content, mended), mended, nil
}

// applyEdits returns content with the edits of findings. If two edits overlap, the later one is left out.
func applyEdits(content []byte, found []Finding) []byte {
	edits := make([]edit, len(found))
	for i, f := range found {
		edits[i] = f.edit
	}
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	var out []byte
	at := 0
	for _, e := range edits {
		if e.from < at {
			continue
		}
		out = append(append(out, content[at:e.from]...), e.text...)
		at = e.to
	}
	return append(out, content[at:]...)
}

// reading is the project that compose-go makes of a text in an environment, or nil if it refuses the text.
type reading []any

// readings returns two readings: one with no variable set, and one in which all are 1. Other files, and names that are
// not defined, do not matter.
func readings(ctx context.Context, content []byte) reading {
	set := map[string]string{}
	for _, name := range variable().FindAllSubmatch(content, -1) {
		set[string(name[1])] = "1"
	}
	var all reading
	for _, environment := range []map[string]string{nil, set} {
		project, err := load.Load(ctx, content, load.Options{Environment: environment, Profiles: []string{"*"}, Project: "unnamed", Alone: true})
		if err != nil {
			all = append(all, nil)
			continue
		}
		project.Extensions = nil // x-… at the top, which Compose does not run
		all = append(all, project)
	}
	return all
}

var variable = text.LazyRegexp(`\$\{?([a-zA-Z_][a-zA-Z0-9_]*)`)

// same reports whether Compose, which takes the first of two texts, reads the same from both.
func (before reading) same(after reading) bool {
	for i := range before {
		if before[i] != nil && !reflect.DeepEqual(before[i], after[i]) {
			return false
		}
	}
	return true
}

func (before reading) refused() bool {
	return !slices.ContainsFunc(before, func(project any) bool { return project != nil })
}

// reportWithEdit reports that a rule is broken, with the edit that mends it.
func (d *document) reportWithEdit(rule string, at *yaml.Node, e edit, format string, args ...any) {
	if f := d.report(rule, at, format, args...); f != nil {
		f.edit = e
	}
}

const byteOrderMark = "\ufeff"

// offset returns the offset in bytes of a node, or -1 for a text with line breaks that other programs do not know.
func (d *document) offset(n *yaml.Node) int {
	if d.starts == nil {
		d.starts = []int{0}
		if bytes.HasPrefix(d.Text, []byte(byteOrderMark)) {
			d.starts[0] = len(byteOrderMark)
		}
		for i, c := range d.Text {
			if c == '\n' {
				d.starts = append(d.starts, i+1)
			}
		}
		if bytes.ContainsAny(d.Text, "\u0085\u2028\u2029") || bytes.Count(d.Text, []byte("\r")) != bytes.Count(d.Text, []byte("\r\n")) {
			d.starts = []int{}
		}
	}
	if n.Line < 1 || n.Line > len(d.starts) {
		return -1
	}
	at := d.starts[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(d.Text[at:])
		at += size
	}
	return at
}

// span returns the offsets at which a scalar begins and ends. It returns false for one with an anchor or a tag, and for
// one of more than a line.
func (d *document) span(n *yaml.Node) (from, to int, ok bool) {
	from = d.offset(n)
	if from < 0 || n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style&(yaml.TaggedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return 0, 0, false
	}
	line := d.Text[from:]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	if isPlain(n) {
		return from, from + len(n.Value), bytes.HasPrefix(line, []byte(n.Value))
	}
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && line[0] == '"', line[i] == '\'' && line[0] == '\'' && i+1 < len(line) && line[i+1] == '\'':
			i++
		case line[i] == line[0]:
			return from, from + i + 1, line[0] == '"' || line[0] == '\''
		}
	}
	return 0, 0, false
}

// quoted returns the edit that puts quotes around a plain scalar.
func (d *document) quoted(n *yaml.Node) edit {
	from, to, ok := d.span(n)
	if !ok || !isPlain(n) || strings.ContainsAny(n.Value, "\"\\") {
		return edit{}
	}
	return edit{from, to, `"` + n.Value + `"`}
}

// withoutItem returns the edit that takes an item out of a list.
func (d *document) withoutItem(list *yaml.Node, index int) edit {
	from, to, ok := d.span(list.Content[index])
	if !ok {
		return edit{}
	}
	if list.Style&yaml.FlowStyle != 0 {
		return d.cutFromFlow(from, to)
	}
	dash := bytes.LastIndexByte(d.Text[:from], '-')
	if dash < 0 || len(bytes.Trim(d.Text[dash+1:from], " \t")) > 0 {
		return edit{}
	}
	return d.cutLine(dash, to)
}

// withoutKey returns the edit that takes a key and its scalar out of the mapping at the root.
func (d *document) withoutKey(name string) edit {
	content := d.root.Content
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Value != name || len(content) == 2 {
			continue
		}
		from, end, ok := d.span(content[i])
		begin, to, single := d.span(content[i+1])
		if !ok || !single || begin < end || strings.Trim(string(d.Text[end:begin]), " \t") != ":" {
			return edit{}
		}
		if d.root.Style&yaml.FlowStyle != 0 {
			return d.cutFromFlow(from, to)
		}
		return d.cutLine(from, to)
	}
	return edit{}
}

// cutLine returns the edit that removes a line that has nothing but from … to. A comment behind it stays.
func (d *document) cutLine(from, to int) edit {
	begin := bytes.LastIndexByte(d.Text[:from], '\n') + 1
	end := len(d.Text)
	if i := bytes.IndexByte(d.Text[to:], '\n'); i >= 0 {
		end = to + i + 1
	}
	before := bytes.TrimPrefix(d.Text[begin:from], []byte(byteOrderMark))
	rest := bytes.TrimLeft(d.Text[to:end], " \t")
	switch {
	case len(bytes.Trim(before, " \t")) > 0:
		return edit{}
	case len(bytes.TrimRight(rest, "\r\n")) == 0:
		return edit{from - len(before), end, ""}
	case rest[0] == '#':
		return edit{from, end - len(rest), ""}
	}
	return edit{}
}

// cutFromFlow returns the edit that takes an entry out of a list or mapping in brackets, with the comma before it or, for
// the first one, the comma behind it. The line goes with it if nothing else is in it.
func (d *document) cutFromFlow(from, to int) edit {
	before := bytes.TrimRight(d.Text[:from], " \t\r\n")
	line := d.Text[bytes.LastIndexByte(before, '\n')+1 : len(before)]
	if bytes.HasSuffix(before, []byte(",")) && !bytes.ContainsRune(line, '#') { // in a comment, it is none
		return edit{len(before) - 1, to, ""}
	}
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(d.Text[to:], " \t"), []byte(","))
	if !ok {
		return edit{}
	}
	to = len(d.Text) - len(rest)
	if line := d.cutLine(from, to); line != (edit{}) {
		return line
	}
	return edit{from, len(d.Text) - len(bytes.TrimLeft(rest, " \t")), ""}
}
