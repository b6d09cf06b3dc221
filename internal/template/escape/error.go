package escape

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/text"
)

// Error says what is wrong with a template, or with a value at its place in a template.
type Error struct {
	Place   text.Place
	Message string
	// Replica is the name of the replica in which the value is wrong, or "".
	Replica string
}

func (e *Error) Error() string {
	message := e.Place.String() + ": " + e.Message
	if e.Replica != "" {
		message += " (in " + e.Replica + ")"
	}
	return message
}

// Errors are several errors, each at a place of its own.
type Errors []*Error

// maxShown is the largest number of errors that Errors shows as text.
const maxShown = 20

// Error returns a line for each error below a heading.
func (e Errors) Error() string {
	lines := []string{fmt.Sprintf("%d places are wrong:", len(e))}
	for i, one := range e {
		if i == maxShown {
			lines = append(lines, fmt.Sprintf("  and %d more", len(e)-i))
			break
		}
		lines = append(lines, "  "+one.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the errors.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// Join returns all, sorted by place, followed by last, as Errors; of errors at the same place it keeps the first. A
// single error is returned as an *Error. last may be nil. If last is neither nil nor an *Error, Join returns last
// alone.
func Join(all []*Error, last error) error {
	own, ok := errors.AsType[*Error](last)
	if last != nil && !ok {
		return last
	}
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *Error) int {
		return cmp.Or(strings.Compare(a.Place.File, b.Place.File), a.Place.Line-b.Place.Line, a.Place.Column-b.Place.Column)
	})
	if last != nil {
		all = append(all, own)
	}
	seen := map[text.Place]bool{}
	all = slices.DeleteFunc(all, func(e *Error) bool {
		before := seen[e.Place]
		seen[e.Place] = true
		return before
	})
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return Errors(all)
}

// Each applies f to the errors of err: to each one of the Errors, or to the *Error, that err is or wraps. It returns
// the results as Errors or as an *Error, without the wrapping. It returns any other err unchanged.
func Each(err error, f func(e Error) *Error) error {
	if several, ok := errors.AsType[Errors](err); ok {
		made := make(Errors, len(several))
		for i, one := range several {
			made[i] = f(*one)
		}
		return made
	}
	if one, ok := errors.AsType[*Error](err); ok {
		return f(*one)
	}
	return err
}

// placeOf returns the place of a position in tree.
func (r *Rewritten) placeOf(tree *parse.Tree, pos parse.Pos) text.Place {
	return text.PlaceAt(tree.ParseName, []byte(r.texts[tree.ParseName]), int(pos))
}

func (r *Rewritten) errorAt(tree *parse.Tree, pos parse.Pos, format string, args ...any) *Error {
	return &Error{Place: r.placeOf(tree, pos), Message: fmt.Sprintf(format, args...)}
}

var executeMessage = text.LazyRegexp(`(?s)^template: (.+?):(\d+):(\d+): executing ".*?" at (<.*?>): (.*)$`)

// Placed returns an error from executing Template as an *Error with its place. It returns an error without a place
// unchanged.
func (r *Rewritten) Placed(err error) error {
	if placed, ok := errors.AsType[*Error](err); ok {
		return placed
	}
	failed, ok := errors.AsType[template.ExecError](err)
	if !ok {
		return err
	}
	parts := executeMessage().FindStringSubmatch(failed.Error())
	if parts == nil {
		return err
	}
	place := text.Place{File: parts[1]}
	place.Line, _ = strconv.Atoi(parts[2])
	offset, _ := strconv.Atoi(parts[3]) // in bytes, from 0
	if lines := strings.Split(r.texts[place.File], "\n"); place.Line <= len(lines) {
		place.Column = text.ColumnOf(lines[place.Line-1], offset)
	}
	names := strings.NewReplacer("escape.Structure", "a structure (of toYaml, include or raw)", "escape.marked", "a value of quote or interpolate, which come last")
	expression := parts[4]
	if strings.HasPrefix(expression, "<"+RangeFunc) { // which no user wrote: this is the pipeline of a range
		lines := strings.SplitAfter(r.texts[place.File], "\n")
		text := strings.Join(lines[place.Line-1:], "")
		expression = "<" + actionText(text[offset:]) + ">"
	}
	if rest, ok := strings.CutPrefix(parts[5], "error calling "+joinValueFunc); ok { // nor this: the message is about a part
		_, message, _ := strings.Cut(rest, ": ")
		return &Error{Place: place, Message: message}
	}
	return &Error{Place: place, Message: expression + ": " + names.Replace(parts[5])}
}

// shown returns text as an error shows it: quoted, and cut after 40 characters.
func shown(s string) string { return strconv.Quote(text.Short(s, 40)) }
