package class

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/files"
)

// CheckResults returns an error if the results of students cannot go into dir: writable refuses it, a directory has the
// name of a file, a file would replace one of the inputs, or dir is in the repository of a student. CheckResults makes
// no file and no directory.
func CheckResults(dir string, students []Student, inputs []string, writable func(dir string) error) error {
	for _, d := range []string{dir, filepath.Join(dir, studentsDir)} {
		if err := writable(files.NearestDirectory(filepath.Clean(d))); err != nil {
			return fmt.Errorf("no file can be written in %s: %w", d, files.Cause(err))
		}
	}
	for _, name := range resultFiles {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case err != nil: // it is made
		case info.IsDir():
			return fmt.Errorf("%s is a directory, and the results have a file of that name", path)
		case slices.ContainsFunc(inputs, func(input string) bool {
			other, err := os.Stat(input)
			return err == nil && os.SameFile(info, other)
		}):
			return fmt.Errorf("the results would replace %s, which is read: name another directory", path)
		}
	}
	at, err := realPath(files.NearestDirectory(filepath.Clean(dir)))
	if err != nil {
		return err
	}
	for _, s := range students {
		repo, err := realPath(s.Repo)
		if err == nil && strings.HasPrefix(at+string(filepath.Separator), repo+string(filepath.Separator)) {
			return fmt.Errorf("%s is in the repository of %s: name a directory outside of it", dir, s.Name)
		}
	}
	return nil
}

// realPath returns the absolute path with all links followed.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}
