package vars

import (
	"strings"
)

// MaxNested is the limit for variables nested in the arguments of others. Deeper variables are read as text, and
// package load refuses a file that has one.
const MaxNested = 50

// Variable is a variable in a text: $NAME, or ${NAME operator argument}.
type Variable struct {
	Name string
	// Operator is :-, -, :?, ?, :+ or +, or "".
	Operator string
	// At is the offset of the dollar in the text, in bytes.
	At int

	argument []part
	broken   bool // it begins like a variable, and Compose cannot read it
	deep     bool // MaxNested others are around it
	reach    int  // bytes that compose-go looks at for its end
}

// part is a stretch of a text: a variable, or literal text if variable is nil.
type part struct {
	literal  string
	variable *Variable
}

// parse splits text, which begins at an offset of a longer text, as package template of compose-go reads it. It takes
// time in proportion to the length of text.
func parse(text string, at, nested int) []part {
	var parts []part
	begin, lineEnd, lastBrace := 0, -1, -1
	for i := 0; i < len(text); {
		if text[i] != '$' || i+1 == len(text) {
			i++
			continue
		}
		if i >= lineEnd { // a variable with an argument ends in its line
			lineEnd = len(text)
			if end := strings.IndexByte(text[i:], '\n'); end >= 0 {
				lineEnd = i + end
			}
			lastBrace = strings.LastIndexByte(text[:lineEnd], '}')
		}
		v, length := variable(text[i:lineEnd], lastBrace-i, at+i, nested)
		switch {
		case length > 0:
			parts = append(parts, part{literal: text[begin:i]}, part{variable: v})
			i += length
			begin = i
		case text[i+1] == '$':
			parts = append(parts, part{literal: text[begin : i+1]})
			i += 2
			begin = i
		default:
			i++
		}
	}
	return append(parts, part{literal: text[begin:]})
}

// variable reads the variable that text begins with, and returns its length, or 0 if text begins with none.
// lastBrace is the offset of the last closing brace of text.
func variable(text string, lastBrace, at, nested int) (v *Variable, length int) {
	after, braced := strings.CutPrefix(text[1:], "{")
	v = &Variable{Name: nameAt(after), At: at}
	switch {
	case !braced && v.Name == "":
		return nil, 0
	case !braced:
		return v, 1 + len(v.Name)
	}
	if nested >= MaxNested {
		v.deep = true
		return v, len("${")
	}
	begin := len("${") + len(v.Name)
	v.Operator = operatorAt(text[begin:])
	switch {
	case v.Name != "" && strings.HasPrefix(text[begin:], "}"):
		return v, begin + 1
	case v.Name == "" || v.Operator == "" || lastBrace < begin+len(v.Operator):
		v.broken, v.reach = true, len(text)
		return v, len("${")
	}
	begin += len(v.Operator)
	v.reach = lastBrace
	end := closingBrace(text[:lastBrace+1])
	if end < 0 {
		end = lastBrace
	}
	v.argument = parse(text[begin:end], at+begin, nested+1)
	return v, end + 1
}

// closingBrace returns the offset of the brace that closes the first one, or -1. As in compose-go, a byte behind an
// opening brace does not count.
func closingBrace(text string) int {
	open := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '}':
			if open--; open == 0 {
				return i
			}
		case '{':
			open++
			i++
		}
	}
	return -1
}

func nameAt(text string) string {
	end := 0
	for end < len(text) && (isLetter(text[end]) || end > 0 && '0' <= text[end] && text[end] <= '9') {
		end++
	}
	return text[:end]
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func operatorAt(text string) string {
	for _, operator := range []string{":-", "-", ":?", "?", ":+", "+"} {
		if strings.HasPrefix(text, operator) {
			return operator
		}
	}
	return ""
}
