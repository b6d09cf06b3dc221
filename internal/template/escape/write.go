package escape

import (
	"errors"
	"fmt"
	"strings"
	"text/template/parse"
	"unicode"

	"github.com/tp0-lab/composer/internal/text"
)

// site is one action of a rewritten template: how its value is to be written.
type site struct {
	tree  *parse.Tree // that pos is in
	pos   parse.Pos
	place place
	key   bool // no interpolation
	flow  bool
	// whole: the value is all of a scalar, or of a line.
	whole bool
	// For a scalar without quotes: start means that the value begins it, loose
	// that it cannot be empty, and source is the scalar as it stands in the template.
	start, loose bool
	source       string
	// For structure. glued: no space is behind the colon or dash yet; trimmed:
	// there was one. line: the value begins a line, and above is what context.open
	// is there. column: where a block would begin, -1 if it cannot in
	// this line. parent: see context.
	glued, trimmed bool
	line           bool
	above          int
	parent, column int
	more           *more
	// below: indent or nindent say how far the line is indented that the value begins.
	below bool
	// For a block scalar: its indentation, whether it is folded, whether the
	// value begins a line, whether that line may decide the indentation, and
	// whether the scalar may end behind the value and loses line breaks there.
	content             int
	folded              bool
	begins, first, ends bool
}

// more is the first of the lines of a template that go on with a structure.
type more struct {
	column int
	dash   bool
}

// write returns value as it has to be written at s.
func (s *site) write(value any) (string, error) {
	if st, ok := value.(Structure); ok && s.takesStructure() {
		return s.fit(st)
	}
	if s.below {
		return "", fmt.Errorf("only a map or a list can be indented here: use toYaml or include")
	}
	if s.place == comment {
		return s.inComment(value)
	}
	c, problem := contentOf(value)
	if problem != "" {
		return "", errors.New(problem)
	}
	if s.key && len(c.text) > maxKey {
		return "", fmt.Errorf("a key of %d bytes: YAML takes at most 1024 characters, and composer %d bytes for each value", len(c.text), maxKey)
	}
	dollars := c.text
	if !s.key && !c.interpolate {
		dollars = strings.ReplaceAll(c.text, "$", "$$")
	}
	switch {
	case s.more != nil:
		return "", errors.New(s.more.wants())
	case s.trimmed:
		own := *s
		own.glued, own.trimmed = false, false
		text, err := own.write(value)
		return " " + text, err
	case s.glued:
		return "", fmt.Errorf("there is no space before the value: put one behind the colon or dash, or the whole scalar in quotes")
	case s.whole:
		if c.literal && !s.key && !c.quote {
			return c.text, nil
		}
		if !c.quote && safePlain(dollars) {
			return dollars, nil
		}
		return quoted(dollars), nil
	case s.place == doubleQuoted:
		return strings.TrimSuffix(quoted(dollars)[1:], `"`), nil
	case s.place == singleQuoted:
		return s.inSingleQuotes(dollars)
	case s.place == block:
		return s.inBlock(dollars)
	default:
		return s.inPlain(c.text, dollars)
	}
}

// maxKey is how many bytes a value in a key may have. libyaml, and what comes
// from it, wants the colon within 1024 characters of the start of the key.
const maxKey = 256

// safePlain reports whether text, as all of a scalar, needs no quotes in any
// version of YAML: it is short, made of letters, digits and the most common
// signs, has colons only within it, and is a word, a path, or begins with a digit.
func safePlain(text string) bool {
	if text == "" || len(text) > 128 || typed(text) {
		return false
	}
	path := strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../")
	if strings.IndexByte("-+@$.", text[0]) >= 0 && !path {
		return false
	}
	for i, r := range text {
		switch {
		case r == '_' || r == '/' || r == '.' || r == '-' || r == '+' || r == '@' || r == '$':
		case r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
		case r == ':' && i > 0 && i+1 < len(text) && text[i-1] != ':':
		default:
			return false
		}
	}
	return true
}

