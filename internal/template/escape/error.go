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

// Error is what is wrong with a template, or with a value at its place in one.
type Error struct {
	// Place is file:line:column, the two counted from 1, the column in bytes.
	Place   string
	Message string
}

func (e *Error) Error() string { return e.Place + ": " + e.Message }

// where returns the place of a position in the source of tree.
func where(tree *parse.Tree, pos parse.Pos) string {
	location, _ := tree.ErrorContext(&parse.TextNode{NodeType: parse.NodeText, Pos: pos})
	return fromOne(location)
}

// fromOne returns a location of text/template, which counts columns from 0,
// as people and editors count them.
func fromOne(location string) string {
	i := strings.LastIndexByte(location, ':')
	column, err := strconv.Atoi(location[i+1:])
	if err != nil {
		return location
	}
	return location[:i+1] + strconv.Itoa(column+1)
}

func errorAt(tree *parse.Tree, pos parse.Pos, format string, args ...any) *Error {
	return &Error{where(tree, pos), fmt.Sprintf(format, args...)}
}

var executeMessage = text.LazyRegexp(`(?s)^template: (.+?:\d+:\d+): executing ".*?" at (<.*?>): (.*)$`)

// Placed returns what went wrong in an execution as an *Error, if err says where.
func Placed(err error) error {
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
	message := strings.NewReplacer("escape.Structure", "a structure (of toYaml, include or raw)", "escape.marked", "what quote or interpolate makes, which comes last").Replace(parts[3])
	return &Error{fromOne(parts[1]), parts[2] + ": " + message}
}

// shown returns text as an error shows it: quoted, and not all of a long one.
func shown(s string) string {
	return strconv.Quote(text.Short(s, 40))
}
