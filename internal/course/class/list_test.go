package class

import (
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

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
	for _, name := range []string{"perez", "gómez ana", ".git", "Pérez (2C)", "Mu\xf1oz", "results/students"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "README.md"), "")
	for name, target := range map[string]string{"gone": "nowhere", "round": "round", "same results": "results", "notes": "README.md"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	student := func(name string) Student { return Student{Name: name, Repo: filepath.Join(dir, name)} }
	want := []Student{{Name: `"Mu\xf1oz"`, Repo: filepath.Join(dir, "Mu\xf1oz")}, student("Pérez (2C)"), student("gone"), student("gómez ana"), student("perez"), student("round")}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, "results"), link); err != nil {
		t.Fatal(err)
	}
	for _, results := range []string{filepath.Join(dir, "results"), filepath.Join(dir, "perez", "..", "results"), link} {
		got, err := ReadList(dir, results)
		if diff := cmp.Diff(want, got.Students); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	}
	// The results may be among the repositories.
	if err := os.Mkdir(filepath.Join(dir, studentsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	got, err := ReadList(dir, dir)
	if want := append(want, student("results"), student("same results")); err != nil || len(got.Students) != len(want) {
		t.Errorf("%v, %v", got, err)
	}
}

// A teacher may keep the list and the clones in a repository.
func TestReadListInsideARepository(t *testing.T) {
	dir := t.TempDir()
	repository(t, dir, "main2")
	for _, name := range []string{"ana", "luis"} {
		repository(t, filepath.Join(dir, name), "ej1")
	}
	write(t, filepath.Join(dir, "list.csv"), "")
	got, err := ReadList(dir, "")
	want := []Student{{Name: "ana", Repo: filepath.Join(dir, "ana")}, {Name: "luis", Repo: filepath.Join(dir, "luis")}}
	if diff := cmp.Diff(want, got.Students); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// The directories around the results are no students, but a repository is one, whatever is in it.
func TestReadListAroundResults(t *testing.T) {
	dir := t.TempDir()
	repository(t, filepath.Join(dir, "ana"), "ej1")
	for _, name := range []string{"eva", "notas/2026", "ana/notas"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, "notas"), link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for results, want := range map[string]string{
		filepath.Join(dir, "notas", "2026"):             "ana eva",
		filepath.Join(dir, "notas", "2026", "tp0", "b"): "ana eva",
		filepath.Join("notas", "2026"):                  "ana eva",
		filepath.Join(link, "2026"):                     "ana eva",
		filepath.Join(link, "tp0"):                      "ana eva",
		filepath.Join(dir, "ana", "notas"):              "ana eva notas",
		filepath.Join(dir, "..", "tp0"):                 "ana eva notas",
	} {
		list, err := ReadList(dir, results)
		var names []string
		for _, s := range list.Students {
			names = append(names, s.Name)
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", results, got, err, want)
		}
	}
}

// Persian words and some emoji have characters that show by what they do to others.
func TestJoiners(t *testing.T) {
	dir := t.TempDir()
	want := []Student{{Name: "می\u200cروم", Repo: filepath.Join(dir, "x")}, {Name: "👩\u200d🎓", Repo: filepath.Join(dir, "y")}}
	content := "name,repo\nمی\u200cروم,x\n👩\u200d🎓,y\n"
	for _, content := range []string{content, encodeUTF16(binary.LittleEndian, content), encodeUTF16(binary.BigEndian, content)} {
		got, err := ReadList(write(t, filepath.Join(dir, "class.csv"), content), "")
		if diff := cmp.Diff(want, got.Students); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	}
	for _, s := range want {
		if err := os.Mkdir(filepath.Join(dir, s.Name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ReadList(dir, "")
	if err != nil || len(got.Students) != 2 || got.Students[0].Name != want[0].Name || got.Students[1].Name != want[1].Name {
		t.Errorf("%q, %v", got, err)
	}
}

func TestReadListOfAFile(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "class.csv"), "name,repo,branches\nAna,repos/ana,\nLuis, /abs/luis ,ejercicio-{N}\n,repos/eva,\n")
	got, err := ReadList(file, "")
	want := []Student{
		{Name: "Ana", Repo: filepath.Join(dir, "repos/ana")},
		{Name: "Luis", Repo: "/abs/luis", Branches: "ejercicio-{N}"},
		{Name: "eva", Repo: filepath.Join(dir, "repos/eva")},
	}
	if diff := cmp.Diff(want, got.Students); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}

// encodeUTF16 returns text in UTF-16 with a byte order mark.
func encodeUTF16(order binary.AppendByteOrder, text string) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune("\uFEFF" + text)) {
		out = order.AppendUint16(out, unit)
	}
	return string(out)
}

// Spreadsheets write other separators and other encodings.
func TestSpreadsheets(t *testing.T) {
	const commas = "name,repo,branches\n\"Núñez, María\",repos/maria,\nAna/Luis,x,e{N}\n,,\n"
	semicolons := strings.NewReplacer(",repos/maria,", ";repos/maria;", ",x,", ";x;", ",,", ";;", "name,repo,branches", "Name;Repo;Branches").Replace(commas)
	dir := t.TempDir()
	want := []Student{{Name: "Núñez, María", Repo: filepath.Join(dir, "repos/maria")}, {Name: "Ana/Luis", Repo: filepath.Join(dir, "x"), Branches: "e{N}"}}
	for name, content := range map[string]string{
		"commas":                    commas,
		"line ends of Windows":      strings.ReplaceAll(commas, "\n", "\r\n"),
		"a mark":                    "\uFEFF" + commas,
		"empty lines first":         "\n\r\n" + semicolons,
		"semicolons":                semicolons,
		"semicolons without quotes": strings.ReplaceAll(semicolons, `"`, ""),
		"tabs":                      strings.ReplaceAll(semicolons, ";", "\t"),
		"UTF-16, little end first":  encodeUTF16(binary.LittleEndian, strings.ReplaceAll(commas, "\n", "\r\n")),
		"UTF-16, big end first":     encodeUTF16(binary.BigEndian, semicolons),
		"empty rows of any width":   ",\n" + strings.ReplaceAll(commas, "\nAna", "\n,\n,,,,\nAna"),
		"other empty rows":          ";;\n" + strings.ReplaceAll(commas, "\nAna", "\n;;\n \t\nAna"),
		"a fixed space":             strings.ReplaceAll(commas, "Núñez, María", "Núñez,\u00a0 María "),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadList(write(t, filepath.Join(dir, "class.csv"), content), "")
			if diff := cmp.Diff(want, got.Students); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
			if !strings.ContainsRune(content, got.Separator) && !strings.HasPrefix(name, "UTF-16") {
				t.Errorf("the separator is %q", got.Separator)
			}
		})
	}
}

