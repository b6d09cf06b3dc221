package bundle

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/template/values"
)

// ErrCount is wrapped by the errors of SetCounts and Kinds about the text of SetCounts.
var ErrCount = errors.New("number of replicas")

// allKinds stands for all kinds in a text of SetCounts. No kind has that name.
const allKinds = "all"

// counts are numbers of replicas that are set together.
type counts struct {
	text  string // what SetCounts got, or "" for those of a file
	parts []countPart
}

// countPart is the number of replicas of a kind, of all kinds (allKinds), or of the first ("").
type countPart struct {
	kind   string
	n      int
	text   string
	origin values.Origin // in a file
}

// SetCounts sets Kind.Count. text is N for the first kind, KIND=N, all=N, or several of these with commas between them.
// The number for a kind with rows is the number for each row. SetCounts checks no limits. If kinds come from values,
// SetCounts accepts an unknown kind, and Kinds returns the error.
func (b *Bundle) SetCounts(text string) error {
	set := counts{text: text}
	for part := range strings.SplitSeq(text, ",") {
		one := countPart{text: strings.TrimSpace(part)}
		number := one.text
		if name, count, ok := strings.Cut(one.text, "="); ok {
			one.kind, number = name, count
		}
		var err error
		one.n, err = strconv.Atoi(number)
		switch {
		case errors.Is(err, strconv.ErrRange):
			return fmt.Errorf("%w %s: far too large", ErrCount, one.text)
		case err != nil:
			return fmt.Errorf("%w %q: want a whole number, such as 5", ErrCount, one.text)
		}
		set.parts = append(set.parts, one)
	}
	return b.set(set)
}

// AddCounts sets Kind.Count to the numbers in a file of values. The file is a map from the names of kinds to numbers,
// or a list of maps with the keys kind and count, such as a CSV file holds. The name all stands for all kinds that the
// file does not name. A later call of SetCounts replaces the numbers of the file. The error of AddCounts is a
// *values.Error.
func (b *Bundle) AddCounts(file *values.Node) error {
	var (
		set   counts
		wrong values.Error
	)
	fail := func(n *values.Node, path, format string, args ...any) {
		wrong.Problems = append(wrong.Problems, values.Problem{Origin: n.Origin, Path: path, What: fmt.Sprintf(format, args...)})
	}
	add := func(kind string, n *values.Node) {
		number, ok := wholeNumber(n)
		switch {
		case !ok:
			fail(n, kind, "want a whole number of replicas, such as 5")
		case number < 0:
			fail(n, kind, "there cannot be %d of it", number)
		}
		set.parts = append(set.parts, countPart{kind: kind, n: number, origin: n.Origin})
	}
	table := file
	if name := filepath.Base(file.Origin.File); len(file.Keys) == 1 && file.Fields[strings.TrimSuffix(name, filepath.Ext(name))].IsList() {
		table = file.Fields[file.Keys[0]]
	}
	for _, key := range table.Keys {
		add(key, table.Fields[key])
	}
	for _, row := range table.Items {
		kind, _ := row.Get("kind").Text()
		if count := row.Get("count"); kind == "" || count == nil || len(row.Keys) > 2 {
			fail(row, "", "want rows with the columns kind and count")
		} else {
			add(kind, count)
		}
	}
	rank := map[bool]int{true: -1} // all is laid below the others
	slices.SortStableFunc(set.parts, func(x, y countPart) int { return rank[x.kind == allKinds] - rank[y.kind == allKinds] })
	if len(wrong.Problems) > 0 {
		return wrong.OrNil()
	}
	return b.set(set)
}

// wholeNumber returns the number that a scalar is, or that its text says.
func wholeNumber(n *values.Node) (number int, ok bool) {
	if text, isText := n.Scalar.(string); isText {
		number, err := strconv.Atoi(text)
		return number, err == nil
	}
	number, ok = n.Scalar.(int)
	return number, ok
}

// set applies counts, now and in Kinds.
func (b *Bundle) set(c counts) error {
	b.given = append(b.given, c)
	if b.ofValues() {
		return nil
	}
	return c.apply(&b.known)
}

func (c counts) apply(kinds *Kinds) error {
	next := slices.Clone(kinds.All)
	seen := map[string]bool{}
	for _, part := range c.parts {
		name := part.kind
		if name == "" {
			name = kinds.First()
		}
		of, ok := kinds.Named(name)
		switch {
		case name == allKinds:
			of = kinds.All
		case !ok && c.text == "":
			return &values.Error{Problems: []values.Problem{{Origin: part.origin, What: kinds.unknown(name)}}}
		case !ok:
			return fmt.Errorf("%w %s: %s", ErrCount, part.text, kinds.unknown(name))
		case seen[name] && c.text != "": // such as 1,000
			return fmt.Errorf("%w %q: it has two numbers for the kind %s", ErrCount, c.text, name)
		}
		seen[name] = name != allKinds
		for i := range next {
			if slices.ContainsFunc(of, func(k Kind) bool { return k.Name == next[i].Name }) {
				next[i].Count, next[i].Given = part.n, true
			}
		}
	}
	kinds.All = next
	return nil
}
