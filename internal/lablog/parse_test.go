package lablog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/lablog"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		line string
		want lablog.Entry
		ok   bool
	}{
		{
			"2026-01-02 15:04:05 INFO     action: config | result: success | client_id: 1 | server_address: server:12345",
			lablog.Entry{Action: "config", Result: "success", Fields: []lablog.Field{{Key: "client_id", Value: "1"}, {Key: "server_address", Value: "server:12345"}}},
			true,
		},
		{"action:sorteo|result:success", lablog.Entry{Action: "sorteo", Result: "success"}, true},
		{"action: sorteo", lablog.Entry{Action: "sorteo"}, true},
		{"panic: action", lablog.Entry{}, false},
		{"action: ", lablog.Entry{}, false},
	} {
		got, ok := lablog.Parse(tt.line)
		if ok != tt.ok || !cmp.Equal(got, tt.want) {
			t.Errorf("%q: %v\n%s", tt.line, ok, cmp.Diff(tt.want, got))
		}
	}
	e, _ := lablog.Parse("action: a | result: success | n: 1 | n: 2")
	if e.Value("n") != "1" || e.Value("m") != "" {
		t.Errorf("got %q, %q", e.Value("n"), e.Value("m"))
	}
}
