package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/lazy"
	"github.com/tp0-lab/composer/internal/lint"
	"github.com/tp0-lab/composer/internal/prose"
)

// Error is what is wrong with a document, at a line of it.
type Error struct {
	// Offset is where in the document, in bytes, and Line where in lines, from 1.
	Offset, Line int
	// Text is the line without the space around it, and not all of a long one.
	Text    string
	Message string
	// Place is where in the templates that was written, as file:line:column. It is
	// for the caller to find out (render.Engine.Locate).
	Place string
}

func (e *Error) Error() string {
	line := fmt.Sprintf("line %d of the document, %q", e.Line, e.Text)
	if e.Place == "" {
		return line + ": " + e.Message
	}
	return e.Place + " (" + line + "): " + e.Message
}

// refusal is an error of compose-go, and the path of keys that it names, or nil.
type refusal struct {
	message string
	path    []string
}

func (r *refusal) Error() string { return r.message }

// violation is an error of our own rules, about the value at a path of keys.
type violation struct {
	path    []string
	message string
}

func (v *violation) Error() string { return v.message }

func violationf(path []string, format string, args ...any) error {
	return &violation{path, fmt.Sprintf(format, args...)}
}

// explain says where in text it is that an error is about, and in the words of
// package lint what compose-go did not like: those have a line and a suggestion.
// It takes as long as the check did.
func explain(ctx context.Context, text []byte, err error) error {
	var (
		line, column int
		message      = err.Error()
		found        bool
	)
	if v, ok := errors.AsType[*violation](err); ok {
		line, column, found = lint.Find(text, v.path...)
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		var f lint.Finding
		if f, found = lint.Refused(ctx, text); found {
			line, column, message = f.Line, f.Column, f.Message
		} else {
			line, column, found = placeOf(r, text)
		}
	}
	if !found {
		return fmt.Errorf("check: %w", err)
	}
	return errorAt(text, offsetOf(text, line, column), message)
}

// namedService is how compose-go names the service that an error is about.
var namedService = lazy.Regexp(`\bservice "([^"]+)"`)

// placeOf returns the line and column in text of what compose-go refuses, as far as
// it says so.
func placeOf(r *refusal, text []byte) (line, column int, ok bool) {
	if name := namedService().FindStringSubmatch(r.message); name != nil {
		return lint.Find(text, "services", name[1])
	}
	for path := r.path; len(path) > 1 && !ok; path = path[:len(path)-1] {
		line, column, ok = lint.Find(text, path...)
	}
	return line, column, ok
}

// offsetOf returns the offset of a line and a column in characters.
func offsetOf(text []byte, line, column int) int {
	offset := 0
	for range line - 1 {
		next := bytes.IndexByte(text[offset:], '\n')
		if next < 0 {
			break
		}
		offset += next + 1
	}
	for range column - 1 {
		r, size := utf8.DecodeRune(text[offset:])
		if r == '\n' {
			break
		}
		offset += size
	}
	return offset
}

func errorAt(text []byte, offset int, message string) *Error {
	begin := bytes.LastIndexByte(text[:offset], '\n') + 1
	line, _, _ := bytes.Cut(text[begin:], []byte{'\n'})
	return &Error{Offset: offset, Line: bytes.Count(text[:begin], []byte{'\n'}) + 1, Text: prose.Short(string(bytes.TrimSpace(line)), 60), Message: message}
}
