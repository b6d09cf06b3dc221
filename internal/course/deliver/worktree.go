package deliver

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5"
)

// dirty returns the paths in which index or work tree differ from HEAD, sorted, as `git status` names them: a folder
// without tracked files is one path that ends in a slash. It asks git itself, whose settings and attributes decide
// which files differ. Git does not write its index.
func (r *repository) dirty() ([]string, error) {
	tree, err := r.Worktree()
	if err != nil {
		return nil, err
	}
	root := tree.Filesystem.Root()
	out, err := exec.Command("git", "--no-optional-locks", "--git-dir="+filepath.Join(root, git.GitDirName), "--work-tree="+root,
		"status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal").Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("git status: %s", strings.TrimSpace(string(failed.Stderr)))
	}
	if err != nil {
		return nil, err
	}
	var paths []string
	for entry := range strings.SplitSeq(string(out), "\x00") {
		if len(entry) > 3 { // two letters of status and a space come before the path
			paths = append(paths, entry[3:])
		}
	}
	slices.Sort(paths)
	return paths, nil
}
