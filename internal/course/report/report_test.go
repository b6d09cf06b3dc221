package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/course/words"
	"github.com/tp0-lab/composer/internal/test/golden"
)

// small is a report with each thing once.
func small() Report {
	lines := []Line{
		{after(0), "server", "2026-03-14 10:00:00 INFO     action: accept_connections | result: in_progress"},
		{after(12), "client1", "2026-03-14 10:00:00 INFO     action: apuesta_enviada | result: success | dni: 1 | numero: 2"},
		{after(1250), "client1", "client1 exited with code 1"},
	}
	return Report{
		Target: "../lab", Composer: "v1.2.3", Engine: "docker",
		Branches: []Branch{
			{Stage: "ej5", Name: "ejercicio-5", Commit: "0123456789abcdef0123456789abcdef01234567", Remote: "origin/ejercicio-5", Behind: 3, Ahead: 1},
			{Stage: "ej6", Name: "ejercicio-6"},
		}, Started: started, Duration: 3500 * time.Millisecond,
		Scenarios: []Scenario{
			{Stage: "ej5", Name: "good", Title: "It works.", Status: Passed, Duration: 1500 * time.Millisecond, Timeline: lines},
			{
				Stage: "ej5", Name: "bad", Title: "It does not.", Status: Failed, Duration: 2 * time.Second, Timeline: lines,
				Problems: []Problem{
					{Expected: "exit code 0", Seen: `exit code 1, "<&>"`, Around: lines[1:]},
					{Expected: "a line", Seen: "none"},
				},
			},
			{Stage: "ej6", Name: "absent", Title: "It is not there.", Status: Skipped, Reason: "no branch ej6"},
			{Stage: "ej8", Name: "unclear", Title: "It proves nothing.", Status: Unjudged, Reason: "too quick", Troubles: []string{"a network stays"}},
			{Stage: "ej8", Name: "more", Title: "Nobody asks.", Status: Unasked, Reason: "the course has five agencies"},
		},
	}
}

func TestCount(t *testing.T) {
	r := small()
	if !r.Failed() || r.Count(Passed) != 1 || r.Count(Failed) != 1 || r.Count(Skipped) != 1 {
		t.Errorf("failed %v, %d, %d, %d", r.Failed(), r.Count(Passed), r.Count(Failed), r.Count(Skipped))
	}
	if (Report{Scenarios: r.Scenarios[:1]}).Failed() {
		t.Error("failed without a failed scenario")
	}
	if !(Report{Scenarios: []Scenario{{Status: "unknown"}}}).Failed() {
		t.Error("an unknown status is no failure")
	}
}

