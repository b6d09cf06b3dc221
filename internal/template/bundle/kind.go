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
	// Count is how many there are of it when nobody says.
	Count int
}

// isKind reports whether text can be a kind's name: it is one that a host may have. It ends with no digit, so
// that a replica's name, which is the kind's and a number, is that of one only.
func isKind(text string) bool {
	letter := func(c byte) bool { return 'a' <= c && c <= 'z' }
	return text != "" && len(text) <= maxKind && letter(text[0]) && letter(text[len(text)-1]) &&
		strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// maxKind is how long a kind's name may be, in bytes. A host's name takes 63.
const maxKind = 50

// ErrCount is wrapped by the error of SetCounts.
var ErrCount = errors.New("number of replicas")

// SetCounts reads N, the number of replicas of the first kind, or KIND=N, or several
// of those with commas. Whether there can be so many is for others to say.
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
