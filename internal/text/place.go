package text

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Place is a place in a file. Line and Column count from 1, and Column counts characters, as editors do, not
// bytes. A Line of 0 is the file as a whole.
type Place struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// PlaceAt returns the place of the byte at offset of a file's content. An offset outside of content is moved
// to its nearest end.
func PlaceAt(file string, content []byte, offset int) Place {
	before := content[:min(max(offset, 0), len(content))]
	begin := bytes.LastIndexByte(before, '\n') + 1
	return Place{file, 1 + bytes.Count(before, []byte{'\n'}), ColumnOf(string(before[begin:]), len(before)-begin)}
}

// String returns file:line:column, or file alone for a Line of 0.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// OffsetOf returns the offset in content, in bytes, of a line and a column, from 1. The column counts characters. A place
// behind the end of its line is the end of the line.
func OffsetOf(content []byte, line, column int) int {
	offset := 0
	for range line - 1 {
		next := bytes.IndexByte(content[offset:], '\n')
		if next < 0 {
			break
		}
		offset += next + 1
	}
	for range column - 1 {
		r, size := utf8.DecodeRune(content[offset:])
		if r == '\n' {
			break
		}
		offset += size
	}
	return offset
}

// ColumnOf returns the column, counted from 1 in characters, of the byte at offset of a line. A byte that is
// not UTF-8 counts as a character. An offset behind the line's end is taken for that end.
func ColumnOf(line string, offset int) int {
	return 1 + utf8.RuneCountInString(line[:min(max(offset, 0), len(line))])
}

// FirstInvalid returns the offset of the first byte of content that is not UTF-8, or -1.
func FirstInvalid(content []byte) int {
	for at := 0; at < len(content); {
		r, size := utf8.DecodeRune(content[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}
