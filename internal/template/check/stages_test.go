package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/templates"
)

// What replicas are is said by where they stand, so a second walk, or one that
// leaves the services, is not taken for the first.
func TestWalksElsewhere(t *testing.T) {
	again := one
	second := func(begin string, doc render.Document, n int, end string) render.Document {
		doc.Bytes = append(doc.Bytes, begin...)
		more := document("", n, same(again), end)
		for _, span := range more.Replicas {
			doc.Replicas = append(doc.Replicas, render.Span{Begin: len(doc.Bytes) + span.Begin, End: len(doc.Bytes) + span.End})
		}
		doc.Bytes = append(doc.Bytes, more.Bytes...)
		return doc
	}
	tests := []struct {
		name string
		doc  render.Document
	}{
		{"the same names again", second("", document(head, 4, same(one), "\n"), 4, tail)},
		{"volumes", second("\nvolumes:", document(head, 4, same(one), tail), 4, "\n")},
		{"an extension", second("\nx-more:", document(head, 4, same(one), tail), 4, "\n")},
		{"a block of text", second("\nx-more: |", document(head, 4, same(one), tail), 4, "\n")},
		{"a replica leaves the services", document(head, 6, func(id int) string {
			if id == 3 {
				return "\nvolumes:"
			}
			return one
		}, tail)},
		{"a part of a service each", document(head+"\n    environment:", 6, same("\n      A: b"), tail)},
		{"a number of a service each", document(head+"\n    environment:", 6, same("\n      A~: b"), tail)},
		{"an open quote each", document(head, 6, same(one+"\n    command: \""), tail)},
		{"an open quote each, closed by the tail", document(head, 6, same(one+"\n    command: \""), "\n\"\n"+tail)},
	}
	again = strings.ReplaceAll(one, "~", "1~") // names that no sample finds twice
	tests = append(tests, []struct {
		name string
		doc  render.Document
	}{
		{"other names, as volumes", second("\nvolumes:\n  v: {}", document(head, 4, same(one), tail), 4, "\n")},
		{"a job with the name of a replica", document(head, 4, same(one), tail+"jobs:\n  client3:\n    image: x\n    triggers:\n      manual: true\n")},
	}...)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { sameVerdict(t, tt.doc) })
	}
}

func TestBuiltInStages(t *testing.T) {
	b, err := bundle.Open(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := render.New(b)
	if err != nil {
		t.Fatal(err)
	}
	counts := []int{0, 1, 2, 40, 1022}
	if testing.Short() {
		counts = []int{0, 2, 40}
	}
	for _, s := range b.Stages {
		for _, n := range counts {
			doc, err := engine.Render(s.Name, n)
			if err != nil {
				t.Fatal(err)
			}
			report, err := Document(t.Context(), doc)
			if err != nil {
				t.Errorf("%s with %d: %v", s.Name, n, err)
			}
			if n > 1 && !sampled(doc) {
				t.Errorf("%s with %d: not sampled", s.Name, n)
			}
			if n != 40 {
				continue
			}
			want, err := whole(t.Context(), doc.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Sources, report.Sources); diff != "" {
				t.Errorf("%s: reports differ (-whole +sampled):\n%s", s.Name, diff)
			}
		}
	}
}

func TestMissing(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"agency-2.csv", "b"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mount := "image: client\n    volumes:\n      - type: bind\n        source: ./agency-~.csv\n        target: /a\n" +
		"      - type: bind\n        source: " + dir + "/b\n        target: /b\n      - type: volume\n        target: /c"
	report, err := Document(t.Context(), document(head, 11, all("image: client", mount), tail))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"./agency-1.csv"}
	for id := 3; id <= 11; id++ {
		want = append(want, fmt.Sprintf("./agency-%d.csv", id))
	}
	if diff := cmp.Diff(want, report.Missing(dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A document that compose-go would take gigabytes for is refused before it is loaded as a whole: by its sample, or above 32 MiB.
func TestLargeDocuments(t *testing.T) {
	if testing.Short() {
		t.Skip("long: documents of 100,000 replicas")
	}
	tests := []struct {
		name string
		doc  render.Document
		want string // "" for none
	}{
		{"too many for a bridge", document(head, 250_000, same(one), strings.Replace(tail, "172.25.125.0/24", "172.16.0.0/12", 1)), "a Linux bridge takes 1023 (a document of "},
		{"not alike", document(head, 250_000, all("image: client", "image: client\n    ports: [\"~:80\"]"), tail), "not alike enough"},
		{"no bridge", document(head, 100_000, all("    networks:\n      - net\n", "    network_mode: none\n"), tail), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Document(t.Context(), tt.doc)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// What Compose reads is needed, as for lint, but what it can do without.
func TestMissingFilesThatComposeReads(t *testing.T) {
	report, err := Document(t.Context(), render.Document{Bytes: []byte(`include: [more.yaml]
services:
  a: {image: x, env_file: [a.env, {path: b.env, required: false}], networks: [elsewhere]}
secrets: {s: {file: ./s.txt}}
`)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"more.yaml", "a.env", "./s.txt"}, report.Missing(t.TempDir())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
