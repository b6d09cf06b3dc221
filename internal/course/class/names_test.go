package class

import (
	"html"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A name that is safe is that of the file. Another one gets a hash.
func TestFileNames(t *testing.T) {
	for name, want := range map[string]string{
		"ana":                     "ana",
		"Gómez Ana-María_2@x.y+z": "Gómez Ana-María_2@x.y+z",
		"Ana N\u0303":             "Ana N\u0303~", // two characters
		"می\u200cروم":             "می روم~",
		"李小龍":                     "李小龍",
		"Núñez, María":            "Núñez María~ac23d4fa",
		"O'Brien, Seán":           "O Brien Seán~",
		"Pérez (2C)":              "Pérez 2C~",
		"Ana/Luis":                "Ana Luis~",
		`Ana\Luis`:                "Ana Luis~",
		"../ana":                  "ana~",
		"..":                      "student~",
		"¿?":                      "student~",
		".git":                    "git~",
		"ana.":                    "ana~",
		"ana ":                    "ana~",
		"CON":                     "CON~",
		"con.perez":               "con perez~",
		"Lpt1 .x":                 "Lpt1 x~",
		"Contreras":               "Contreras",
		"a~01c4ab34":              "a 01c4ab34~",
		"100% #1?":                "100 1~",
		strings.Repeat("ñ", 51):   strings.Repeat("ñ", 45) + "~",
		"<b>&\"x\"</b>":           "b x b~",
	} {
		got := fileNames([]Student{{Name: name}})[name]
		exact := !strings.HasSuffix(want, "~")
		if exact && got != want || !exact && (!strings.HasPrefix(got, want) || len(got) != len(want)+8) {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
		if len(got) > maxFile {
			t.Errorf("%q has %d bytes", got, len(got))
		}
	}
}

// Names that a file system takes for one get files of their own, in any order of the list.
func TestFileNamesAreUnique(t *testing.T) {
	names := []string{"Ana", "ana", "ANA", "Jos\u00e9", "Jose\u0301", "Weiss", "Weiß", "ab", "a\u200db", "ΟΣ", "ος", "οσ", "a,b", "a;b", "a b", "Eva"}
	var students, turned []Student
	for _, name := range names {
		students = append(students, Student{Name: name})
		turned = append([]Student{{Name: name}}, turned...)
	}
	got := fileNames(students)
	if diff := cmp.Diff(got, fileNames(turned)); diff != "" {
		t.Error(diff)
	}
	seen := make(map[string]string)
	for name, file := range got {
		if other, ok := seen[folded(file)]; ok {
			t.Errorf("%q and %q have the file %q", name, other, file)
		}
		seen[folded(file)] = name
	}
	if got["Eva"] != "Eva" || got["a b"] != "a b" {
		t.Errorf("%q", got)
	}
}

// Any name has a page, to which the page of the class links, and is kept at the next run.
func TestNames(t *testing.T) {
	t.Parallel()
	names := []string{"Núñez, María", "=1+1", "100% #1? a&b", `<b>"x"`, "Mu\xf1oz"}
	o := options(t, classOf(t, names...), &judge{})
	for range 2 {
		c, err := Run(t.Context(), o)
		if err != nil || len(c.Students) != len(names) {
			t.Fatalf("%v, %d students", err, len(c.Students))
		}
		page, err := os.ReadFile(filepath.Join(o.Dir, classPage))
		if err != nil {
			t.Fatal(err)
		}
		links := make(map[string]bool)
		for _, m := range regexp.MustCompile(`<a href="([^"]*)">`).FindAllStringSubmatch(string(page), -1) {
			link, err := url.PathUnescape(html.UnescapeString(m[1]))
			if _, missing := os.Stat(filepath.Join(o.Dir, filepath.FromSlash(link))); err != nil || missing != nil {
				t.Errorf("%s: %v, %v", m[0], err, missing)
			}
			links[link] = true
		}
		if len(links) != len(names) || strings.Contains(string(page), "<b>") {
			t.Errorf("links to %d pages in %s", len(links), page)
		}
		grades, err := os.ReadFile(filepath.Join(o.Dir, gradesFile))
		if err != nil || !strings.Contains(string(grades), "\n'=1+1,") {
			t.Errorf("%v in %s", err, grades)
		}
		for _, s := range c.Students {
			if s.Error != "" || !links[s.Page] {
				t.Errorf("%q: %s, page %s", s.Name, s.Error, s.Page)
			}
		}
		o.Began = func(s Student) { t.Errorf("%q is judged anew", s.Name) }
	}
}
