package logline_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/lab/logline"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		line string
		want logline.Entry
		ok   bool
	}{
		{
			"2026-01-02 15:04:05 INFO     action: config | result: success | client_id: 1 | server_address: server:12345",
			logline.Entry{Action: "config", Result: "success", Fields: []logline.Field{{Key: "client_id", Value: "1"}, {Key: "server_address", Value: "server:12345"}}},
			true,
		},
		{"action:sorteo|result:success", logline.Entry{Action: "sorteo", Result: "success"}, true},
		{"action: sorteo", logline.Entry{Action: "sorteo"}, true},
		{"panic: action", logline.Entry{}, false},
		{"action: ", logline.Entry{}, false},
	} {
		got, ok := logline.Parse(tt.line)
		if ok != tt.ok || !cmp.Equal(got, tt.want) {
			t.Errorf("%q: %v\n%s", tt.line, ok, cmp.Diff(tt.want, got))
		}
	}
	e, _ := logline.Parse("action: a | result: success | n: 1 | n: 2")
	if e.Value("n") != "1" || e.Value("m") != "" {
		t.Errorf("got %q, %q", e.Value("n"), e.Value("m"))
	}
}