// What was not judged is never right.
func TestVerdict(t *testing.T) {
	s := func(stage string, status Status) Scenario {
		return Scenario{Stage: stage, Name: string(status), Status: status, Reason: "why"}
	}
	tests := []struct {
		name string
		all  []Scenario
		want Status
	}{
		{"all right", []Scenario{s("ej1", Passed), s("ej2", Passed)}, Passed},
		{"one is wrong", []Scenario{s("ej1", Passed), s("ej2", Failed), s("ej3", Unjudged)}, Failed},
		{"one cannot be judged", []Scenario{s("ej8", Passed), s("ej8", Unjudged)}, Unjudged},
		{"one is skipped", []Scenario{s("ej3", Passed), s("ej3", Skipped)}, Passed},
		{"all of a stage is skipped", []Scenario{s("ej1", Passed), s("ej3", Skipped)}, Unjudged},
		{"all of a stage is not asked for", []Scenario{s("ej1", Passed), s("ej3", Unasked)}, Unjudged},
		{"more is not asked for", []Scenario{s("ej1", Passed), s("ej1", Unasked)}, Passed},
		{"nothing", nil, Unjudged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Report{Scenarios: tt.all}).Verdict(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	gaps := Report{Scenarios: []Scenario{s("ej3", Skipped), s("ej1", Passed), s("ej8", Unjudged), s("ej8", Unasked)}}.Gaps()
	if diff := cmp.Diff([]Gap{{"why", []string{"ej3 skipped", "ej8 unjudged"}}}, gaps); diff != "" {
		t.Error(diff)
	}
}

func written(t rapid.TB, write func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func junit(t rapid.TB, r Report) string {
	t.Helper()
	return written(t, func(b *bytes.Buffer) error { return WriteJUnit(b, r) })
}

func jsonOf(t rapid.TB, r Report) string {
	t.Helper()
	return written(t, func(b *bytes.Buffer) error { return WriteJSON(b, r) })
}

func TestGolden(t *testing.T) {
	for name, got := range map[string]string{"small.xml": junit(t, small()), "small.json": jsonOf(t, small())} {
		golden.Check(t, "testdata/"+name, got)
	}
}

// A branch that lacks a remote's commits is told beside the grades and on the student's page.
func TestBehind(t *testing.T) {
	r := small()
	const want = ", which is 3 commits behind and 1 ahead of origin/ejercicio-5"
	c := Class{Stages: []string{"ej5"}, Weights: Weights{"ej5": 1}, Students: []Student{{Name: "Ana", Repo: "ana", Report: r}}}
	var grades bytes.Buffer
	if err := WriteGrades(&grades, c); err != nil || grades.String() != "name,repo,ej5,points,of,remark\nAna,ana,wrong,0,1,\"ejercicio-5 at 0123456789ab"+want+"\"\n" {
		t.Errorf("%v\n%s", err, &grades)
	}
	if page := html(t, r); !strings.Contains(page, "ejercicio-5 at "+r.Branches[0].Commit+want+"<") {
		t.Error("the page does not say that the branch is behind")
	}
}

// Spreadsheets of Spanish take what is between semicolons, and no point for a decimal.
func TestGradesForSpreadsheets(t *testing.T) {
	stages := []string{"ej1", "ej2", "ej3"}
	r := Report{Scenarios: []Scenario{
		{Stage: "ej1", Name: "echo", Status: Passed},
		{Stage: "ej2", Name: "values", Status: Passed},
		{Stage: "ej3", Name: "up", Status: Unjudged, Reason: "n has no branch ej3, neither of its own nor of a remote"},
		{Stage: "ej3", Name: "down", Status: Unjudged, Reason: "n has no branch ej3, neither of its own nor of a remote"},
	}}
	c := Class{Stages: stages, Weights: Weights{"ej1": 0.1, "ej2": 0.2, "ej3": 3}, Students: []Student{{Name: "Núñez", Repo: "n", Report: r}}}
	for _, tt := range []struct {
		separator rune
		language  words.Language
		want      string
	}{
		{0, words.English, "name,repo,ej1,ej2,ej3,points,of,remark\nNúñez,n,right,right,not judged,0.3,3.3,\"ej3: n has no branch ej3, neither of its own nor of a remote\"\n"},
		{'\t', words.Spanish, "name,repo,ej1,ej2,ej3,points,of,remark\nNúñez,n,right,right,not judged,0.3,3.3,\"ej3: n no tiene la rama ej3, ni propia ni de un remoto\"\n"},
		{';', words.English, "\uFEFFname;repo;ej1;ej2;ej3;points;of;remark\nNúñez;n;right;right;not judged;0,3;3,3;ej3: n has no branch ej3, neither of its own nor of a remote\n"},
	} {
		c.Separator, c.Language = tt.separator, tt.language
		var grades bytes.Buffer
		if err := WriteGrades(&grades, c); err != nil || grades.String() != tt.want {
			t.Errorf("%q: %v\ngot  %q\nwant %q", tt.separator, err, grades.String(), tt.want)
		}
	}
}

func TestJUnitReadsBack(t *testing.T) {
	var got junitSuites
	if err := xml.Unmarshal([]byte(junit(t, small())), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 5 || got.Failures != 1 || got.Errors != 1 || got.Skipped != 2 || got.Time != "3.500" || len(got.Suites) != 3 {
		t.Errorf("%+v", got)
	}
	ej5 := got.Suites[0]
	if ej5.Name != "ej5" || ej5.Tests != 2 || ej5.Failures != 1 || ej5.Skipped != 0 || ej5.Timestamp != "2026-03-14T10:00:00" {
		t.Errorf("%+v", ej5)
	}
	good, bad, absent := ej5.Cases[0], ej5.Cases[1], got.Suites[1].Cases[0]
	if good.Failure != nil || good.Skipped != nil || !strings.Contains(good.Output, "client1 | client1 exited with code 1\n") {
		t.Errorf("%+v", good)
	}
	if bad.Failure == nil || bad.Failure.Message != `expected exit code 0; seen exit code 1, "<&>"; and 1 problem more` ||
		!strings.Contains(bad.Failure.Text, "expected: a line\nseen:     none\n") {
		t.Errorf("%+v", bad.Failure)
	}
	unclear, more := got.Suites[2].Cases[0], got.Suites[2].Cases[1]
	if unclear.Error == nil || unclear.Error.Message != "cannot be judged: too quick" || more.Skipped == nil || more.Skipped.Message != "not asked for: the course has five agencies" {
		t.Errorf("%+v, %+v", unclear, more)
	}
	if absent.Skipped == nil || absent.Skipped.Message != "no branch ej6" {
		t.Errorf("%+v", absent.Skipped)
	}
}

// anything draws text that has what other people's services may log.
func anything() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringOf(rapid.SampledFrom([]rune("<>&\"'`=/\\{}|:;-–\n\r\t\x00\x01\x0b\x1b\x7f\u0085\u2028\u202e\u2066\ufeff\ufffe\uffff\U0001f600é ax1"))),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		rapid.SampledFrom([]string{
			"", "]]>", "<!--", "-->", "</title>", "</style><script>alert(1)</script>", "<![CDATA[", `" onload="alert(1)`, "{{.}}", "javascript:alert(1)",
			"action: sorteo | result: success", "action: consulta_ganadores | result: success | cant_ganadores: 2",
			"2026-03-14 10:00:00 ERROR    action: x | result: fail | error: <b>", "client1 exited with code 137", "action: ", "action: a|b:c|:|",
			"action: receive_message | result: success | msg: <x>", "action: batch_enviado | result: success | cantidad: 100",
		}),
	)
}

func drawReport(t *rapid.T) Report {
	text := anything()
	line := rapid.Custom(func(t *rapid.T) Line {
		return Line{
			At:        after(rapid.IntRange(-100, 5000).Draw(t, "ms")),
			Container: rapid.OneOf(rapid.SampledFrom([]string{"server", "client1", "client2"}), text).Draw(t, "container"), Text: text.Draw(t, "text"),
		}
	})
	lines := rapid.SliceOfN(line, 0, 20)
	scenario := rapid.Custom(func(t *rapid.T) Scenario {
		s := Scenario{
			Stage: text.Draw(t, "stage"), Name: text.Draw(t, "name"), Title: text.Draw(t, "title"), Reason: text.Draw(t, "reason"),
			Status:   rapid.SampledFrom(statuses).Draw(t, "status"),
			Duration: time.Duration(rapid.IntRange(0, 1e6).Draw(t, "ms")) * time.Millisecond, Timeline: lines.Draw(t, "timeline"),
		}
		for range rapid.IntRange(0, 2).Draw(t, "problems") {
			s.Problems = append(s.Problems, Problem{Expected: text.Draw(t, "expected"), Seen: text.Draw(t, "seen"), Around: lines.Draw(t, "around")})
		}
		return s
	})
	return Report{
		Target: text.Draw(t, "target"), Composer: text.Draw(t, "composer"), Engine: text.Draw(t, "engine"), Started: started,
		Duration: time.Duration(rapid.IntRange(0, 1e6).Draw(t, "ms")) * time.Millisecond, Scenarios: rapid.SliceOfN(scenario, 0, 4).Draw(t, "scenarios"),
	}
}

func TestJUnitHoldsAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReport(t)
		var got junitSuites
		if err := xml.Unmarshal([]byte(junit(t, r)), &got); err != nil {
			t.Fatal(err)
		}
		if got.Tests != len(r.Scenarios) || got.Failures != r.Count(Failed) || got.Errors != r.Count(Unjudged) ||
			got.Skipped != r.Count(Skipped)+r.Count(Unasked) {
			t.Fatalf("%+v", got.junitCounts)
		}
		i := 0
		for _, st := range r.stages() {
			cases := got.Suites[i].Cases
			i++
			for j, s := range st.scenarios {
				if want := junitLine(s.Name); cases[j].Name != want {
					t.Fatalf("name %q, want %q", cases[j].Name, want)
				}
				if want := strings.Count(cases[j].Output, "\n"); want != len(s.Timeline) {
					t.Fatalf("%d lines of %d", want, len(s.Timeline))
				}
			}
		}
	})
}

func TestJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawReport(t)
		d := json.NewDecoder(strings.NewReader(jsonOf(t, r)))
		d.DisallowUnknownFields()
		var got jsonReport
		if err := d.Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got.Passed != r.Count(Passed) || got.Failed != r.Count(Failed) || got.Skipped != r.Count(Skipped) {
			t.Fatalf("%+v", got)
		}
		want := r
		for i := range want.Scenarios {
			want.Scenarios[i] = validScenario(want.Scenarios[i])
		}
		for _, text := range []*string{&want.Target, &want.Composer, &want.Engine} {
			*text = strings.ToValidUTF8(*text, "\uFFFD")
		}
		want.Branches = []Branch{}
		if diff := cmp.Diff(want, got.report(), cmp.Comparer(func(a, b []Line) bool { return len(a) == len(b) && (len(a) == 0 || cmp.Equal(a, b, sameLine)) })); diff != "" {
			t.Fatal(diff)
		}
	})
}

var sameLine = cmp.Comparer(func(a, b Line) bool { return a.At.Equal(b.At) && a.Container == b.Container && a.Text == b.Text })

func validLines(lines []Line) []Line {
	out := make([]Line, len(lines))
	for i, l := range lines {
		out[i] = Line{l.At, strings.ToValidUTF8(l.Container, "\uFFFD"), strings.ToValidUTF8(l.Text, "\uFFFD")}
	}
	return out
}

