package logline

import "strings"

// Entry is a parsed log line. Any text may stand before "action: ", because the services of other people write the line
// with other loggers.
type Entry struct {
	Action string
	Result string // success, fail, in_progress, or another text of the line
	Fields []Field
}

// Field is one "key: value" of a line, after the result.
type Field struct{ Key, Value string }

// Value returns the value of the first field with that key, or "".
func (e Entry) Value(key string) string {
	for _, f := range e.Fields {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}

// Parse parses a line, and reports whether the line has an action. It splits a field at its first colon, because values
// such as server:12345 have colons, too.
func Parse(line string) (Entry, bool) {
	_, rest, found := strings.Cut(line, "action:")
	if !found {
		return Entry{}, false
	}
	var e Entry
	for i, part := range strings.Split(rest, "|") {
		if i == 0 {
			e.Action = strings.TrimSpace(part)
			continue
		}
		key, value, _ := strings.Cut(part, ":")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "result" && e.Result == "" {
			e.Result = value
			continue
		}
		e.Fields = append(e.Fields, Field{key, value})
	}
	return e, e.Action != ""
}
