package escape

import (
	"errors"
	"fmt"
	"strings"
	"text/template/parse"
	"unicode"

	"github.com/tp0-lab/composer/internal/text"
)

// site is an action of a rewritten template: how its value is written.
type site struct {
	tree  *parse.Tree // that pos is in
	pos   parse.Pos
	place place
	key   bool // no interpolation
	// dollars: nobody interpolates this file, so a $ is a dollar.
	dollars bool
	env     bool // it is a file of variables, see Env
	flow    bool // within brackets
	whole   bool // the value is all of a scalar, or of a line
	// In a scalar without quotes: whether the value begins it, whether it cannot be empty, and the scalar as it
	// stands in the template.
	start, loose bool
	source       string
	// For a structure: whether no space is behind the colon or dash yet, and whether one was taken away.
	glued, trimmed bool
	// line: the value begins a line, and above is context.open there. parent is context.parent. column is where
	// a map or list would begin, -1 if it cannot begin in this line.
	line                  bool
	above, parent, column int
	// more is the next line of the template, if it adds to this structure.
	more *more
	// below: indent or nindent give the indentation of the line that the value begins.
	below bool
	// In a block scalar: content is its indentation, and folded says that it began with >. begins: the value begins a
	// line. first: that line may decide the indentation. ends: the scalar may end behind the value, so that line breaks
	// at the value's end would be lost. strip: not even one of them would stay.
	content                    int
	folded                     bool
	begins, first, ends, strip bool
}

type more struct {
	column int
	dash   bool
}

// write returns value as it is written at s. Its errors have no place.
func (s *site) write(value any) (string, error) {
	if nothing, ok := value.(*Structure); ok && nothing == nil {
		value = Structure{}
	}
	if s.place == anyText {
		if s.env {
			return inEnv(value)
		}
		return inText(value)
	}
	switch st, ok := value.(Structure); {
	case ok && s.takesStructure():
		return s.fit(st)
	case s.below:
		return "", errors.New("only a map or a list can be indented here: use toYaml or include")
	case s.place == comment:
		return inComment(value)
	}
	c, err := contentOf(value)
	if err != nil {
		return "", err
	}
	if s.key && len(c.text) > maxKey {
		return "", fmt.Errorf("a key of %d bytes: YAML takes at most 1024 characters, and composer %d bytes for each value", len(c.text), maxKey)
	}
	text := c.text
	if !s.key && !s.dollars && !c.interpolate {
		text = strings.ReplaceAll(c.text, "$", "$$")
	}
	space := ""
	if s.trimmed {
		space = " "
	}
	switch {
	case s.more != nil:
		return "", s.more.wrong()
	case s.glued && !s.trimmed:
		return "", errors.New(noSpace)
	case s.whole && (c.literal && !s.key || !c.quote && safePlain(text)):
		return space + text, nil
	case s.whole:
		return space + Quoted(text), nil
	case s.place == doubleQuoted:
		return strings.TrimSuffix(Quoted(text)[1:], `"`), nil
	case s.place == singleQuoted:
		if bad := unprintable(text); bad != "" {
			return "", fmt.Errorf("%s has %s, which single quotes cannot hold: write the scalar in double quotes", shown(text), bad)
		}
		return strings.ReplaceAll(text, "'", "''"), nil
	case s.place == block:
		return s.inBlock(text)
	}
	return text, s.mayBePlain(c.text)
}

// Write returns a value as it is written at the place with that number, as WriteFunc does.
func (r *Rewritten) Write(number int, value any) (string, *Error) {
	s := &r.sites[number]
	text, err := s.write(value)
	switch {
	case errors.Is(err, errNothing):
		action := r.action(number)
		if ofList().MatchString(action) {
			err = errOfEmpty
		}
		return "", r.errorAt(s.tree, s.pos, "<%s>: %s", action, err)
	case err != nil:
		return "", r.errorAt(s.tree, s.pos, "%s", err)
	}
	return text, nil
}

// StandIn returns a text to write in place of a value that Write refused, so that the execution can go on and find
// further errors. ok is false if the place or the value is for a structure.
func (r *Rewritten) StandIn(number int, value any) (text string, ok bool) {
	if _, structure := value.(Structure); structure {
		return "", false
	}
	s := &r.sites[number]
	if s.below || s.more != nil || s.glued {
		return "", false
	}
	return "x", true
}

// maxKey is how many bytes a value in a key may have. libyaml and its descendants want the colon within 1024
// characters of the start of the key.
const maxKey = 256