func validScenario(s Scenario) Scenario {
	for _, text := range []*string{&s.Stage, &s.Name, &s.Title, &s.Reason} {
		*text = strings.ToValidUTF8(*text, "\uFFFD")
	}
	s.Troubles = jsonTexts(s.Troubles)
	s.Timeline = validLines(s.Timeline)
	problems := make([]Problem, len(s.Problems))
	for i, p := range s.Problems {
		problems[i] = Problem{strings.ToValidUTF8(p.Expected, "\uFFFD"), strings.ToValidUTF8(p.Seen, "\uFFFD"), validLines(p.Around)}
	}
	s.Problems = problems
	return s
}

// docs/reports.md lists each key of the JSON report.
func TestJSONDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/reports.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []any{jsonReport{}, jsonScenario{}, Branch{}, Gap{}, Problem{}, Line{}, jsonClass{}, jsonStudent{}, jsonStage{}, Failure{}} {
		for f := range reflect.TypeOf(of).Fields() {
			if key := f.Tag.Get("json"); !strings.Contains(string(text), "`"+key+"`") {
				t.Errorf("%T: %s is not in docs/reports.md", of, key)
			}
		}
	}
}

func huge() Report {
	r := Report{Started: started, Scenarios: []Scenario{{Stage: "ej8", Name: "huge", Status: Failed}}}
	s := &r.Scenarios[0]
	for i := range 15_000 {
		s.Timeline = append(s.Timeline, Line{after(i), "server", "short"})
	}
	s.Timeline[7].Text = strings.Repeat("ñ", 1<<20)
	s.Timeline[8].Container = strings.Repeat("c", 1<<20)
	for range 500 {
		s.Problems = append(s.Problems, Problem{Expected: strings.Repeat("e", 1<<16), Around: s.Timeline[:500]})
	}
	return r
}

func TestSizes(t *testing.T) {
	r := huge()
	for _, test := range []struct {
		name string
		text string
		most int
		says string
	}{
		{"JUnit", junit(t, r), 5 << 20, "… 5,000 lines left out …"},
		{"JSON", jsonOf(t, r), 5 << 20, `"lines_omitted": 5000`},
		{"HTML", html(t, r), 2 << 20, "… 14000 lines left out"},
	} {
		if len(test.text) > test.most {
			t.Errorf("%s: %d bytes, want at most %d", test.name, len(test.text), test.most)
		}
		if !strings.Contains(test.text, test.says) {
			t.Errorf("%s does not say %q", test.name, test.says)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	for name, write := range map[string]func(failing, Report) error{
		"JUnit": func(w failing, r Report) error { return WriteJUnit(w, r) },
		"JSON":  func(w failing, r Report) error { return WriteJSON(w, r) },
		"HTML":  func(w failing, r Report) error { return WriteHTML(w, r) },
	} {
		if err := write(failing{}, small()); err == nil || !strings.Contains(err.Error(), "write "+name+" report: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }
