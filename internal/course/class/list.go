package class

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/course/git"
	"github.com/tp0-lab/composer/internal/files"
)

// List is a class's list.
type List struct {
	Students []Student
	// Separator is between the fields of the list's file, and of the grades; a comma if the list is a directory.
	Separator rune
}

// Student is an entry of a class's list.
type Student struct {
	Name string // printable, and unique
	Repo string // the path of a git repository
	// Branches is the pattern of the names of the student's branches; "" is that of the whole class.
	Branches string
}

// ErrNoClass is about a path that is no list of a class.
var ErrNoClass = errors.New("no list of a class")

// maxList bounds the files of lists and weights, in bytes.
const maxList = 1 << 20

// ReadList reads a class's list. A directory holds a repository for each student, whose names are those of its
// subdirectories; other files, hidden directories and those that lead to resultsDir, the Dir of Options, are left out. The
// directory may be a repository itself if one of these is. A CSV file has a first row with the names of its columns: repo, a
// path from the directory of the file; name, by default the last part of that path; and branches, which may be empty.
//
// Its error is ErrNoClass, or is about the content of a CSV file.
func ReadList(path, resultsDir string) (List, error) {
	if git.IsURL(path) {
		return List{}, fmt.Errorf("%s is %w: it is a URL; clone the repository of each student into one directory, and name that directory", path, ErrNoClass)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return List{}, fmt.Errorf("%s is %w: it is missing; name a directory with a clone for each student, or a CSV file with the columns name and repo", path, ErrNoClass)
	case err != nil:
		return List{}, fmt.Errorf("%s is %w: it cannot be read: %w", path, ErrNoClass, files.Cause(err))
	case info.IsDir():
		students, err := readDirectory(path, resultsDir)
		return List{students, ','}, err
	}
	return readCSV(path)
}

func readDirectory(dir, resultsDir string) ([]Student, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("%s is %w: it cannot be read: %w", dir, ErrNoClass, files.Cause(err))
	}
	results := resultDirectories(dir, resultsDir)
	var students []Student
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		// A link may lead to a repository. One that leads nowhere is a student who cannot be judged.
		info, err := os.Stat(path)
		if err == nil && (!info.IsDir() || slices.ContainsFunc(results, func(r os.FileInfo) bool { return os.SameFile(r, info) })) {
			continue
		}
		name := e.Name()
		if !isPrintable(name) {
			name = strconv.Quote(name)
		}
		students = append(students, Student{Name: name, Repo: path})
	}
	if isRepository(dir) && !slices.ContainsFunc(students, func(s Student) bool { return isRepository(s.Repo) }) {
		return nil, fmt.Errorf("%s is %w: it is one repository; judge it with --repo, or name the directory in which the clones of the class are", dir, ErrNoClass)
	}
	if len(students) == 0 {
		return nil, fmt.Errorf("%s is %w: it has no directories; clone the repository of each student into it, or name a CSV file with the columns name and repo", dir, ErrNoClass)
	}
	return students, nil
}

// isRepository reports whether git takes dir for the root of a repository. It reports false if git refuses dir or is missing.
func isRepository(dir string) bool {
	r, _, err := git.Find(dir)
	return r != nil && err == nil
}

// resultDirectories returns the directories of a class directory that hold no students: that of the results, its own
// subdirectory, and those between the class directory and it. It leaves repositories out.
func resultDirectories(dir, resultsDir string) []os.FileInfo {
	if resultsDir == "" {
		return nil
	}
	var found []os.FileInfo
	for _, path := range []string{resultsDir, filepath.Join(resultsDir, studentsDir)} {
		if info, err := os.Stat(path); err == nil && !isRepository(path) {
			found = append(found, info)
		}
	}
	path, err := filepath.Abs(resultsDir)
	if err != nil {
		return found
	}
	found = append(found, directoriesBetween(dir, filepath.Dir(path))...)
	if followed, err := filepath.EvalSymlinks(files.NearestDirectory(path)); err == nil && followed != path {
		found = append(found, directoriesBetween(dir, followed)...)
	}
	return found
}

// directoriesBetween returns those of below and of the directories above it that are below dir and no repositories; nil if
// below is not below dir.
func directoriesBetween(dir, below string) []os.FileInfo {
	top, err := os.Stat(dir)
	if err != nil {
		return nil
	}
	var found []os.FileInfo
	for path := below; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		switch {
		case err == nil && os.SameFile(info, top):
			return found
		case path == filepath.Dir(path):
			return nil
		case err == nil && !isRepository(path):
			found = append(found, info)
		}
	}
}
