package yamltree

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/text"
)

var (
	syntaxPlace  = text.LazyRegexp(`line (\d+)(?:, column (\d+))?`)
	syntaxOffset = text.LazyRegexp(`^yaml: offset (\d+): `)
)

// Syntax returns the line and column, in characters, of an error with which
// go.yaml.in/yaml/v4 does not read a text, and what is wrong, on one line.
func Syntax(text []byte, err error) (line, column int, message string) {
	line, column = syntaxPlaceOf(text, err)
	own := bytes.Split(text, []byte{'\n'})[line-1]
	indent := own[:len(own)-len(bytes.TrimLeft(own, " \t"))]
	if tab := bytes.IndexByte(indent, '\t'); tab >= 0 {
		return line, tab + 1, "a tab indents this line; YAML wants spaces"
	}
	return line, column, syntaxMessage(err)
}

// syntaxPlaceOf returns the line and column, in characters, of an error with which
// go.yaml.in/yaml/v4 does not read a text. What has no end is where it begins, if
// the error says that, not where the text ends.
func syntaxPlaceOf(content []byte, err error) (line, column int) {
	message := err.Error()
	if offset := syntaxOffset().FindStringSubmatch(message); offset != nil {
		at, _ := strconv.Atoi(offset[1])
		place := text.PlaceAt("", content, at)
		return place.Line, place.Column
	}
	lines := bytes.Split(bytes.TrimRight(content, "\r\n"), []byte{'\n'})
	places := syntaxPlace().FindAllStringSubmatch(message, -1)
	for _, place := range slices.Backward(places) {
		line, _ = strconv.Atoi(place[1])
		column, _ = strconv.Atoi(place[2]) // not all have one
		if strings.HasPrefix(message, "yaml: while parsing ") || strings.HasSuffix(message, "<document start>") {
			line++ // the parser counts from 0, where the scanner counts from 1
		}
		if strings.Contains(message, "unknown anchor ") {
			column-- // which counts from 1 already
		}
		if line <= len(lines) {
			return max(line, 1), max(column, 1)
		}
	}
	if len(places) == 0 {
		return 1, 1
	}
	return len(lines), utf8.RuneCount(bytes.TrimRight(lines[len(lines)-1], "\r")) + 1
}

var syntaxNoise = text.LazyRegexp(`^yaml: (?:offset \d+: )?|(?: at )?(?:<unknown position>|line \d+(?:, column \d+)?)(?:: )?`)

// syntaxMessage returns what such an error says besides the place, on one line.
func syntaxMessage(err error) string {
	text := text.Line(syntaxNoise().ReplaceAllString(err.Error(), ""))
	text = strings.ReplaceAll(text, "token:", "token, ")
	for _, found := range []string{"did not find", "found ", "exceeded "} { // behind what was being done
		if before, after, ok := strings.Cut(text, found); ok && before != "" {
			return strings.TrimRight(before, ": ,") + ", " + found + after
		}
	}
	return text
}
