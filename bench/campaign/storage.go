//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// smallDisk starts the server on a small file system of its own, at the first accident of the round.
func (r *round) smallDisk() error {
	if r.figures.accidents > 1 {
		return nil
	}
	r.server.kill()
	before := r.data + ".before"
	if err := errors.Join(os.Rename(r.data, before), os.Mkdir(r.data, 0o755)); err != nil {
		return err
	}
	if err := syscall.Mount("tmpfs", r.data, "tmpfs", 0, "size=8m"); err != nil {
		return fmt.Errorf("%w: a small file system needs root: %w", errSkipped, err)
	}
	if err := os.CopyFS(r.data, os.DirFS(before)); err != nil {
		return err
	}
	return r.startServer()
}

// fill fills the file system for a while. Sometimes it kills the server meanwhile.
func (r *round) fill() error {
	if err := r.smallDisk(); err != nil {
		return err
	}
	ballast, err := os.Create(filepath.Join(r.data, "ballast"))
	if err != nil {
		return err
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = ballast.Write(block)
	}
	_ = ballast.Close()
	r.wait()
	killed := r.random.IntN(3) == 0
	if killed {
		r.server.kill()
	}
	if err := os.Remove(ballast.Name()); err != nil || !killed {
		return err
	}
	return r.startServer()
}

// readOnly starts the server on a file system that is read-only for a while.
func (r *round) readOnly() error {
	if err := r.smallDisk(); err != nil {
		return err
	}
	remount := func(flags uintptr) error { return syscall.Mount("", r.data, "", syscall.MS_REMOUNT|flags, "") }
	r.server.kill()
	err := remount(syscall.MS_RDONLY)
	if err == nil {
		err = r.startServer()
	}
	r.wait()
	return errors.Join(err, remount(0))
}

func (r *round) wait() { r.sleep(50 + r.random.IntN(300)) }

// standing calls change while the server stands still, with each of its threads: one that is in a write finishes that
// first.
func (r *round) standing(change func() error) error {
	r.server.signal(syscall.SIGSTOP)
	defer r.server.signal(syscall.SIGCONT)
	for {
		running := false
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", r.server.cmd.Process.Pid))
		for _, t := range threads {
			text, _ := os.ReadFile(t)
			_, state, _ := strings.Cut(string(text), ") ")
			running = running || !strings.HasPrefix(state, "T")
		}
		if err = errors.Join(err, r.ctx.Err()); err != nil {
			return err
		}
		if !running {
			return change()
		}
		r.sleep(1)
	}
}

// file returns one of the files or their directory, or "" if it is not there yet.
func (r *round) file() string {
	path := filepath.Join(r.data, []string{"", "bets.csv", "bets.csv", "bets.csv.draw"}[r.random.IntN(4)])
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// takeAway takes bets.csv, bets.csv.draw or their directory away, or empties or replaces a file, and brings it back.
func (r *round) takeAway() error {
	path := r.file()
	switch {
	case path == "":
		return nil
	case path == r.data || r.random.IntN(2) == 0:
		err := os.Rename(path, path+".away")
		r.wait()
		return errors.Join(err, os.Rename(path+".away", path))
	}
	// The copy has all that was stored, so the server stands still meanwhile.
	var content []byte
	err := r.standing(func() (err error) {
		if content, err = os.ReadFile(path); err != nil || len(content) == 0 {
			return err // emptied or not, it is the same, and the server may go on at once
		}
		switch r.random.IntN(3) {
		case 0:
			return os.Remove(path)
		case 1:
			return os.Truncate(path, 0)
		default:
			return errors.Join(os.WriteFile(path+".new", []byte("another file\n"), 0o644), os.Rename(path+".new", path))
		}
	})
	if len(content) == 0 {
		return err
	}
	r.wait()
	return errors.Join(err, os.WriteFile(path+".new", content, 0o644), os.Rename(path+".new", path))
}

// link puts a link, a hard link or a copy in the place of a file or of the directory, touches it or changes its mode: none of
// them is another file.
func (r *round) link() error {
	path := r.file()
	if path == "" {
		return nil
	}
	r.links++
	other := fmt.Sprintf("%s.%d", path, r.links)
	linked := func() error { return errors.Join(os.Rename(path, other), os.Symlink(other, path)) }
	if path == r.data {
		if r.random.IntN(2) == 0 {
			return linked()
		}
		return r.standing(func() error {
			return errors.Join(os.CopyFS(other, os.DirFS(path)), os.Rename(path, other+".old"), os.Rename(other, path))
		})
	}
	switch r.random.IntN(4) {
	case 0:
		return errors.Join(os.Link(path, other), os.Rename(other, path))
	case 1:
		return os.Chmod(path, 0o400)
	case 2:
		return os.Chtimes(path, time.Unix(1, 0), time.Unix(1<<33, 0))
	default:
		return r.standing(func() error {
			content, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(other, content, 0o644), os.Rename(other, path))
		})
	}
}
