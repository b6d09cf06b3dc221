package yamltree

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

var syntaxPlace = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`line (\d+)(?:, column (\d+))?`) })

// SyntaxError returns the line and column, in characters, of the first error of
// syntax in a text, and false if there is none.
func SyntaxError(text []byte) (line, column int, ok bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		switch err := decoder.Decode(new(yaml.Node)); {
		case errors.Is(err, io.EOF):
			return 0, 0, false
		case err != nil:
			line, column = SyntaxPlace(text, err)
			return line, column, true
		}
	}
}

// SyntaxPlace returns the line and column, in characters, of an error with which
// go.yaml.in/yaml/v4 does not read a text. What has no end is where it begins, if
// the error says that, not where the text ends.
func SyntaxPlace(text []byte, err error) (line, column int) {
	message := err.Error()
	lines := bytes.Split(bytes.TrimRight(text, "\r\n"), []byte{'\n'})
	places := syntaxPlace().FindAllStringSubmatch(message, -1)
	for _, place := range slices.Backward(places) {
		line, _ = strconv.Atoi(place[1])
		column, _ = strconv.Atoi(place[2]) // not all have one
		if strings.HasPrefix(message, "yaml: while parsing ") {
			line++ // the parser counts from 0, where the scanner counts from 1
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

var syntaxNoise = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^yaml: |(?: at )?(?:<unknown position>|line \d+(?:, column \d+)?)(?:: )?`)
})

// SyntaxMessage returns what such an error says besides the place, on one line.
func SyntaxMessage(err error) string {
	text := strings.Join(strings.Fields(syntaxNoise().ReplaceAllString(err.Error(), "")), " ")
	text = strings.ReplaceAll(text, "token:", "token, ")
	for _, found := range []string{"did not find", "found ", "exceeded "} { // behind what was being done
		if before, after, ok := strings.Cut(text, found); ok && before != "" {
			return strings.TrimRight(before, ": ,") + ", " + found + after
		}
	}
	return text
}
