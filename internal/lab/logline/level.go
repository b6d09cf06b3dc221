package logline

import (
	"fmt"
	"log/slog"
	"strings"
)

// LevelCritical is the level above slog.LevelError. The program cannot go on.
const LevelCritical = slog.Level(12)

// Level is a log level with the names of Python's logging module: DEBUG, INFO, WARNING, ERROR and CRITICAL.
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

// UnmarshalText reads the name of a level, in any case. The error for another text lists the names.
func (l *Level) UnmarshalText(text []byte) error {
	for _, n := range levelNames {
		if strings.EqualFold(n.name, string(text)) {
			*l = Level(n.level)
			return nil
		}
	}
	return fmt.Errorf("unknown level %q: have DEBUG, INFO, WARNING, ERROR, CRITICAL", text)
}

// Choices returns the names of all levels: it implements config.Chooser.
func (Level) Choices() []string {
	names := make([]string, len(levelNames))
	for i, n := range levelNames {
		names[i] = n.name
	}
	return names
}

// Level implements slog.Leveler.
func (l Level) Level() slog.Level { return slog.Level(l) }

// String returns the name of the highest named level that is not above l. Below DEBUG it returns DEBUG.
func (l Level) String() string {
	name := levelNames[0].name
	for _, n := range levelNames {
		if slog.Level(l) >= n.level {
			name = n.name
		}
	}
	return name
}
