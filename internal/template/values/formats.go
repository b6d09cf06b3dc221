package values

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/text"
)

// Formats are the names of the formats of files with values.
var Formats = []string{"yaml", "json", "toml", "env", "ini", "properties", "csv"}

// formatOf returns the format that the ending of a file's name stands for, or "".
func formatOf(name string) string {
	base := strings.ToLower(filepath.Base(name))
	format := strings.TrimPrefix(filepath.Ext(base), ".")
	switch {
	case strings.HasPrefix(base, ".env."): // such as .env.production
		return "env"
	case format == "yml":
		return "yaml"
	case slices.Contains(Formats, format):
		return format
	}
	return ""
}

// ParseFile reads the values of a file in the format of its ending, or in the format other if the ending names no format:
//
//	yaml, json  as Parse does; this is also the format if other is ""
//	toml        tables and arrays; dates and times are text
//	env         KEY=VALUE lines, with quotes as Compose reads them, and export before a key
//	ini         key = value lines below [sections], which are maps
//	properties  key=value or key: value lines; a dot in a key begins the key of a map
//	csv         a row of names, and rows; they are a list of maps, whose key is the file's name without ending. The
//	            separator is a comma, or a semicolon or tab if the first row has no comma
//
// All values of the last four are text. The limits are those of Parse. Its errors are *Error.
func ParseFile(name, other string, content []byte) (*Node, error) {
	p := parser{name: name}
	read, ok := map[string]func(*parser, []byte) (*Node, error){
		"env": (*parser).env, "ini": (*parser).ini, "properties": (*parser).properties, "csv": (*parser).csv, "toml": (*parser).toml,
	}[cmp.Or(formatOf(name), other)]
	switch {
	case !ok:
		return Parse(name, content)
	case len(content) > maxFile:
		return nil, p.errorf(0, 0, "", "longer than %d MiB, which no values need", maxFile>>20)
	case !utf8.Valid(content):
		return nil, &Error{[]Problem{notUTF8(name, content)}}
	}
	return read(&p, bytes.TrimPrefix(content, []byte("\ufeff")))
}

// line is a line of a text, without white space at its ends.
type line struct {
	number, column int
	text           string
}

// lines yields the lines that are neither empty nor a comment, which begins with one of the signs.
func lines(content []byte, signs string) (all []line) {
	for i, raw := range strings.Split(string(content), "\n") {
		trimmed := strings.TrimSpace(raw)
		if trimmed == "" || strings.IndexByte(signs, trimmed[0]) >= 0 {
			continue
		}
		all = append(all, line{i + 1, text.ColumnOf(raw, strings.Index(raw, trimmed)), trimmed})
	}
	return all
}

// put sets the value of a new key of m, which is a path of keys within maps.
func (p *parser) put(m *Node, at line, value string, path ...string) error {
	origin := p.origin(at.number, at.column)
	if err := p.count(origin, len(path)); err != nil {
		return err
	}
	for i, key := range path {
		there := m.Fields[key]
		last := i == len(path)-1
		switch {
		case key == "":
			return p.errorf(at.number, at.column, "", "want a key before the =")
		case there != nil && there.Fields == nil && !last:
			whole := strings.Join(path[:i+1], ".")
			return p.errorf(at.number, at.column, strings.Join(path, "."), "%s has a value of its own, in line %d, so it has no keys below it: rename one of the two", whole, there.Origin.Line)
		case last && there != nil && there.Fields != nil:
			return p.errorf(at.number, at.column, strings.Join(path, "."), "has keys below it, in line %d, so it has no value of its own: rename one of the two", there.Origin.Line)
		case last && there != nil:
			return p.errorf(at.number, at.column, strings.Join(path, "."), "is there already, in line %d", there.Origin.Line)
		case last:
			m.set(key, &Node{Origin: origin, Scalar: value, untyped: true})
			return nil
		case there == nil:
			there = Map(origin)
			m.set(key, there)
		}
		m = there
	}
	return nil
}

