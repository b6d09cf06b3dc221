package logline

import (
	"fmt"
	"log/slog"
	"strings"
)

// LevelCritical is the level above slog.LevelError: the program cannot go on.
const LevelCritical = slog.Level(12)

// Level is a log level under the name that Python's logging module gives it (DEBUG, INFO, WARNING, ERROR, CRITICAL).
type Level slog.Level

var levelNames = []struct {
	name  string
	level slog.Level
}{
	{"DEBUG", slog.LevelDebug},
	{"INFO", slog.LevelInfo},
	{"WARNING", slog.LevelWarn},
	{"ERROR", slog.LevelError},
	{"CRITICAL", LevelCritical},
}

// UnmarshalText reads a level's name, in any case. It returns an error that lists the names if text is none of them.
func (l *Level) UnmarshalText(text []byte) error {
	for _, n := range levelNames {
		if strings.EqualFold(n.name, string(text)) {
			*l = Level(n.level)
			return nil
		}
	}
	return fmt.Errorf("unknown level %q: have DEBUG, INFO, WARNING, ERROR, CRITICAL", text)
}

// Choices returns the names of all levels.
func (Level) Choices() []string {
	names := make([]string, len(levelNames))
	for i, n := range levelNames {
		names[i] = n.name
	}
	return names
}

// MarshalText returns the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Level makes a Level a slog.Leveler.
func (l Level) Level() slog.Level { return slog.Level(l) }

// String returns the name of the highest named level that is not above l, or DEBUG if there is none.
func (l Level) String() string {
	name := levelNames[0].name
	for _, n := range levelNames {
		if slog.Level(l) >= n.level {
			name = n.name
		}
	}
	return name
}
