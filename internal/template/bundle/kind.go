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
	// First is the ID of the first replica.
	First int
	// Before and After are the parts of a replica's name before and behind its ID.
	Before, After string
}

// idPart stands for the ID in the name of a kind's replicas.
const idPart = "{id}"

// NameOf returns the name of the replica with that ID.
func (k Kind) NameOf(id int) string { return k.Before + strconv.Itoa(id) + k.After }

// id returns the ID of the replica called name, as text.
func (k Kind) id(name string) (id string, ok bool) {
	rest, before := strings.CutPrefix(name, k.Before)
	id, after := strings.CutSuffix(rest, k.After)
	return id, before && after && id != "" && strings.Trim(id, "0123456789") == ""
}

// Last returns the ID of the last of count replicas; it is less than First if there are none.
func (k Kind) Last(count int) int { return k.First + count - 1 }

// newKind returns the kind of a row of the table. name is the name of its replicas, with or without {id}; kind is the name
// of the kind, or "" for name without {id} and without the signs beside it.
func newKind(kind, name string) (k Kind, problem string) {
	before, after, numbered := strings.Cut(name, idPart)
	k = Kind{Name: kind, Before: before, After: after}
	if kind == "" {
		k.Name = strings.TrimRight(before, "_-")
		if after != "" {
			k.Name = strings.Trim(before+after, "_-")
		}
	}
	switch {
	case strings.ContainsAny(after, "{}") || strings.ContainsAny(before, "{}"):
		return k, fmt.Sprintf("name %q: want {id} once, and no other braces", name)
	case !isKindName(k.Name):
		return k, fmt.Sprintf("kind %q: a name has lower-case letters, digits, '_' and '-'; the first is a letter, the last is no sign", k.Name)
	case !isKindName(before + "1" + after):
		return k, fmt.Sprintf("name %q: a name has lower-case letters, digits, '_', '-' and {id}; the first is a letter, the last is no sign", name)
	case before != "" && text.IsDigit(before[len(before)-1]):
		return k, fmt.Sprintf("name %q: the number would go on with the digit before it; write name: %q", name, before+"-{id}"+after)
	case after != "" && text.IsDigit(after[0]):
		return k, fmt.Sprintf("name %q: the digit behind the number would go on with it; write name: %q", name, before+"{id}-"+after)
	case !numbered && kind != "":
		return k, fmt.Sprintf("name %q: want {id} in it, for the number of the replica", name)
	}
	return k, ""
}

// sameNames reports whether a replica of k may have the name of one of other.
func (k Kind) sameNames(other Kind) bool { return k.Before == other.Before && k.After == other.After }

// maxKindName is the limit for a kind's name, in bytes: a host's name has at most 63 with the number.
const maxKindName = 50

// isKindName reports whether a kind, or a replica of it, can have that name.
func isKindName(name string) bool {
	letter := func(c byte) bool { return 'a' <= c && c <= 'z' }
	return name != "" && len(name) <= maxKindName && letter(name[0]) && strings.IndexByte("_-", name[len(name)-1]) < 0 &&
		strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

// ErrCount is wrapped by the error of SetCounts.
var ErrCount = errors.New("number of replicas")

// allKinds stands for all kinds in a text of SetCounts, unless a kind has that name.
const allKinds = "all"

// SetCounts sets Count of kinds. text is N, for the first kind, or KIND=N, or all=N, or several of those with commas.
// Limits are not checked here.
func (b *Bundle) SetCounts(text string) error {
	var seen []*Kind
	for part := range strings.SplitSeq(text, ",") {
		kind, n, err := b.parseCount(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		if kind == nil {
			for i := range b.Kinds {
				b.Kinds[i].Count, b.Kinds[i].Given = n, true
			}
			continue
		}
		if slices.Contains(seen, kind) { // such as 1,000
			return fmt.Errorf("%w %q: it says twice how many %s there are", ErrCount, text, kind.Name)
		}
		seen = append(seen, kind)
		kind.Count, kind.Given = n, true
	}
	return nil
}

// parseCount returns no kind for all of them.
func (b *Bundle) parseCount(text string) (kind *Kind, n int, err error) {
	number := text
	kind = &b.Kinds[0]
	if name, count, ok := strings.Cut(text, "="); ok {
		number = count
		if kind = b.kind(name); kind == nil && name != allKinds {
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
