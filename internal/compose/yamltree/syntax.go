package yamltree

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/text"
)

// DescribeSyntaxError returns the line and column of an error that package go.yaml.in/yaml/v4 returned for a text, and
// a message on one line without the place. The column counts characters.
func DescribeSyntaxError(content []byte, err error) (line, column int, message string) {
	line, column = syntaxErrorPlace(content, err)
	own := bytes.Split(content, []byte{'\n'})[line-1]
	indent := own[:len(own)-len(bytes.TrimLeft(own, " \t"))]
	if tab := bytes.IndexByte(indent, '\t'); tab >= 0 {
		return line, tab + 1, "a tab indents this line; YAML wants spaces"
	}
	if at := bytes.IndexByte(own, '\t'); at >= 0 && utf8.RuneCount(own[:at])+1 == column {
		return line, column, "a tab is here; YAML wants spaces"
	}
	return line, column, syntaxErrorMessage(err)
}

var (
	linePlace   = text.LazyRegexp(`line (\d+)(?:, column (\d+))?`)
	offsetPlace = text.LazyRegexp(`^yaml: offset (\d+): `)
)

// syntaxErrorPlace returns the last place in the message that is within the content. For a value without an end, the
// last place is behind the content, and the place before it is where the value begins.
func syntaxErrorPlace(content []byte, err error) (line, column int) {
	message := err.Error()
	if offset := offsetPlace().FindStringSubmatch(message); offset != nil {
		at, _ := strconv.Atoi(offset[1])
		place := text.PlaceAt("", content, at)
		return place.Line, place.Column
	}
	lines := bytes.Split(bytes.TrimRight(content, "\r\n"), []byte{'\n'})
	places := linePlace().FindAllStringSubmatch(message, -1)
	for _, place := range slices.Backward(places) {
		line, _ = strconv.Atoi(place[1])
		column, _ = strconv.Atoi(place[2]) // 0 if there is none
		if strings.HasPrefix(message, "yaml: while parsing ") || strings.HasSuffix(message, "<document start>") {
			line++ // the parser counts from 0, the scanner from 1
		}
		if strings.Contains(message, "unknown anchor ") {
			column-- // this message counts from 2
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

var anyPlace = text.LazyRegexp(`^yaml: (?:offset \d+: )?|(?: at )?(?:<unknown position>|line \d+(?:, column \d+)?)(?:: )?`)

func syntaxErrorMessage(err error) string {
	message := text.Line(anyPlace().ReplaceAllString(err.Error(), ""))
	message = strings.ReplaceAll(message, "token:", "token, ")
	for _, found := range []string{"did not find", "found ", "exceeded "} { // comes after what the parser was doing
		if before, after, ok := strings.Cut(message, found); ok && before != "" {
			return strings.TrimRight(before, ": ,") + ", " + found + after
		}
	}
	return message
}
