package bundle

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// Kind is one kind of numbered services.
type Kind struct {
	Name string
	// Count is the number of its replicas: the one of the table until SetCounts sets another.
	Count int
}

// isKind reports whether text can be the name of a kind. It must be a valid host name that ends with a letter, so that
// a replica's name (the kind's name and a number) belongs to one replica only.
func isKind(text string) bool {
	letter := func(c byte) bool { return 'a' <= c && c <= 'z' }
	return text != "" && len(text) <= maxKind && letter(text[0]) && letter(text[len(text)-1]) &&
		strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// maxKind is the limit for the length of a kind's name, in bytes. A host name has at most 63.
const maxKind = 50

// ErrCount is wrapped by the error of SetCounts.
var ErrCount = errors.New("number of replicas")

// SetCounts sets Count of the kinds in text: N for the first kind, KIND=N for any, several with commas between them. It
// does not compare the numbers with MaxReplicas. Its errors wrap ErrCount.
func (b *Bundle) SetCounts(text string) error {
	var set []*Kind
	for part := range strings.SplitSeq(text, ",") {
		kind, n, err := b.count(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		if slices.Contains(set, kind) { // 1,000
			return fmt.Errorf("%w %q: it says twice how many %s there are", ErrCount, text, kind.Name)
		}
		set = append(set, kind)
		kind.Count = n
	}
	return nil
}

func (b *Bundle) count(text string) (kind *Kind, n int, err error) {
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
