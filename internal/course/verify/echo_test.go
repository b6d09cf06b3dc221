package verify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/report"
)

// A script writes the file and the clients that it is told to, and nothing of an older file stays.
func TestWritesAnew(t *testing.T) {
	const script = `{
echo "services:"
echo "  server: {image: s, container_name: server}"
for i in $(seq 1 $2); do echo "  client$i: {image: c, container_name: client$i}"; done
} > "$1"
`
	tests := []struct{ name, script, seen string }{
		{"right", script, ""},
		{"with no names of containers", strings.ReplaceAll(script, ", container_name: client$i", ""), ""},
		{"with another service", strings.Replace(script, "for i", "echo '  db: {image: d}'\nfor i", 1), ""},
		{"always the same file", strings.ReplaceAll(script, `"$1"`, "docker-compose-dev.yaml"), "it has written no such file"},
		{"appends", strings.ReplaceAll(script, "> \"$1\"", ">> \"$1\""), "mapping key"},
		{"always two clients", strings.ReplaceAll(script, "$2", "2"), "client1, client2, server"},
		{"one too many", strings.ReplaceAll(script, "$2", "$(($2+1))"), "client1, client2, client3, server"},
		{"counts from 0", strings.ReplaceAll(script, "seq 1 $2", "seq 0 $(($2-1))"), "client0, client1, server"},
		{"other names", strings.ReplaceAll(script, "client$i", "client-$i"), "client-1, client-2, server"},
		{"keeps a file that is there", "[ -e $1 ] || " + script, "client1, client2, server"},
		{"no script", "", "it has written no such file"},
		{"fails", "exit 1\n", "exit status 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := checkout(t, "ej1", map[string]string{"server/config.ini": "", "client/config.yaml": "", "generar-compose.sh": tt.script})
			run := func(tr *trial) { writesAnew(tr, "otro.yaml") }
			got := runOne(t.Context(), Scenario{Stage: "ej1", Name: "x", run: run}, nil, s, Options{Now: time.Now})
			want := report.Passed
			if tt.seen != "" {
				want = report.Failed
			}
			if got.Status != want || !strings.Contains(fmt.Sprint(got.Problems), tt.seen) {
				t.Errorf("%s: %s %v, want %q", got.Status, got.Reason, got.Problems, tt.seen)
			}
		})
	}
}
