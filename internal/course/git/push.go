package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Change moves a branch.
type Change struct {
	Ref      string // refs/heads/…
	Old, New string // commits; Old is "" for a branch that does not exist
}

// Push copies the objects that the changes need from r to the repository at dir, as one new pack, and makes the changes
// to its branches: all of them or, with an error, none (git-push(1), --atomic). It is an error if a branch is no longer
// at the Old of its Change. If r is a partial clone, git fetches what r lacks. base is the commit that the changes
// build on; if r is shallow, so is the history in the repository at dir.
func (r *Repository) Push(ctx context.Context, dir, base string, changes []Change) error {
	args := []string{"--atomic"}
	for _, c := range changes {
		args = append(args, "--force-with-lease="+c.Ref+":"+c.Old)
	}
	args = append(args, "--", dir)
	for _, c := range changes {
		args = append(args, c.New+":"+c.Ref)
	}
	if _, err := os.Stat(filepath.Join(r.Common, "shallow")); err != nil || dir == r.Dir {
		return r.push(ctx, args)
	}
	// Git moves one branch only in the push that makes a history shallow, so that push is of another name.
	const once = "refs/composer/base"
	if err := r.push(ctx, []string{"--", dir, base + ":" + once}); err != nil {
		return err
	}
	err := r.push(ctx, append(args, ":"+once))
	if err != nil {
		err = errors.Join(err, r.push(context.WithoutCancel(ctx), []string{"--", dir, ":" + once}))
	}
	return err
}

func (r *Repository) push(ctx context.Context, args []string) error {
	receive := "git -c core.hooksPath=" + os.DevNull + " -c core.filesRefLockTimeout=2000 -c core.packedRefsTimeout=2000" +
		" -c receive.shallowUpdate=true -c receive.unpackLimit=1 -c receive.autogc=false receive-pack"
	c := r.command(ctx, append([]string{
		"-c", "protocol.file.allow=always", "push", "--porcelain", "--no-verify", "--no-signed", "--recurse-submodules=no", "--receive-pack=" + receive,
	}, args...)...)
	out, err := c.Output()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	failed, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return err
	}
	return fmt.Errorf("git push: %w", reason(string(out), string(failed.Stderr)))
}

// reason returns why a push failed, from what git wrote to stdout and stderr.
func reason(out, words string) error {
	var why []string
	for line := range strings.Lines(words) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "remote: "))
		if strings.HasPrefix(line, "fatal: ") || strings.HasPrefix(line, "error: ") && !strings.HasPrefix(line, "error: failed to push") {
			why = append(why, line)
		}
	}
	// A line is: flag, tab, from:to, tab, summary (git-push(1), OUTPUT).
	for line := range strings.Lines(out) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if len(fields) != 3 || fields[0] != "!" || strings.Contains(fields[2], "atomic") {
			continue // it failed since another one did
		}
		_, ref, _ := strings.Cut(fields[1], ":")
		branch := strings.TrimPrefix(ref, "refs/heads/")
		if strings.Contains(fields[2], "stale info") {
			return fmt.Errorf("write the branch %s: it has changed meanwhile: try again", branch)
		}
		why = append(why, branch+" "+fields[2])
	}
	if why == nil {
		why = []string{strings.TrimSpace(words)}
	}
	return errors.New(strings.Join(why, "; "))
}
