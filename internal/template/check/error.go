package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/text"
)

// Error is a mistake in a line of a document.
type Error struct {
	// Offset is the place of the mistake in the document, in bytes from 0. Line is its line, counted from 1.
	Offset, Line int
	// Text is the line without the space around it, cut after 60 characters.
	Text    string
	Message string
	// Place is the place in the templates that wrote the line, as file:line:column. Callers set it
	// (render.Engine.Locate).
	Place string
}

func (e *Error) Error() string {
	line := fmt.Sprintf("line %d of the document, %q", e.Line, e.Text)
	if e.Place == "" {
		return line + ": " + e.Message
	}
	return e.Place + " (" + line + "): " + e.Message
}

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
func explain(ctx context.Context, content []byte, err error) error {
	var (
		line, column int
		message      = err.Error()
		found        bool
	)
	if v, ok := errors.AsType[*violation](err); ok {
		line, column, found = load.Find(content, v.path...)
	}
	if r, ok := errors.AsType[*load.Error](err); ok {
		var f lint.Finding
		if f, found = refused(ctx, content); found {
			line, column, message = f.Line, f.Column, f.Message
		} else {
			line, column, message, found = r.Line, r.Column, r.Message, r.Line > 0
		}
	}
	if !found {
		return fmt.Errorf("check: %w", err)
	}
	offset := text.OffsetOf(content, line, column)
	if key, ok := emptyKey(content, offset); ok {
		offset = key
		message = strings.TrimSuffix(message, lint.NullHint) + ": there is nothing below it; write the key only where there is something, as in {{ if .Counts.KIND }}"
	}
	return errorAt(content, offset, message)
}

// emptyKey returns the offset of the key whose value would begin at the end of a line. ok is false if a value begins at
// offset.
func emptyKey(text []byte, offset int) (key int, ok bool) {
	begin := bytes.LastIndexByte(text[:offset], '\n') + 1
	line := text[begin:offset]
	if offset < len(text) && text[offset] != '\n' || !bytes.HasSuffix(line, []byte(":")) {
		return 0, false
	}
	return offset - len(bytes.TrimLeft(line, " -")), true
}

// part is one of the YAML documents in a text, behind so many lines of it.
type part struct {
	text  []byte
	above int
}

// maxParts is how many documents are gone through for the place of an error.
const maxParts = 100

// parts returns the first documents of a text, the last one with all behind it.
func parts(text []byte) []part {
	var all []part
	begin, above := 0, 0
	for _, at := range newDocument().FindAllIndex(text, maxParts) {
		if own := text[begin:at[0]]; len(bytes.TrimSpace(own)) > 0 {
			all = append(all, part{own, above})
			above += bytes.Count(own, []byte{'\n'})
			begin = at[0]
		}
	}
	return append(all, part{text[begin:], above})
}

var newDocument = text.LazyRegexp(`(?m)^---(?:\s|$)`)

// refused is lint.Refused for a text of several documents. It checks each by itself, and so finds nothing that only
// several together do wrong.
func refused(ctx context.Context, text []byte) (lint.Finding, bool) {
	all := parts(text)
	if len(all) == 1 {
		return lint.Refused(ctx, text)
	}
	for _, p := range all {
		findings, err := lint.Check(ctx, lint.Source{Text: p.text}, nil)
		if err != nil {
			break
		}
		for _, f := range findings {
			switch {
			case strings.Contains(f.Message, "neither an image"): // another may have it
			case f.Rule == "yaml-syntax", f.Rule == "duplicate-key", f.Rule == "specification":
				f.Line += p.above
				return f, true
			}
		}
	}
	return lint.Finding{}, false
}

func errorAt(raw []byte, offset int, message string) *Error {
	begin := bytes.LastIndexByte(raw[:offset], '\n') + 1
	line, _, _ := bytes.Cut(raw[begin:], []byte{'\n'})
	return &Error{Offset: offset, Line: bytes.Count(raw[:begin], []byte{'\n'}) + 1, Text: text.Short(string(bytes.TrimSpace(line)), 60), Message: message}
}