func TestBadLists(t *testing.T) {
	tests := []struct{ content, want string }{
		{"", "lists no student"},
		{"name,repo\n", "lists no student"},
		{"name,rpo\na,b\n", `:1:6: there is no column "rpo", did you mean "repo"?`},
		{"name\na\n", ":1:1: the first row has no column repo"},
		{"name,repo\na\n", ":2:1: want 2 fields, which are name, repo, but this row has 1"},
		{"repo,name,branches\na,b,e{N}\n\na,\"b\nc\",d,e\n", ":4:1: want 3 fields, which are repo, name, branches, but this row has 4; write quotes around a field that has a comma"},
		{"name,repo\na,\n", ":2:3: the repository's path is missing"},
		{"name,repo\nAna,a\nAna,b\n", `:3:1: line 2 has the name "Ana" too`},
		{"name,repo,branches\nAna,a,ejercicio\n", `:2:7: --branches "ejercicio" has no {N}`},
		{"name,repo\nx,ANA\n,an\u00e1\nan\u00e1,b\n", ":4:1: line 3 has the name"},
		{"name;repo\na;b;c\n", ":2:1: want 2 fields, which are name, repo, but this row has 3; write quotes around a field that has a semicolon"},
		{"name\trepo\n\t\tx\n", "a field that has a tab"},
		{"repo,name\nñandú/ñ,a\u200bb\n", `:2:9: the name "a\u200bb" has a character that does not show: write the name anew`},
		{"name,repo\n" + strings.Repeat("ñ", 201) + ",x\n", ":2:1: the name has more than 200 characters"},
		{"name,repo\nMaría,a\nN\xfa\xf1ez,a\n", `:3:2: this is no text in UTF-8: save the file as "CSV UTF-8"`},
		{"n\x00a\x00m\x00e\x00", `:1:2: this is no text in UTF-8: save the file as "CSV UTF-8"`},
		{"name,repo,name\nana,a,b\n", `:1:11: the column name is there twice`},
		{"name,repo\n\"a,b\n", `:2:`},
		{",\nname,repo,branches\nAna,x\n", ":3:1: want 3 fields, which are name, repo, branches, but this row has 2"},
		{"name,repo\nana,a\nana\u200d,b\n", `:3:1: the name "ana\u200d" has a character that does not show`},
		{"\xff\xfen\x00\n\x00\xf1\x00r", `:2:2: this is no text in UTF-8: save the file as "CSV UTF-8"`},
		{"\xfe\xff\x00n\x00", `:1:2: this is no text in UTF-8: save the file as "CSV UTF-8"`},
		{encodeUTF16(binary.LittleEndian, "name,repo\nana") + "\x00\xd8,\x00x\x00", `:2:1: the name "ana�" has a character that does not show`},
	}
	for _, tt := range tests {
		t.Run(tt.content, func(t *testing.T) {
			_, err := ReadList(write(t, filepath.Join(t.TempDir(), "l.csv"), tt.content), "")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// What is no list says what to do.
func TestNoList(t *testing.T) {
	dir := t.TempDir()
	repository(t, filepath.Join(dir, "one"), "ej1")
	if out, err := exec.Command("git", "init", "-q", "--bare", filepath.Join(dir, "bare")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"empty", "one/server", "files"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "files", "README.md"), "")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Join(dir, "one"), link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"https://example.com/tp0.git":     "tp0.git is no list of a class: it is a URL; clone the repository of each student into one directory, and name that directory",
		"git@example.com:ada/tp0":         "tp0 is no list of a class: it is a URL; ",
		filepath.Join(dir, "no"):          "no is no list of a class: it is missing; name a directory with a clone for each student, or a CSV file with the columns name and repo",
		filepath.Join(dir, "no", "l.csv"): "l.csv is no list of a class: it is missing; ",
		filepath.Join(dir, "empty"):       "empty is no list of a class: it has no directories; clone the repository of each student into it, or name a CSV file",
		filepath.Join(dir, "files"):       "files is no list of a class: it has no directories; ",
		filepath.Join(dir, "one"):         "one is no list of a class: it is one repository; judge it with --repo, or name the directory in which the clones of the class are",
		filepath.Join(dir, "bare"):        "bare is no list of a class: it is one repository; ",
		link:                              "link is no list of a class: it is one repository; ",
	} {
		if got, err := ReadList(path, ""); !errors.Is(err, ErrNoClass) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
}

func TestWeights(t *testing.T) {
	stages := slices.Clip([]string{"ej1", "ej2", "ej5"})
	tests := []struct {
		content string
		want    report.Weights
		err     string
	}{
		{"ej1: 1\nej5: 2.5\n", report.Weights{"ej1": 1, "ej5": 2.5}, ""},
		{"ej1: 1\nej4: 3\n", report.Weights{"ej1": 1}, ""}, // ej4 is not asked for
		{"ej1: 1\nej6: 2\n", nil, `:2:1: there is no stage "ej6"`},
		{"ej1: -1\n", nil, `:1:1: the weight of ej1 is "-1"`},
		{"ej1: .nan\n", nil, `the weight of ej1 is ".nan"`},
		{"ej1: 2\n---\nej2: 1\n", nil, `w.yaml:2:1: this is a second document: want one`},
		{"ej1: 2\n---\nej2: [\n", nil, "w.yaml: "},
		{"ej1:\n", nil, `:1:1: the weight of ej1 is ""`},
		{"ej1: much\n", nil, `the weight of ej1 is "much"`},
		{"ej1: 1\nej1: 2\n", nil, `:2:1: ej1 has a weight already`},
		{"- ej1\n", nil, "want a line for each stage"},
		{"", nil, "want a line for each stage"},
	}
	for _, tt := range tests {
		t.Run(tt.content, func(t *testing.T) {
			got, err := ReadWeights(write(t, filepath.Join(t.TempDir(), "w.yaml"), tt.content), append(stages, "ej4"), stages)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got %v, want %s", err, tt.err)
			}
		})
	}
	got, err := ReadWeights("", append(stages, "ej4"), stages)
	if diff := cmp.Diff(report.Weights{"ej1": 1, "ej2": 1, "ej5": 1}, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
