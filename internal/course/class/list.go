package class

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// Student is an entry of a class's list.
type Student struct {
	Name string // unique; letters, digits, "_", ".", "-", "@", "+" and spaces, so that it can name files
	Repo string // the path of a git repository
	// Branches is the pattern of the names of the student's branches; "" is that of the whole class.
	Branches string
}

// maxList bounds the files of lists and weights, in bytes.
const maxList = 1 << 20

// ReadList reads a class's list. A directory holds a repository for each student, whose names are those of its
// subdirectories; other files and hidden directories are left out. A CSV file has a first row with the names of its columns:
// repo, a path from the directory of the file; name, by default the last part of that path; and branches, which may be
// empty.
func ReadList(path string) ([]Student, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("list of the class: %s: %w", path, files.Cause(err))
	}
	var students []Student
	if info.IsDir() {
		students, err = readDirectory(path)
	} else {
		students, err = readCSV(path)
	}
	if err == nil && len(students) == 0 {
		err = fmt.Errorf("%s lists no student: want a directory with a repository for each, or a CSV file with the columns name and repo", path)
	}
	return students, err
}

func readDirectory(dir string) ([]Student, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var students []Student
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path) // a link may lead to a repository
		if strings.HasPrefix(e.Name(), ".") || err != nil || !info.IsDir() {
			continue
		}
		if err := checkName(e.Name()); err != nil {
			return nil, fmt.Errorf("%s: %w: rename the directory, or list the class in a CSV file", path, err)
		}
		students = append(students, Student{Name: e.Name(), Repo: path})
	}
	return students, nil
}

var columns = []string{"name", "repo", "branches"}

func readCSV(path string) ([]Student, error) {
	content, err := files.Read(path, maxList)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\uFEFF"))))
	r.TrimLeadingSpace = true
	at := func(field int, format string, args ...any) error {
		line, column := r.FieldPos(field)
		return fmt.Errorf("%s:%d:%d: %s", path, line, column, fmt.Sprintf(format, args...))
	}
	var header []string
	var index map[string]int
	var students []Student
	lines := make(map[string]int) // of names, in lower case
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return students, nil
		}
		if err != nil {
			return nil, csvError(path, err, row, header)
		}
		if index == nil {
			header = row
			if index, err = indexColumns(row, at); err != nil {
				return nil, err
			}
			continue
		}
		cell := func(column string) string {
			if i, ok := index[column]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}
		s := Student{Name: cell("name"), Repo: cell("repo"), Branches: cell("branches")}
		if s.Repo == "" {
			return nil, at(index["repo"], "the repository's path is missing")
		}
		if s.Name == "" {
			s.Name = filepath.Base(s.Repo)
		}
		if err := checkName(s.Name); err != nil {
			return nil, at(index["name"], "%v", err)
		}
		line, _ := r.FieldPos(0)
		if other, ok := lines[strings.ToLower(s.Name)]; ok {
			return nil, at(index["name"], "line %d has the name %q too: every student needs a name of their own", other, s.Name)
		}
		lines[strings.ToLower(s.Name)] = line
		if !filepath.IsAbs(s.Repo) && !strings.Contains(s.Repo, "://") {
			s.Repo = filepath.Join(filepath.Dir(path), s.Repo)
		}
		students = append(students, s)
	}
}

// csvError gives an error of a csv.Reader for a row its place, and says how many fields are wanted.
func csvError(path string, err error, row, header []string) error {
	bad, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return err
	}
	if errors.Is(err, csv.ErrFieldCount) {
		hint := ""
		if len(row) > len(header) {
			hint = "; write quotes around a field that has a comma"
		}
		return fmt.Errorf("%s:%d:%d: %s: want %d, which are %s%s", path, bad.Line, bad.Column,
			text.Plural(len(row), "field"), len(header), strings.Join(header, ", "), hint)
	}
	return fmt.Errorf("%s:%d:%d: %w", path, bad.Line, bad.Column, bad.Err)
}

// indexColumns returns the index of each column that the first row names. at makes an error about a field of the row.
func indexColumns(row []string, at func(field int, format string, args ...any) error) (map[string]int, error) {
	index := make(map[string]int)
	for i, name := range row {
		name = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(columns, name) {
			return nil, at(i, "there is no column %q%s; the columns are %s", name, text.DidYouMean(name, columns), strings.Join(columns, ", "))
		}
		if _, twice := index[name]; twice {
			return nil, at(i, "the column %s is there twice", name)
		}
		index[name] = i
	}
	if _, ok := index["repo"]; !ok {
		return nil, at(0, "the first row has no column repo; the columns are %s", strings.Join(columns, ", "))
	}
	return index, nil
}

// checkName returns an error unless a name can be that of a file.
func checkName(name string) error {
	ok := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsMark(r) || strings.ContainsRune("0123456789_.-@+ ", r)
	}
	if name == "" || len(name) > 100 || strings.HasPrefix(name, ".") || strings.IndexFunc(name, func(r rune) bool { return !ok(r) }) >= 0 {
		return fmt.Errorf("the name %q cannot name a file: want at most 100 bytes of letters, digits, spaces and _ . - @ +, and no dot at the beginning", name)
	}
	return nil
}

// ReadWeights reads the points of each stage from a YAML file with lines such as "ej5: 2". A stage that the file leaves out
// counts nothing. An empty path gives each stage a point.
func ReadWeights(path string, stages []string) (report.Weights, error) {
	weights := make(report.Weights)
	if path == "" {
		for _, stage := range stages {
			weights[stage] = 1
		}
		return weights, nil
	}
	content, err := files.Read(path, maxList)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(content, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: want a line for each stage, such as \"ej5: 2\"", path)
	}
	for key := range yamltree.RepeatedKeys(doc.Content[0]) {
		return nil, fmt.Errorf("%s:%d:%d: %s has a weight already", path, key.Line, key.Column, key.Value)
	}
	pairs := doc.Content[0].Content
	for i := 0; i < len(pairs); i += 2 {
		key, value := pairs[i], pairs[i+1]
		at := fmt.Sprintf("%s:%d:%d", path, key.Line, key.Column)
		points := 0.0
		switch {
		case !slices.Contains(stages, key.Value):
			return nil, fmt.Errorf("%s: there is no stage %q%s", at, key.Value, text.DidYouMean(key.Value, stages))
		case value.Decode(&points) != nil || !(points >= 0 && points <= 1e6): // NaN is neither
			return nil, fmt.Errorf("%s: the weight of %s is %q: want a number from 0 to 1000000", at, key.Value, value.Value)
		}
		weights[key.Value] = points
	}
	return weights, nil
}