// quoted returns text as a YAML double-quoted scalar (YAML 1.2.2, section 7.3.1).
func quoted(text string) string {
	var b strings.Builder
	b.Grow(len(text) + 2)
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// printable reports whether r may stand in YAML outside of double quotes, in
// one line: no control character, and no line break of YAML 1.1 or 1.2. A byte
// order mark may, but readers drop it.
func printable(r rune) bool {
	switch {
	case r == '\t':
		return true
	case r < ' ', r >= 0x7f && r <= 0x9f, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
		return false
	default:
		return true
	}
}

// unprintable returns the first character of text that is not printable, as
// an error names it, or "".
func unprintable(text string) string {
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r':
			return "a line break"
		case !printable(r):
			return fmt.Sprintf("the character %U", r)
		}
	}
	return ""
}

func (s *site) inSingleQuotes(text string) (string, error) {
	if bad := unprintable(text); bad != "" {
		return "", fmt.Errorf("%s has %s, which single quotes cannot hold: write the scalar in double quotes", shown(text), bad)
	}
	return strings.ReplaceAll(text, "'", "''"), nil
}

func (s *site) inComment(value any) (string, error) {
	text := fmt.Sprint(value)
	if problem := valid(text); problem != "" {
		return "", errors.New(problem)
	}
	if bad := unprintable(text); bad != "" {
		return "", fmt.Errorf("%s has %s, which cannot stand in a comment: quote it, {{ printf \"%%q\" … }}", shown(text), bad)
	}
	return text, nil
}

// inPlain writes a part of a scalar without quotes.
func (s *site) inPlain(original, text string) (string, error) {
	problem := ""
	switch {
	case original == "" && s.loose:
		problem = "an empty value cannot stand here in a scalar without quotes"
	default:
		if bad := unsafeInPlain(original, s.start); bad != "" {
			problem = fmt.Sprintf("%s has %s, which is not safe in a scalar without quotes", shown(original), bad)
		}
	}
	if problem != "" {
		return "", fmt.Errorf("%s: write %s", problem, advice(s.source))
	}
	return text, nil
}

// advice is how a scalar without quotes is written with them.
func advice(source string) string {
	hint := `"` + strings.ReplaceAll(strings.ReplaceAll(source, `\`, `\\`), `"`, `\"`) + `"`
	if name, value, ok := strings.Cut(source, "="); ok && listEntry().MatchString(source) {
		hint = fmt.Sprintf(`- %s, or %s: %s in a map`, hint, name, value)
	}
	return hint
}

var listEntry = text.LazyRegexp(`^[A-Za-z_][A-Za-z0-9_]*=\{\{[^{}]*\}\}$`)

// unsafeInPlain names the first character of text that may not stand in a
// scalar without quotes, in any context, or returns "".
func unsafeInPlain(text string, start bool) string {
	if start && strings.HasPrefix(text, "...") {
		return `a "..."` // which ends a document
	}
	runes := []rune(text)
	for i, r := range runes {
		edge := i == 0 || i == len(runes)-1
		switch {
		case r > unicode.MaxASCII && unicode.IsPrint(r):
		case r == '_' || r == '/' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
		case strings.ContainsRune("-+@%=~$;()^", r) && (i > 0 || !start):
		case r == ':' && !edge && runes[i+1] != ' ' && runes[i+1] != ':':
		case r == ' ' && !edge:
		case r == ' ':
			return "a space at its edge"
		case r == '\n' || r == '\r':
			return "a line break"
		case unicode.IsPrint(r):
			return fmt.Sprintf("a %q", r)
		default:
			return fmt.Sprintf("the character %U", r)
		}
	}
	return ""
}

// inBlock writes a part of a block scalar: lines of a value get its indentation.
func (s *site) inBlock(text string) (string, error) {
	lines := strings.Split(text, "\n")
	for _, line := range lines {
		if bad := unprintable(line); bad != "" {
			return "", fmt.Errorf("%s has %s, which a block scalar cannot hold: write it in double quotes", shown(text), bad)
		}
	}
	blank := text == "" || strings.ContainsRune(" \t\n", rune(text[0]))
	switch {
	case s.first && blank:
		return "", fmt.Errorf("%s begins with white space or is empty, and the first line of a block scalar says how far it is indented: say it in its header, as in |2", shown(text))
	case s.folded && (len(lines) > 1 || s.begins && blank):
		return "", fmt.Errorf("%s has line breaks or begins with white space, which > would change: use | or double quotes", shown(text))
	}
	if s.ends && (strings.HasSuffix(text, "\n") || s.begins && text == "") {
		return "", fmt.Errorf("%s ends with a line break or is an empty line, which a block scalar loses at its end: use |+, or double quotes", shown(text))
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", s.content)), nil
}
