package escape

import (
	"errors"
	"fmt"
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
}

func (e *Error) Error() string { return e.Place.String() + ": " + e.Message }

// placeOf returns the place of a position in tree.
func (r *Rewritten) placeOf(tree *parse.Tree, pos parse.Pos) text.Place {
	return text.PlaceAt(tree.ParseName, []byte(r.texts[tree.ParseName]), int(pos))
}

func (r *Rewritten) errorAt(tree *parse.Tree, pos parse.Pos, format string, args ...any) *Error {
	return &Error{r.placeOf(tree, pos), fmt.Sprintf(format, args...)}
}

var executeMessage = text.LazyRegexp(`(?s)^template: (.+?):(\d+):(\d+): executing ".*?" at (<.*?>): (.*)$`)

// Placed returns an error of executing Template as an *Error. It returns an error without a place as it is.
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
		return &Error{place, message}
	}
	return &Error{place, expression + ": " + names.Replace(parts[5])}
}

// shown returns text as an error shows it: quoted, and cut after 40 characters.
func shown(s string) string { return strconv.Quote(text.Short(s, 40)) }
