package escape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Format is the kind of file that templates write. It decides how values are written.
type Format uint8

const (
	// Compose is YAML in which Compose replaces ${NAME}, so the $ of a value is doubled.
	Compose Format = iota
	// YAML is YAML that nobody interpolates: a $ stays a $.
	YAML
	// Text is any text. A value is written as it is, and quote puts it into double quotes, as JSON and TOML have them.
	Text
	// Env is a file of variables, KEY=VALUE, as Compose reads .env. A value gets quotes where Compose would otherwise
	// read another value, and its $ stays a dollar. The output of the templates has to go through EnvText.
	Env
)

// beginning is the context at the beginning of a file.
func (f Format) beginning() context {
	if f == Text || f == Env {
		return context{place: anyText}
	}
	return beginning()
}

// What is between these two bytes, which are no UTF-8, is a value in a file of variables, until EnvText has quoted it.
const envBegin, envEnd = "\xfe", "\xff"

// inEnv returns a value as it is written into a file of variables: as it is if it can stand anywhere there, else marked.
func inEnv(value any) (string, error) {
	if s, ok := value.(Structure); ok {
		return s.text, nil
	}
	c, err := contentOf(value)
	if err != nil || c.literal || strings.Trim(c.text, envSafe) == "" {
		return c.text, err
	}
	return envBegin + c.text + envEnd, nil
}

// envSafe are the characters that need no quotes in a file of variables.
const envSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,@+%="

// EnvError is an error about a value in a file of variables. Offset is that of the value in the output of the templates, in
// bytes.
type EnvError struct {
	Offset int
	Err    error
}

func (e *EnvError) Error() string { return e.Err.Error() }

// EnvText takes the output of templates in the format Env, and adds quotes where values need them. Its errors are *EnvError.
func EnvText(made []byte) ([]byte, error) {
	if !bytes.Contains(made, []byte(envBegin)) {
		return made, nil
	}
	var out, line []byte
	for rest := made; len(rest) > 0; {
		at := bytes.IndexAny(rest, "\n") // a line break, or the beginning of a value
		if begin := bytes.IndexByte(rest, envBegin[0]); begin >= 0 && (at < 0 || begin < at) {
			at = begin + bytes.IndexByte(rest[begin:], envEnd[0]) + 1
			line, rest = append(line, rest[:at]...), rest[at:]
			continue
		}
		ended := at >= 0
		if !ended {
			at = len(rest)
		}
		line, rest = append(line, rest[:at]...), rest[min(at+1, len(rest)):]
		begin := len(made) - len(rest) - len(line)
		if ended {
			begin--
		}
		text, err := envLine(string(line))
		if err != nil {
			value := bytes.IndexByte(made[begin:], envBegin[0]) // without one there is no error
			return nil, &EnvError{begin + value, err}
		}
		if out, line = append(out, text...), line[:0]; ended {
			out = append(out, '\n')
		}
	}
	return out, nil
}

// envLine writes the quotes of one line.
func envLine(line string) (string, error) {
	if !strings.Contains(line, envBegin) {
		return line, nil
	}
	bare := strings.NewReplacer(envBegin, "", envEnd, "").Replace(line)
	name, value, found := strings.Cut(line, "=")
	if strings.HasPrefix(strings.TrimSpace(line), "#") || !found || strings.Contains(name, envBegin) {
		if strings.ContainsAny(bare, "\n\r") || found && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			return "", errors.New("want KEY=VALUE: such a value can stand behind = only")
		}
		return bare, nil
	}
	parts := strings.Split(strings.ReplaceAll(strings.TrimSpace(value), envEnd, envBegin), envBegin) // text and values in turn
	var ownParts strings.Builder
	for i := 0; i < len(parts); i += 2 {
		ownParts.WriteString(parts[i])
	}
	own := ownParts.String()
	all := strings.Join(parts, "")
	quotes := fmt.Errorf("%s needs quotes, and there are some in the line: write them around all of the value", shown(parts[1]))
	switch {
	case closedBefore(parts):
		return "", quotes
	case strings.HasPrefix(parts[0], "'"):
		for i := 1; i < len(parts); i += 2 {
			if strings.ContainsAny(parts[i], "'\n\r") {
				return "", fmt.Errorf("%s has a quote or a line break, which single quotes cannot hold: write double quotes, or none", shown(parts[i]))
			}
		}
		return bare, nil
	case strings.HasPrefix(parts[0], `"`):
		return name + "=" + envDouble(parts, false), nil
	case strings.ContainsAny(own, "'\"`\\#"):
		return "", quotes
	case !strings.Contains(own, "$") && !strings.ContainsAny(all, "'\n\r"):
		return name + "='" + all + "'", nil
	}
	return name + `="` + envDouble(parts, !strings.Contains(own, "$")) + `"`, nil
}

// closedBefore reports whether the quote that begins a line's value closes before the last value in it. parts are text and
// values in turn.
func closedBefore(parts []string) bool {
	quote := parts[0][:min(1, len(parts[0]))]
	if quote != "'" && quote != `"` {
		return false
	}
	for i := 0; i < len(parts)-1; i += 2 {
		own := strings.ReplaceAll(parts[i], `\"`, "")
		if i == 0 {
			own = own[1:]
		}
		if strings.Contains(own, quote) {
			return true
		}
	}
	return false
}

// envDouble returns text and values, in turn, as they stand in double quotes. whole: the text has no $ for Compose.
func envDouble(parts []string, whole bool) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "\n", `\n`, "\r", `\r`)
	var b strings.Builder
	for i, part := range parts {
		if i%2 == 1 || whole {
			part = escape.Replace(part)
		}
		b.WriteString(part)
	}
	return b.String()
}

// inText returns a value as it is written into text.
func inText(value any) (string, error) {
	if s, ok := value.(Structure); ok {
		return s.text, nil
	}
	c, err := contentOf(value)
	if err != nil || !c.quote {
		return c.text, err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err = encoder.Encode(c.text)
	return strings.TrimSuffix(b.String(), "\n"), err
}
