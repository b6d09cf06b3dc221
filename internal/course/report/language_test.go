package report

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/course/words"
)

// Both pages are in one language, with that language's code; the JSON report has one language.
func TestPagesInSpanish(t *testing.T) {
	r := Report{
		Language: words.Spanish, Target: "this project", Engine: "docker", Started: time.Date(2026, time.March, 9, 1, 2, 3, 0, time.UTC),
		Scenarios: []Scenario{
			{Stage: "ej4", Name: "a", Title: "a client ends gracefully on SIGTERM", Status: Passed},
			{Stage: "ej4", Name: "b", Title: "server and client end gracefully together", Status: Failed, Problems: []Problem{{Expected: "client1 exits with code 0", Seen: "code 137"}}, Timeline: []Line{
				{Container: "client1", Text: "exited with code 137"},
			}},
		},
	}
	c := Class{Language: words.Spanish, Stages: []string{"ej4"}, Started: r.Started, Students: []Student{{Name: "Ana", Report: r}}}
	for name, page := range map[string]struct {
		write func(io.Writer) error
		want  []string
	}{
		"report": {func(w io.Writer) error { return WriteHTML(w, r) }, []string{
			"1 de 2 escenarios mal", "Resumen", "un cliente termina bien con SIGTERM", "client1 termina con código 0", "código 137", "9 de marzo de 2026, 01:02:03 UTC",
		}},
		"class": {func(w io.Writer) error { return WriteClassHTML(w, c) }, []string{"0 de 1 estudiante bien en todas las etapas", "Estudiantes", "client1 termina con código 0"}},
	} {
		var b bytes.Buffer
		if err := page.write(&b); err != nil {
			t.Fatal(err)
		}
		for _, want := range append(page.want, `<html lang="es"`) {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s: no %q", name, want)
			}
		}
		for _, english := range []string{"Overview", "Scenarios", "Started", "this project", "Time runs", "ended badly", "1 client;", "1 line<", "other output", "gracefully", "exits with"} {
			if strings.Contains(b.String(), english) {
				t.Errorf("%s: %q is English", name, english)
			}
		}
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, r); err != nil || !strings.Contains(b.String(), "a client ends gracefully on SIGTERM") {
		t.Errorf("%v\n%s", err, &b)
	}
}

// Times are in minutes where seconds would be hard to read, with the decimal comma in Spanish.
func TestTook(t *testing.T) {
	for _, tt := range []struct {
		d                time.Duration
		english, spanish string
	}{
		{1990 * time.Millisecond, "1.99 s", "1,99 s"},
		{119 * time.Second, "119 s", "119 s"},
		{2*time.Minute + 5*time.Second, "2 min 5 s", "2 min 5 s"},
		{20*time.Hour + time.Second, "1,200 min 1 s", "1.200 min 1 s"},
	} {
		if en, es := took(words.English, tt.d), took(words.Spanish, tt.d); en != tt.english || es != tt.spanish {
			t.Errorf("%v: %q and %q", tt.d, en, es)
		}
	}
}
