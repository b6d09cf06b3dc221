package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/render"
)

// A warning of replicas that are alike is one, whether a sample is checked or all of them; notes are none.
func TestWarnings(t *testing.T) {
	quotes := "image: client\n    labels:\n      - A=\"b~\""
	waits, starts := "depends_on: {server: {condition: service_healthy}}", "depends_on:\n      - server"
	tests := []struct {
		name string
		doc  render.Document
		want []string
	}{
		{"none", document(head, 9, same(one), strings.Replace(tail, "172.25.125.0", "172.25.0.0", 1)), nil},
		{"of all", document(head, 99, all(starts, waits), tail), []string{
			"services client1 … client99: service server has no healthcheck: give it one, unless its image has [no-healthcheck]",
		}},
		{"of all that differ", document(head, 3, all("image: client", quotes), tail), []string{
			`services client1 … client3: labels: the quotes are part of the value of A: write - "A=b1" [quoted-environment]`,
		}},
		{"of one", document(head, 9, but(starts, waits), tail), []string{
			"service client5: service server has no healthcheck: give it one, unless its image has [no-healthcheck]",
		}},
		{"of pairs", document(head, 9, all("image: client", "image: client\n    hostname: h"), tail), []string{
			`services client1 and client2 have the same hostname "h" (and 7 more like it) [duplicate-hostname]`,
		}},
		{"of hostnames that differ", document(head, 9, all("image: client", "image: client\n    hostname: h~"), tail), nil},
		{"of the server, too", document(strings.Replace(head, "image: server", "image: server\n    labels: [A=\"b\"]", 1), 2, all("image: client", "image: client\n    labels: [A=\"b\"]"), tail), []string{
			`service server: labels: the quotes are part of the value of A: write - "A=b" [quoted-environment]`,
			`services client1 and client2: labels: the quotes are part of the value of A: write - "A=b" [quoted-environment]`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report, err := Document(t.Context(), tt.doc)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range report.Warnings {
				got = append(got, w.Message)
				if beside := strings.Fields(w.Text); len(beside) == 0 || !strings.Contains(string(tt.doc.Bytes), w.Text) {
					t.Errorf("%s is at %q", w.Message, w.Text)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Dependencies that Compose does not come to the end of are a warning of render, too.
func TestManyPaths(t *testing.T) {
	var text strings.Builder
	text.WriteString("services:\n")
	var before []string
	for i := range 24 {
		name := fmt.Sprintf("s%d", i)
		fmt.Fprintf(&text, "  %s: {image: x, depends_on: [%s]}\n", name, strings.Join(before, ", "))
		before = append(before, name)
	}
	report, err := Document(t.Context(), render.Document{Bytes: []byte(text.String())})
	if err != nil || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0].Message, "16777215 of them") {
		t.Errorf("got %v, %v", report.Warnings, err)
	}
}
