package bundle

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// Kind is a kind of numbered services, the replicas.
type Kind struct {
	Name string
	// Count is the number of its replicas.
	Count int
	// Given reports that SetCounts or AddCounts set Count.
	Given bool
	// FromValues reports that the kind or its count comes from values, so that it may differ in another stage.
	FromValues bool
	// Table is the name of the kind with rows that Row belongs to, or "".
	Table string
	Row   *values.Node
	// First is the ID of the first replica.
	First int
	// Before and After are the parts of a replica's name before and behind its ID.
	Before, After string
	// Width is the least number of digits of the ID in a name. A shorter ID gets leading zeros.
	Width int
}

// idPart stands for the ID in the name of a kind's replicas.
const idPart = "{id}"

// NameOf returns the name of the replica with that ID.
func (k Kind) NameOf(id int) string {
	number := strconv.Itoa(id)
	if missing := k.Width - len(number); missing > 0 {
		number = strings.Repeat("0", missing) + number
	}
	return k.Before + number + k.After
}

// id returns the ID of the replica called name, as text.
func (k Kind) id(name string) (id string, ok bool) {
	rest, before := strings.CutPrefix(name, k.Before)
	id, after := strings.CutSuffix(rest, k.After)
	ok = before && after && id != "" && strings.Trim(id, "0123456789") == ""
	switch {
	case ok && len(id) < k.Width:
		return "", false
	case ok && k.Width > 1 && len(id) == k.Width: // without the zeros that fill it
		id = cmp.Or(strings.TrimLeft(id, "0"), "0")
	}
	return id, ok
}

// Last returns the ID of the last of count replicas; it is less than First if there are none.
func (k Kind) Last(count int) int { return k.First + count - 1 }

// nameFields returns the fields of rows that stand in a name, in their order.
func nameFields(name string) (fields []string) {
	for part := range strings.SplitSeq(name, "{") {
		if field, _, closed := strings.Cut(part, "}"); closed && field != "id" && !strings.HasPrefix(field, "id:") {
			fields = append(fields, field)
		}
	}
	return fields
}

// paddedID matches an ID with a number of digits in a name.
var paddedID = text.LazyRegexp(`\{id:([1-9])\}`)

// newKind returns the kind of a row of the table. name is the name of its replicas, with {id}, {id:2} or none, or "" for that of
// the kind; kind is the name of the kind, or "" for name without {id} and without the signs beside it.
func newKind(kind, name string) (k Kind, problem string) {
	if name == "" {
		kind, name = "", kind
	}
	before, after, numbered := strings.Cut(name, idPart)
	width := 0
	if at := paddedID().FindStringSubmatchIndex(name); at != nil && !numbered {
		before, after, numbered = name[:at[0]], name[at[1]:], true
		width = int(name[at[2]] - '0')
	}
	k = Kind{Name: kind, Before: before, After: after, Width: width}
	if kind == "" {
		k.Name = strings.TrimRight(before, "_-")
		if after != "" {
			k.Name = strings.Trim(before+after, "_-")
		}
	}
	switch {
	case strings.ContainsAny(after, "{}") || strings.ContainsAny(before, "{}"):
		if fields := nameFields(name); len(fields) > 0 {
			return k, fmt.Sprintf("name %q: {%s} is a field of rows, and this kind has no rows%s", name, fields[0], text.Suggestion(fields[0], []string{"id"}))
		}
		return k, fmt.Sprintf("name %q: want {id} once, or {id:2} with a number of digits from 1 to 9, and no other braces", name)
	case k.Name == allKinds:
		return k, fmt.Sprintf("kind %q: -n all=N is the number of every kind; give this one another name", k.Name)
	case !isKindName(k.Name):
		return k, fmt.Sprintf("kind %q: a name has lower-case letters, digits, '_' and '-'; the first is a letter, the last is no sign", k.Name)
	case !isKindName(before+"1"+strings.TrimRight(after, "_-")) || len(name) > maxKindName:
		return k, fmt.Sprintf("name %q: a name has lower-case letters, digits, '_', '-' and {id}; the first is a letter", name)
	case before != "" && text.IsDigit(before[len(before)-1]):
		instead := before + "-{id}"
		if zeros := len(before) - len(strings.TrimRight(before, "0")); zeros > 0 && zeros < 9 && !text.IsDigit(before[len(before)-zeros-1]) {
			instead = fmt.Sprintf("%s{id:%d}", before[:len(before)-zeros], zeros+1)
		}
		return k, fmt.Sprintf("name %q: the number would go on with the digit before it; write name: %q", name, instead+after)
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
