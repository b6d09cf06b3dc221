package class

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/course/git"
	"github.com/tp0-lab/composer/internal/course/verify"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

var columns = []string{"name", "repo", "branches"}

// maxName bounds a name, in characters.
const maxName = 200

// table is a CSV file with a first row of names of columns.
type table struct {
	path   string
	lines  []string // for places
	rows   *csv.Reader
	header []string
	index  map[string]int // of each column
}

// separators are the characters between fields that a spreadsheet may write.
var separators = map[rune]string{',': "comma", ';': "semicolon", '\t': "tab"}

func readCSV(path string) (List, error) {
	content, err := files.Read(path, maxList)
	if err != nil {
		return List{}, fmt.Errorf("%s is %w: it cannot be read: %w", path, ErrNoClass, files.Cause(err))
	}
	if content, err = decode(path, content); err != nil {
		return List{}, err
	}
	t := table{path: path, lines: strings.Split(string(content), "\n"), rows: csv.NewReader(bytes.NewReader(content))}
	t.rows.Comma = separatorOf(content)
	t.rows.FieldsPerRecord = -1                    // an empty row may have any number
	t.rows.TrimLeadingSpace = t.rows.Comma != '\t' // with a tab as the separator it would remove empty fields
	var students []Student
	lines := make(map[string]int) // of names
	for {
		row, err := t.rows.Read()
		switch {
		case errors.Is(err, io.EOF) && len(students) == 0:
			return List{}, fmt.Errorf("%s lists no student: want a row for each, with the columns name and repo", path)
		case errors.Is(err, io.EOF):
			return List{students, t.rows.Comma}, nil
		case err != nil:
			return List{}, t.rowError(err)
		case isEmpty(row):
			continue
		case t.index == nil:
			if err := t.readHeader(row); err != nil {
				return List{}, err
			}
			continue
		case len(row) != len(t.header):
			return List{}, t.countError(len(row))
		}
		s, err := t.student(row)
		if err != nil {
			return List{}, err
		}
		if other, ok := lines[s.Name]; ok {
			return List{}, t.fieldError("name", "line %d has the name %q too: every student needs a name of their own", other, s.Name)
		}
		lines[s.Name], _ = t.rows.FieldPos(0)
		students = append(students, s)
	}
}

// decode returns the text of a file as UTF-8 without a byte order mark. The file may be UTF-8, or UTF-16 with a byte
// order mark.
func decode(path string, content []byte) ([]byte, error) {
	if bytes.HasPrefix(content, []byte{0xff, 0xfe}) || bytes.HasPrefix(content, []byte{0xfe, 0xff}) {
		return decodeUTF16(path, content)
	}
	content = bytes.TrimPrefix(content, []byte("\uFEFF"))
	at := text.FirstInvalid(content)
	if at < 0 {
		at = bytes.IndexByte(content, 0) // as in UTF-16 without a mark
	}
	if at >= 0 {
		return nil, encodingError(path, content, at)
	}
	return content, nil
}

// decodeUTF16 returns the text of a file in UTF-16 with a byte order mark. Half of a pair of surrogates becomes U+FFFD.
func decodeUTF16(path string, content []byte) ([]byte, error) {
	var order binary.ByteOrder = binary.LittleEndian
	if content[0] == 0xfe {
		order = binary.BigEndian
	}
	var units []uint16
	for at := 2; at+1 < len(content); at += 2 {
		units = append(units, order.Uint16(content[at:]))
	}
	decoded := []byte(string(utf16.Decode(units)))
	if len(content)%2 != 0 {
		return nil, encodingError(path, decoded, len(decoded))
	}
	return decoded, nil
}

func encodingError(path string, content []byte, at int) error {
	return fmt.Errorf("%s: this is no text in UTF-8: save the file as \"CSV UTF-8\"", text.PlaceAt(path, content, at))
}

// separatorOf returns the first separator in the first row that has a letter. That row has the names of the columns,
// and these contain no separator.
func separatorOf(content []byte) rune {
	for row := range strings.Lines(string(content)) {
		if !strings.ContainsFunc(row, unicode.IsLetter) {
			continue
		}
		for _, r := range row {
			if separators[r] != "" {
				return r
			}
		}
		break
	}
	return ','
}

// isEmpty reports whether a row has nothing but separators, as spreadsheets write empty rows.
func isEmpty(row []string) bool {
	return !strings.ContainsFunc(strings.Join(row, ""), func(r rune) bool { return separators[r] == "" && !unicode.IsSpace(r) })
}

// student returns the student of a row.
func (t *table) student(row []string) (Student, error) {
	cell := func(column string) string {
		if i, ok := t.index[column]; ok {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	s := Student{Name: strings.Join(strings.Fields(cell("name")), " "), Repo: cell("repo"), Branches: cell("branches")}
	if s.Repo == "" {
		return s, t.fieldError("repo", "the repository's path is missing")
	}
	if s.Name == "" {
		s.Name = filepath.Base(s.Repo)
	}
	if !isPrintable(s.Name) {
		return s, t.fieldError("name", "the name %q has a character that does not show: write the name anew", s.Name)
	}
	if utf8.RuneCountInString(s.Name) > maxName {
		return s, t.fieldError("name", "the name has more than %d characters", maxName)
	}
	if s.Branches != "" {
		if err := verify.CheckBranches(s.Branches); err != nil {
			return s, t.fieldError("branches", "%v", err)
		}
	}
	if !filepath.IsAbs(s.Repo) && !git.IsURL(s.Repo) {
		s.Repo = filepath.Join(filepath.Dir(t.path), s.Repo)
	}
	return s, nil
}

// readHeader reads the first row.
func (t *table) readHeader(row []string) error {
	t.header, t.index = row, make(map[string]int)
	for i, name := range row {
		name = strings.ToLower(strings.TrimSpace(name))
		line, column := t.rows.FieldPos(i)
		if !slices.Contains(columns, name) {
			return t.errorAt(line, column, "there is no column %q%s; the columns are %s", name, text.DidYouMean(name, columns), strings.Join(columns, ", "))
		}
		if _, twice := t.index[name]; twice {
			return t.errorAt(line, column, "the column %s is there twice", name)
		}
		t.index[name] = i
	}
	if _, ok := t.index["repo"]; !ok {
		line, column := t.rows.FieldPos(0)
		return t.errorAt(line, column, "the first row has no column repo; the columns are %s", strings.Join(columns, ", "))
	}
	return nil
}

// errorAt returns an error with a place. The place's column counts bytes from 1, as package csv does.
func (t *table) errorAt(line, column int, format string, args ...any) error {
	place := text.Place{File: t.path, Line: line, Column: text.ColumnOf(t.lines[min(line, len(t.lines))-1], column-1)}
	return fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...))
}

// fieldError returns an error about a column of the row that was read last.
func (t *table) fieldError(column, format string, args ...any) error {
	line, at := t.rows.FieldPos(t.index[column])
	return t.errorAt(line, at, format, args...)
}

// rowError adds the place to an error of the csv.Reader.
func (t *table) rowError(err error) error {
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		return t.errorAt(bad.Line, bad.Column, "%v", bad.Err)
	}
	return err
}

// countError returns an error about the number of fields of the row that was read last.
func (t *table) countError(n int) error {
	hint := ""
	if n > len(t.header) {
		hint = "; write quotes around a field that has a " + separators[t.rows.Comma]
	}
	line, _ := t.rows.FieldPos(0)
	return t.errorAt(line, 1, "want %s, which are %s, but this row has %d%s", text.Plural(len(t.header), "field"), strings.Join(t.header, ", "), n, hint)
}
