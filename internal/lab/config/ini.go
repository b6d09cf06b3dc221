package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// iniSection is the one section of an INI file that is read.
const iniSection = "DEFAULT"

// INIFile reads the section DEFAULT of a file as Python's configparser does
// without its extras: "key = value" or "key: value", whole-line comments with
// # or ;, keys and the section's name in any case. There are no continued
// lines, no interpolation and no comments behind a value. A key is the
// variable's name; keys of other sections are there to be warned about (see
// Unknown). A file that is missing is an empty layer. The error is FileErrors if
// it is about the form of the file, and the layer has the rest.
func INIFile(path string) (Layer, error) {
	text, err := readFile(path)
	if err != nil || text == nil {
		return Layer{}, err
	}
	return parseINI(path, text)
}

func parseINI(path string, text []byte) (Layer, error) {
	layer := Layer{}
	var errs FileErrors
	section := ""
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		n++
		column := func(part string) int { // where part, the end of the line, begins
			return 1 + utf8.RuneCountInString(line[:len(line)-len(part)])
		}
		whole := strings.TrimLeftFunc(line, unicode.IsSpace)
		fail := func(format string, args ...any) {
			errs = append(errs, FileError{path, n, column(whole), fmt.Sprintf(format, args...)})
		}
		stripped := strings.TrimSpace(line)
		if len(errs) == maxErrors {
			break
		}
		if stripped == "" || stripped[0] == '#' || stripped[0] == ';' {
			continue
		}
		if end := strings.LastIndexByte(stripped, ']'); stripped[0] == '[' && end > 0 {
			section = strings.ToUpper(strings.TrimSpace(stripped[1:end]))
			continue
		}
		at := strings.IndexAny(stripped, "=:")
		if at <= 0 || stripped[0] == '[' {
			fail("want `KEY = value`, a [SECTION] or a # comment, not %.200q", stripped)
			continue
		}
		if section == "" {
			fail("a key before the line [%s]", iniSection)
			continue
		}
		key := strings.TrimSpace(stripped[:at])
		value := strings.TrimLeftFunc(whole[at+1:], unicode.IsSpace)
		v := Value{
			Text: strings.TrimSpace(value), Key: key, File: path,
			Line: n, Column: column(value), KeyLine: n, KeyColumn: column(whole),
		}
		if v.Text == "" {
			v.Column = v.KeyColumn
		}
		variable := strings.ToUpper(key)
		if section != iniSection {
			v.Section = section
			variable = "[" + section + "] " + variable
		}
		if first, ok := layer[variable]; ok {
			fail("%s is there already, in line %d", key, first.Line)
			continue
		}
		layer[variable] = v
	}
	if len(errs) > 0 {
		return layer, errs
	}
	return layer, nil
}
