package config

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/text"
)

// iniSection is the section of an INI file that a service reads.
const iniSection = "DEFAULT"

// parseINI reads the section DEFAULT of a file. A key is the name of a variable, in any case. Keys of other sections are
// in the layer, too, but only Unknown looks at them.
//
// The form is that of Python's configparser without its extras: "key = value" or "key: value", and comments on lines of
// their own, with # or ;. There are no continued lines, no interpolation and no comments behind a value.
//
// An error in the form of the file is Findings, and the layer has the rest.
func parseINI(path string, content []byte) (Layer, error) {
	layer := Layer{}
	var errs Findings
	section := ""
	n := 0
	for line := range strings.Lines(strings.TrimPrefix(string(content), "\ufeff")) {
		n++
		columnOf := func(end string) int { return text.ColumnOf(line, len(line)-len(end)) }
		whole := strings.TrimLeftFunc(line, unicode.IsSpace)
		fail := func(format string, args ...any) {
			errs = append(errs, Finding{File: path, Line: n, Column: columnOf(whole), Reason: fmt.Sprintf(format, args...)})
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
			if strings.Contains(strings.ToUpper(stripped), "SECRET") {
				stripped = secret.Redacted // a key and its value without the = between them
			}
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
			Line: n, Column: columnOf(value), KeyLine: n, KeyColumn: columnOf(whole),
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
