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
	// Separator is the character between the fields of the list's file, and of the grades. It is a comma if the list is
	// a directory.
	Separator rune
}

// Student is an entry of a class's list.
type Student struct {
	Name string // printable, and unique
	Repo string // the path of a git repository
	// Branches is the pattern of the names of the student's branches; "" is the pattern of the whole class.
	Branches string
}

// ErrNoClass is in the error for a path that is not a list of a class.
var ErrNoClass = errors.New("no list of a class")

// maxList bounds the files of lists and weights, in bytes.
const maxList = 1 << 20

// ReadList reads a class's list from path.
//
// If path is a directory, each subdirectory is the repository of a student with the subdirectory's name, in quotes if it
// has characters that do not show. So is each link that leads nowhere: that student cannot be judged. ReadList leaves out
// other files, hidden directories and the directories on the way to resultsDir, which is the Dir of Options. The
// directory may be a repository itself if one of its subdirectories is a repository.
//
// If path is a CSV file, its first row has the names of its columns: repo, a path from the directory of the file; name,
// by default the last part of that path; and branches, which may be empty.
//
// The error wraps ErrNoClass, or names a place in the CSV file.
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
		// A link may lead to a repository. A link that leads nowhere is a student who cannot be judged.
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

// resultDirectories returns the directories that belong to the results and not to students: resultsDir, its
// subdirectory for the students' pages, and the directories between the class directory dir and resultsDir. It leaves
// repositories out.
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

// directoriesBetween returns below and the directories above it, up to dir and without dir. It leaves repositories out.
// It returns nil if below is not inside of dir.
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
