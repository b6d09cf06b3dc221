package logline

import "strings"

// Entry is a log line of the lab's format, read. Other people's services write it with other loggers, so what stands
// before "action: " may be anything.
type Entry struct {
	Action string
	Result string // success, fail or in_progress, as written
	Fields []Field
}

// Field is a part of a line behind its result.
type Field struct{ Key, Value string }

// Value returns the value of the first field of that key, "" if there is none.
func (e Entry) Value(key string) string {
	for _, f := range e.Fields {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}

// Parse reads a line, and reports whether it is one of the format at all: it has an action. A field is split at its
// first colon, since values such as server:12345 have their own.
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
