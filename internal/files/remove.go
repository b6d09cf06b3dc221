package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// RemoveAll is os.RemoveAll. If that fails on Windows, as it does on file systems that cannot remove an open file by
// its handle, RemoveAll removes the names one by one. Links are not followed. dir must be the caller's own, so that
// nobody else changes it meanwhile.
func RemoveAll(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil || runtime.GOOS != "windows" {
		return err
	}
	return removeNames(dir)
}

// removeNames removes dir and all files in it, name by name, deepest first. Links are not followed.
func removeNames(dir string) error {
	var names []string
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			names = append(names, path)
		}
		return nil
	})
	var errs []error
	for _, name := range slices.Backward(names) {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