func (p *parser) env(content []byte) (*Node, error) {
	made := Map(p.origin(1, 1))
	for _, l := range lines(content, "#") {
		key, value, ok := strings.Cut(l.text, "=")
		if !ok {
			return nil, p.errorf(l.number, l.column, "", "want KEY=VALUE, and there is no = behind %q", text.Short(l.text, 40))
		}
		value = strings.TrimSpace(value)
		if value != "" && strings.IndexByte(`"'`, value[0]) >= 0 {
			unquoted, ok := unquote(value)
			if !ok {
				return nil, p.errorf(l.number, l.column, "", "the quote of the value is not closed in this line, or more than a comment is behind it")
			}
			value = unquoted
		} else if at := strings.Index(" "+value, " #"); at >= 0 {
			value = strings.TrimSpace(value[:max(at-1, 0)])
		}
		if err := p.put(made, l, value, strings.TrimSpace(strings.TrimPrefix(key, "export "))); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// unquote returns the text in the quotes with which a text begins. Only a comment may follow them.
func unquote(quoted string) (value string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(quoted); i++ {
		switch ch := quoted[i]; {
		case ch == quoted[0]:
			rest := strings.TrimSpace(quoted[i+1:])
			return b.String(), rest == "" || rest[0] == '#'
		case ch == '\\' && quoted[0] == '"' && i+1 < len(quoted):
			i++
			switch quoted[i] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			case '"', '\\', '$':
				b.WriteByte(quoted[i])
			default:
				b.WriteString(quoted[i-1 : i+1])
			}
		default:
			b.WriteByte(ch)
		}
	}
	return "", false
}

func (p *parser) ini(content []byte) (*Node, error) {
	made := Map(p.origin(1, 1))
	var section []string
	for _, l := range lines(content, "#;") {
		if l.text[0] == '[' {
			name, ok := strings.CutSuffix(l.text[1:], "]")
			if name = strings.TrimSpace(name); !ok || name == "" {
				return nil, p.errorf(l.number, l.column, "", "want the name of a section in brackets, as in [server]")
			}
			section = []string{name}
			if there := made.Fields[name]; there == nil {
				made.set(name, Map(p.origin(l.number, l.column)))
			} else if there.Fields == nil {
				return nil, p.errorf(l.number, l.column, name, "is there already, in line %d", there.Origin.Line)
			}
			continue
		}
		at := strings.IndexAny(l.text, "=:")
		if at < 0 {
			return nil, p.errorf(l.number, l.column, "", "want key = value, or [section]")
		}
		if err := p.put(made, l, strings.TrimSpace(l.text[at+1:]), append(section, strings.TrimSpace(l.text[:at]))...); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func (p *parser) properties(content []byte) (*Node, error) {
	made := Map(p.origin(1, 1))
	all := lines(content, "#!")
	for i := 0; i < len(all); i++ {
		l := all[i]
		whole := l.text
		for strings.HasSuffix(whole, `\`) && !strings.HasSuffix(whole, `\\`) && i+1 < len(all) {
			i++ // the next line goes on with this one
			whole = whole[:len(whole)-1] + all[i].text
		}
		at := strings.IndexAny(whole, "=: \t")
		if at < 0 {
			at = len(whole)
		}
		key, value := whole[:at], strings.TrimLeft(whole[at:], " \t")
		if value != "" && strings.IndexByte("=:", value[0]) >= 0 {
			value = strings.TrimLeft(value[1:], " \t")
		}
		plain, err := strconv.Unquote(`"` + strings.ReplaceAll(value, `"`, `\"`) + `"`) // \n, \t, \\ and \u0041
		if err != nil {
			return nil, p.errorf(l.number, l.column, key, "a backslash begins no escape here: write two")
		}
		if err := p.put(made, l, plain, strings.Split(key, ".")...); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func (p *parser) csv(content []byte) (*Node, error) {
	reader := csv.NewReader(bytes.NewReader(content))
	header, _, _ := bytes.Cut(content, []byte("\n"))
	for _, separator := range ";\t" {
		if !bytes.ContainsRune(header, ',') && bytes.ContainsRune(header, separator) {
			reader.Comma = separator
			break
		}
	}
	list := &Node{Origin: p.origin(1, 1), Items: []*Node{}}
	var names []string
	for {
		row, err := reader.Read()
		if errors.Is(err, csv.ErrFieldCount) {
			number, _ := reader.FieldPos(0)
			return nil, p.errorf(number, 1, "", "%s, and the first row has %d", text.Plural(len(row), "field"), len(names))
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, p.errorf(wrong.Line, wrong.Column, "", "%s", wrong.Err)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, p.errorf(0, 0, "", "%s", err)
		}
		if names == nil {
			names = row
			continue
		}
		number, _ := reader.FieldPos(0)
		made := Map(p.origin(number, 1))
		for i, value := range row {
			n, column := reader.FieldPos(i)
			if err := p.put(made, line{number: n, column: column}, value, names[i]); err != nil {
				return nil, err
			}
		}
		list.Items = append(list.Items, made)
	}
	root := Map(p.origin(1, 1))
	root.set(strings.TrimSuffix(filepath.Base(p.name), filepath.Ext(p.name)), list)
	return root, nil
}
