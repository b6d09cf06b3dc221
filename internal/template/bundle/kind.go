package bundle

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// Kind is a kind of numbered services, the replicas.
type Kind struct {
	Name string
	// Count is the number of its replicas.
	Count int
	// Given reports that SetCounts set Count.
	Given bool
}

// maxKindName is the limit for a kind's name, in bytes: a host's name has at most 63 with the number.
const maxKindName = 50

// isKindName reports whether a kind can have that name. A replica's name is the kind's name and a number, so
// the kind's name must not end with a digit.
func isKindName(name string) bool {
	letter := func(c byte) bool { return 'a' <= c && c <= 'z' }
	return name != "" && len(name) <= maxKindName && letter(name[0]) && letter(name[len(name)-1]) &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// ErrCount is wrapped by the error of SetCounts.
var ErrCount = errors.New("number of replicas")

// SetCounts sets Count of kinds. text is N, for the first kind, or KIND=N, or several of those with commas. Limits
// are not checked here.
func (b *Bundle) SetCounts(text string) error {
	var seen []*Kind
	for part := range strings.SplitSeq(text, ",") {
		kind, n, err := b.parseCount(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		if slices.Contains(seen, kind) { // such as 1,000
			return fmt.Errorf("%w %q: it says twice how many %s there are", ErrCount, text, kind.Name)
		}
		seen = append(seen, kind)
		kind.Count, kind.Given = n, true
	}
	return nil
}

func (b *Bundle) parseCount(text string) (kind *Kind, n int, err error) {
	number := text
	kind = &b.Kinds[0]
	if name, count, ok := strings.Cut(text, "="); ok {
		number = count
		if kind = b.kind(name); kind == nil {
			return nil, 0, fmt.Errorf("%w %s: %s", ErrCount, text, b.unknownKind(name))
		}
	}
	n, err = strconv.Atoi(number)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return nil, 0, fmt.Errorf("%w %s: far too large", ErrCount, text)
	case err != nil:
		return nil, 0, fmt.Errorf("%w %q: want a whole number, such as 5", ErrCount, text)
	}
	return kind, n, nil
}

func (b *Bundle) kind(name string) *Kind {
	for i := range b.Kinds {
		if b.Kinds[i].Name == name {
			return &b.Kinds[i]
		}
	}
	return nil
}

func (b *Bundle) unknownKind(name string) string {
	names := make([]string, len(b.Kinds))
	for i, k := range b.Kinds {
		names[i] = k.Name
	}
	if near := text.Nearest(name, names); near != "" {
		return fmt.Sprintf("unknown kind %q, did you mean %s?", name, near)
	}
	return fmt.Sprintf("unknown kind %q: have %s", name, strings.Join(names, ", "))
}
