package class

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/course/report"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestReadListOfADirectory(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"perez", "gómez ana", ".git"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "README.md"), "")
	got, err := ReadList(dir)
	want := []Student{{Name: "gómez ana", Repo: filepath.Join(dir, "gómez ana")}, {Name: "perez", Repo: filepath.Join(dir, "perez")}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

func TestReadListOfAFile(t *testing.T) {
	const content = "\uFEFFname,repo,branches\nAna,repos/ana,\n\"Gómez, Luis\",x,y\n"
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "class.csv"), "name,repo,branches\nAna,repos/ana,\nLuis, /abs/luis ,ejercicio-{N}\n,repos/eva,\n")
	got, err := ReadList(file)
	want := []Student{
		{Name: "Ana", Repo: filepath.Join(dir, "repos/ana")},
		{Name: "Luis", Repo: "/abs/luis", Branches: "ejercicio-{N}"},
		{Name: "eva", Repo: filepath.Join(dir, "repos/eva")},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	_, err = ReadList(write(t, file, content))
	if err == nil || !strings.Contains(err.Error(), `class.csv:3:1: the name "Gómez, Luis" cannot name a file`) {
		t.Errorf("got %v", err)
	}
}

func TestBadLists(t *testing.T) {
	tests := []struct{ content, want string }{
		{"", "lists no student"},
		{"name,repo\n", "lists no student"},
		{"name,rpo\na,b\n", `:1:6: there is no column "rpo", did you mean "repo"?`},
		{"name\na\n", ":1:1: the first row has no column repo"},
		{"name,repo\na\n", ":2:1: 1 field: want 2, which are name, repo"},
		{"repo,name,branches\na,b,c\n\na,\"b\nc\",d,e\n", ":4:1: 4 fields: want 3, which are repo, name, branches; write quotes around a field that has a comma"},
		{"name,repo\na,\n", ":2:3: the repository's path is missing"},
		{"name,repo\nana,a\nAna,b\n", `:3:1: line 2 has the name "Ana" too`},
		{"name,repo\n../ana,a\n", `:2:1: the name "../ana" cannot name a file`},
		{"name,repo,name\nana,a,b\n", `:1:11: the column name is there twice`},
		{"name,repo\n\"a,b\n", `:2:`},
	}
	for _, tt := range tests {
		t.Run(tt.content, func(t *testing.T) {
			_, err := ReadList(write(t, filepath.Join(t.TempDir(), "l.csv"), tt.content))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := ReadList(filepath.Join(t.TempDir(), "no")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

func TestWeights(t *testing.T) {
	stages := []string{"ej1", "ej2", "ej5"}
	tests := []struct {
		content string
		want    report.Weights
		err     string
	}{
		{"ej1: 1\nej5: 2.5\n", report.Weights{"ej1": 1, "ej5": 2.5}, ""},
		{"ej1: 1\nej6: 2\n", nil, `:2:1: there is no stage "ej6"`},
		{"ej1: -1\n", nil, `:1:1: the weight of ej1 is "-1"`},
		{"ej1: .nan\n", nil, `the weight of ej1 is ".nan"`},
		{"ej1: much\n", nil, `the weight of ej1 is "much"`},
		{"ej1: 1\nej1: 2\n", nil, `:2:1: ej1 has a weight already`},
		{"- ej1\n", nil, "want a line for each stage"},
		{"", nil, "want a line for each stage"},
	}
	for _, tt := range tests {
		t.Run(tt.content, func(t *testing.T) {
			got, err := ReadWeights(write(t, filepath.Join(t.TempDir(), "w.yaml"), tt.content), stages)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got %v, want %s", err, tt.err)
			}
		})
	}
	got, err := ReadWeights("", stages)
	if diff := cmp.Diff(report.Weights{"ej1": 1, "ej2": 1, "ej5": 1}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
