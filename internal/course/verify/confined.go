package verify

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // scripts/Dockerfile
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/text"
)

//go:embed scripts/Dockerfile
var scriptDockerfile []byte

// confined runs the scripts of a checkout in containers.
type confined struct {
	image string
	user  string // UID:GID
	own   int    // the user and group that own the site's tree; 0 leaves the owner unchanged
	home  string // a directory for the caches of the scripts
}

// Limits of a script in a container. A script of the course's kind ends within a second, and one that builds a Go
// program within a minute.
const (
	confinedLimit  = 2 * time.Minute
	confinedMemory = "1g"
	confinedPids   = "256"
	confinedFile   = "1073741824" // bytes
)

// stranger is the user of the scripts in their containers if composer runs as root.
const stranger = 1000

// newConfined finds or makes the image for scripts.
func newConfined(ctx context.Context, o Options, home string) (*confined, error) {
	c := &confined{image: o.ScriptImage, home: home, user: fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())}
	switch {
	case rootless(ctx):
		c.user = "0:0" // root of the container is this user, with no more rights
	case os.Getuid() <= 0: // root, or Windows
		c.own, c.user = stranger, fmt.Sprintf("%d:%[1]d", stranger)
	}
	var err error
	if c.image == "" {
		c.image, err = buildScriptImage(ctx, o)
	} else if docker(ctx, stepLimit, "image", "inspect", c.image).finish() != nil {
		err = docker(ctx, buildLimit, "pull", "-q", c.image).finish()
	}
	if err != nil {
		return nil, fmt.Errorf("scripts of a checkout run in a container, and there is no image for it: name one that has bash with --script-image, "+
			"or run the scripts as you on this machine with --trust: %w", err)
	}
	return c, os.Mkdir(home, 0o755)
}

func rootless(ctx context.Context) bool {
	out, err := docker(ctx, stepLimit, "info", "--format", "{{.SecurityOptions}}").output(maxOutput)
	return err == nil && bytes.Contains(out, []byte("rootless"))
}

// scriptImages is held while the image for scripts is built, because the runs of a class share the image.
var scriptImages sync.Mutex

// buildScriptImage returns the name of the built-in image for scripts. The first run builds the image, and later runs
// find it.
func buildScriptImage(ctx context.Context, o Options) (string, error) {
	sum := sha256.Sum256(scriptDockerfile)
	name := "composer-scripts:" + hex.EncodeToString(sum[:6])
	scriptImages.Lock()
	defer scriptImages.Unlock()
	if docker(ctx, stepLimit, "image", "inspect", name).finish() == nil {
		return name, nil
	}
	if o.Building != nil {
		o.Building("scripts, once for all runs")
	}
	build := docker(ctx, buildLimit, "build", "-t", name, "-")
	build.Stdin = bytes.NewReader(scriptDockerfile)
	return name, build.finish()
}

// run runs a program in the directory of a site, without a network.
func (c *confined) run(ctx context.Context, limit time.Duration, s *site, p confinedProgram) error {
	if err := c.give(s); err != nil {
		return err
	}
	id := make([]byte, 4)
	_, _ = rand.Read(id) // it never fails
	name := "composer-verify-script-" + hex.EncodeToString(id)
	run := docker(ctx, limit, c.arguments(name, s.dir, p)...)
	defer run.cancel()
	run.Stdout, run.Stderr = p.stdout, p.stderr
	begin := time.Now()
	err := run.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	// The end of docker's own process does not end the container.
	_ = docker(context.WithoutCancel(ctx), stepLimit, "rm", "-f", name).finish() // the container is gone, or was never made
	switch failed, ended := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() != nil:
		return ctx.Err()
	case time.Since(begin) >= limit:
		return fmt.Errorf("%s hangs: it is stopped after %v", strings.Join(p.arguments, " "), limit)
	case ended && failed.ExitCode() == noContainer:
		return engineError{fmt.Errorf("docker cannot create the container for the script: %w", err)}
	}
	return fmt.Errorf("%s: %w", strings.Join(p.arguments, " "), err)
}

// arguments returns the arguments with which docker runs a program in a directory.
func (c *confined) arguments(name, dir string, p confinedProgram) []string {
	return slices.Concat([]string{
		"run", "--rm", "--name", name, "--pull", "never", "--log-driver", "none", "--network", "none", "--user", c.user,
		"--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--tmpfs", "/tmp:exec",
		"--pids-limit", confinedPids, "--memory", confinedMemory, "--memory-swap", confinedMemory, "--ulimit", "fsize=" + confinedFile, "--ulimit", "core=0",
		"--mount", bind(dir, c.place(dir)), "--mount", bind(c.home, "/home/script"), "-e", "HOME=/home/script", "-e", "GOTOOLCHAIN=local",
		"-w", c.place(dir), "--entrypoint", p.arguments[0],
	}, p.options, []string{c.image}, p.arguments[1:])
}

// confinedProgram is a program for a container.
type confinedProgram struct {
	arguments      []string // with the program's name
	options        []string // of docker run
	stdout, stderr io.Writer
}

// noContainer is the exit code of `docker run` if the engine cannot make the container.
const noContainer = 125

// engineError is trouble with the engine.
type engineError struct{ error }

// bind returns the option of a mount of a directory, which the container may write to.
func bind(from, to string) string {
	quote := func(field string) string { return `"` + strings.ReplaceAll(field, `"`, `""`) + `"` }
	return "type=bind," + quote("src="+from) + "," + quote("dst="+to)
}

// place returns the path in the container of a directory of this machine. It is the same path, so that a script can
// mount the directory; on Windows it is /work.
func (c *confined) place(dir string) string {
	if runtime.GOOS == "windows" {
		return "/work"
	}
	return dir
}

// give makes the user of the scripts the owner of a site's tree.
func (c *confined) give(s *site) error {
	if c.own == 0 || runtime.GOOS == "windows" {
		return nil
	}
	if err := os.Chown(c.home, c.own, c.own); err != nil {
		return err
	}
	return fs.WalkDir(s.root.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return s.root.Lchown(name, c.own, c.own)
	})
}

// withSocket returns the options of `docker run` that let a script talk to the engine.
func (c *confined) withSocket(ctx context.Context) ([]string, error) {
	const inside = "/var/run/docker.sock"
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		out, err := docker(ctx, stepLimit, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").output(maxOutput)
		if err != nil {
			return nil, err
		}
		host = strings.TrimSpace(string(out))
	}
	if runtime.GOOS != "linux" && !strings.HasPrefix(host, "tcp:") && !strings.HasPrefix(host, "ssh:") {
		// The engine is in a virtual machine, and its socket there belongs to root.
		return []string{"--mount", bind(inside, inside), "--user", "0:0"}, nil
	}
	socket, local := strings.CutPrefix(host, "unix://")
	if !local {
		return nil, fmt.Errorf("the engine is at %s, and only a socket of this machine can be given to a script: `--trust` runs it on this machine", host)
	}
	options := []string{"--mount", bind(socket, inside)}
	if group, ok := groupOf(socket); ok {
		options = append(options, "--group-add", strconv.Itoa(group))
	}
	return options, nil
}

// lacks matches messages of programs that need something that the container does not have.
var lacks = text.LazyRegexp(`(?i)(?:command )?not found$|no module named|cannot connect to the docker daemon|docker\.sock|name resolution|` +
	`could not resolve|network is unreachable|dial tcp|read-only file system|cannot fork|resource temporarily unavailable|cannot allocate memory|` +
	`file size limit exceeded|file too large|requires go >=|(?:^|\s)killed\b`)

// netcat matches programs that a script must not need on the machine: the course forbids it.
var netcat = regexp.MustCompile(`\b(?:nc|ncat|netcat|telnet)\b`)

// bashOnly matches messages of other shells about builtins that only bash has. No container can provide these, so the
// script is at fault.
var bashOnly = regexp.MustCompile(`(?:\[\[|\b(?:source|declare|typeset|shopt|let|readarray|mapfile|pushd|popd|function)): (?:command )?not found$`)

// lackIn returns the first line of an output that says that the script misses something in its container, or "" if no
// line does.
func lackIn(output string) string {
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if lacks().MatchString(line) && !netcat.MatchString(line) && !bashOnly.MatchString(line) {
			return line
		}
	}
	return ""
}

// lackError says that a script misses something in its container, so that its failure proves nothing.
type lackError struct{ line string }

func (e lackError) Error() string {
	return fmt.Sprintf("a script may need what its container lacks (%s): give it an image that has it with --script-image, or run the scripts as you on this machine with --trust",
		text.Short(text.Line(e.line), 200))
}
