package verify

import (
	"testing"
	"time"
)

// Logs are read as they are.
func TestReadLogLine(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	stamp := time.Date(2026, 1, 2, 3, 4, 4, 123456789, time.UTC)
	names := []string{"client1", "client11", "server"}
	for _, tt := range []struct {
		text, container, line string
		at                    time.Time
	}{
		{"server-1  | 2026-01-02T03:04:04.123456789Z action: sorteo\n", "server", "action: sorteo", stamp},
		{"server    | action: sorteo\n", "server", "action: sorteo", now},
		{"\x1b[36mclient1-1  |\x1b[0m 2026-01-02T03:04:04.123456789Z \x1b[32mINFO\x1b[0m action: a | result: b\n", "client1", "INFO action: a | result: b", stamp},
		{"tp0-client11-1  | x", "client11", "x", now},
		{"client1  | ", "client1", "", now},
		{"\r\x1b[Kclient1-1 exited with code 137\n", "client1", "exited with code 137", now},
		{"other-1  | x", "other-1", "x", now},
		{"server-1  | \xff\xfe", "server", "\uFFFD", now},
	} {
		got, ok := readLogLine(tt.text, names, func() time.Time { return now })
		if !ok || got.Container != tt.container || got.Text != tt.line || !got.At.Equal(tt.at) {
			t.Errorf("%q: %v %+v", tt.text, ok, got)
		}
	}
	for _, text := range []string{"", "\n", "time=now level=warning msg=x\n"} {
		if got, ok := readLogLine(text, names, time.Now); ok {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
