package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// OutsideError is the error of New for a mount that leads out of Options.Inside.
type OutsideError struct {
	Service, Source string
	// Leads is the path outside of Inside: Source with its links followed, or the target of a link below Source.
	Leads  string
	Inside string
}

// Error names the service, the mount and where it leads.
func (e *OutsideError) Error() string {
	leads := ""
	if e.Leads != e.Source {
		leads = ", which leads to " + e.Leads
	}
	return fmt.Sprintf("service %q mounts %s%s: that is outside of %s, and the service could read, change and empty it", e.Service, e.Source, leads, e.Inside)
}

// checkInside returns an *OutsideError if a mount, or a link below it, leads out of a directory.
func checkInside(services []Service, dir string) error {
	inside, err := filepath.Abs(dir)
	if err == nil {
		inside, err = filepath.EvalSymlinks(inside)
	}
	if err != nil {
		return fmt.Errorf("find the directory of the project: %w", err)
	}
	look := outsideSearch{inside: inside, seen: make(map[string]bool)}
	for _, s := range services {
		for _, f := range s.Files {
			outside, err := look.leadsOut(f.Source)
			if err != nil {
				return fmt.Errorf("service %q: look at %s: %w", s.Name, f.Source, err)
			}
			if outside != "" {
				return &OutsideError{Service: s.Name, Source: f.Source, Leads: outside, Inside: inside}
			}
		}
	}
	return nil
}

// outsideSearch looks for paths that lead out of a directory.
type outsideSearch struct {
	inside string
	seen   map[string]bool // directories that were looked at
}

// leadsOut returns the path outside that a path, or a link below it, leads to, or "". It follows links to directories.
func (s *outsideSearch) leadsOut(path string) (outside string, err error) {
	target, err := resolve(path)
	if err != nil || !isWithin(target, s.inside) {
		return target, err
	}
	if info, err := os.Stat(target); err != nil || !info.IsDir() || s.seen[target] {
		return "", nil //nolint:nilerr // a file that is missing is reported where it is mounted
	}
	err = filepath.WalkDir(target, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return filepath.SkipDir // what cannot be read here, the services cannot read either
		}
		switch {
		case d.IsDir() && s.seen[path]:
			return filepath.SkipDir
		case d.IsDir():
			s.seen[path] = true
		case d.Type() == fs.ModeSymlink:
			if _, err := resolve(path); err != nil {
				return nil //nolint:nilerr // it leads nowhere: in a circle, or where nobody may look
			}
			if outside, err = s.leadsOut(path); outside != "" {
				return filepath.SkipAll
			}
		}
		return err
	})
	return outside, err
}

// resolve returns a path without links. Of a path that does not exist it resolves what does, because a service could
// create the rest.
func resolve(path string) (string, error) {
	rest := ""
	for range 1000 { // links can lead in circles, of which EvalSymlinks has an error
		target, err := filepath.EvalSymlinks(path)
		if err == nil {
			return filepath.Join(target, rest), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		if to, err := os.Readlink(path); err == nil { // a link to nothing
			if !filepath.IsAbs(to) {
				to = filepath.Join(filepath.Dir(path), to)
			}
			path = to
			continue
		}
		rest = filepath.Join(filepath.Base(path), rest)
		path = filepath.Dir(path)
	}
	return "", errors.New("too many links")
}

// isWithin reports whether a path is a directory or below it. Both are absolute and have no links.
func isWithin(path, dir string) bool {
	relative, err := filepath.Rel(dir, path)
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}