// safePlain reports whether text, as all of a scalar, needs no quotes in any version of YAML: it is short, made
// of letters, digits and the most common signs, has colons only within it, and is a word, a path, or begins
// with a digit.
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
		case alphanumeric(r) || r == '_' || r == '/' || r == '.' || r == '-' || r == '+' || r == '@' || r == '$':
		case r == ':' && i > 0 && i+1 < len(text) && text[i-1] != ':':
		default:
			return false
		}
	}
	return true
}

// Quoted returns text as a YAML double-quoted scalar (YAML 1.2.2, section 7.3.1).
func Quoted(text string) string {
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

// unprintable names the first character of text that may not stand in one line of YAML outside of double
// quotes, or returns "": a control character, a line break of YAML 1.1 or 1.2, and a byte order mark, which
// may stand there but is dropped by readers.
func unprintable(text string) string {
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r':
			return "a line break"
		case r < ' ' && r != '\t', r >= 0x7f && r <= 0x9f, r == 0x2028, r == 0x2029, r == 0xfeff, r == 0xfffe, r == 0xffff:
			return fmt.Sprintf("the character %U", r)
		}
	}
	return ""
}

func inComment(value any) (string, error) {
	text := fmt.Sprint(value)
	if err := valid(text); err != nil {
		return "", err
	}
	if bad := unprintable(text); bad != "" {
		return "", fmt.Errorf("%s has %s, which cannot stand in a comment: quote it, {{ printf \"%%q\" … }}", shown(text), bad)
	}
	return text, nil
}

// mayBePlain returns an error for a text that may not be a part of the scalar without quotes at s.
func (s *site) mayBePlain(text string) error {
	if text == "" && s.loose {
		return errors.New("an empty value cannot stand here in a scalar without quotes: write " + advice(s.source))
	}
	if bad := unsafeInPlain(text, s.start, s.flow); bad != "" {
		return fmt.Errorf("%s has %s, which is not safe in a scalar without quotes: write %s", shown(text), bad, advice(s.source))
	}
	return nil
}

// advice returns a scalar without quotes as it is written in quotes. Quotes within its actions stay as they are.
func advice(source string) string {
	var in strings.Builder
	for rest := source; rest != ""; {
		text, action, found := strings.Cut(rest, "{{")
		in.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text))
		if rest = ""; found {
			action, rest, _ = strings.Cut(action, "}}")
			in.WriteString("{{" + action + "}}")
		}
	}
	hint := `"` + in.String() + `"`
	if name, value, ok := strings.Cut(source, "="); ok && listEntry().MatchString(source) {
		hint = fmt.Sprintf(`- %s, or %s: %s in a map`, hint, name, value)
	}
	return hint
}

var listEntry = text.LazyRegexp(`^[A-Za-z_][A-Za-z0-9_]*=\{\{[^{}]*\}\}$`)

// unsafeInPlain names the first character of text that may not be a part of a scalar without quotes, or returns "".
// Within a scalar that has begun nothing ends it but a colon before a space, a # behind one, the end of the line and, in
// a flow collection, a comma or a bracket (YAML 1.2.2, section 7.3.3).
func unsafeInPlain(text string, start, flow bool) string {
	if start && strings.HasPrefix(text, "...") {
		return `a "..."` // which ends a document
	}
	runes := []rune(text)
	for i, r := range runes {
		edge := i == 0 || i == len(runes)-1
		switch {
		case r > unicode.MaxASCII && unicode.IsPrint(r):
		case alphanumeric(r) || r == '_' || r == '/' || r == '.':
		case strings.ContainsRune("-+@%=~$;()^", r) && (i > 0 || !start):
		case r == ':' && !edge && runes[i+1] != ' ' && runes[i+1] != ':':
		case r == '#' && i > 0 && runes[i-1] != ' ':
		case strings.ContainsRune(",[]{}", r) && !flow && (i > 0 || !start):
		case strings.ContainsRune(`"'&*!|>?<\`+"`", r) && (i > 0 || !start):
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
	if s.ends && (strings.HasSuffix(text, "\n") || s.begins && text == "") && !s.keepsBreak(text) {
		return "", fmt.Errorf("%s ends with a line break or is an empty line, which a block scalar loses at its end: use |+, or double quotes", shown(text))
	}
	return strings.Join(lines, "\n"+strings.Repeat(" ", s.content)), nil
}

// keepsBreak reports whether a block scalar that ends with text keeps the line break at the end of text. It keeps
// exactly one, because a scalar with the header | ends with one line break. So the content of a file can be such a
// text.
func (s *site) keepsBreak(text string) bool {
	line, found := strings.CutSuffix(text, "\n")
	return found && !s.strip && !strings.HasSuffix(line, "\n") && (line != "" || !s.begins)
}
