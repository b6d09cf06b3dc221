package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/services"
	"github.com/tp0-lab/composer/templates"
)

// site is a directory with a copy of a project.
type site struct {
	stage string
	dir   string
	// parent is a directory that holds only dir, and that close removes with dir. For this project it is "".
	parent string
	// source is the directory from which images are built. For a branch it is the exported tree, which has no files of
	// scenarios.
	source *os.Root
	tree   string            // hash of the files that images are built from; "" for this project, whose stages share images
	images map[string]string // by service; nil before the first build
	// serverConfig and clientConfig are the paths of the configuration files, from dir.
	serverConfig, clientConfig string
	maxAmount                  int    // batch.maxAmount in a branch; 0 without one
	shipped                    []byte // the Compose file in a branch, which the branch's script may edit; nil without one
	ours                       bool   // this project, with variables and log lines that the course does not ask for
	builtIn                    bool   // composer itself renders, because there is no script or no bash
	temporary                  bool   // close removes the site's directory
	// root is an os.Root of dir: no link of a checkout leads a write through root out of dir.
	root *os.Root
	// scripts runs the project's scripts in containers; nil runs them on this machine.
	scripts *confined
	lack    string // the first line of output that says that a script misses something in its container; "" without one
	port    int    // on which the server is configured to listen
}

const composeFile = "docker-compose-dev.yaml"

// maxFile is the limit for a file of a project, in bytes. The files of a solution are a thousand times smaller, except
// the agencies' files.
const maxFile = 256 << 20

// generate writes the Compose file. Before a branch's script runs, the branch's own Compose file is in its place, as in
// the course's public tests.
func (s *site) generate(ctx context.Context, n int) error {
	if err := s.root.Remove(composeFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the Compose file: %w", err)
	}
	if s.shipped != nil {
		if err := s.write(composeFile, s.shipped); err != nil {
			return fmt.Errorf("put the branch's Compose file back: %w", err)
		}
	}
	if s.builtIn {
		return s.render(n)
	}
	return s.script(ctx, composeFile, n)
}

// trusted is held while a checkout's script runs on this machine, because the script may use a fixed name for a
// temporary file.
var trusted sync.Mutex

// script runs generar-compose.sh, which writes the file out for n clients.
func (s *site) script(ctx context.Context, out string, n int) error {
	if s.scripts != nil {
		return s.confinedScript(ctx, out, n)
	}
	if !s.ours {
		trusted.Lock()
		defer trusted.Unlock()
	}
	script := command(ctx, scriptLimit, "bash", "generar-compose.sh", out, strconv.Itoa(n))
	script.Dir = s.dir
	script.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "COMPOSER_") })
	if s.ours {
		script.Env = append(script.Env, "COMPOSER_STAGE="+s.stage)
	}
	begin := time.Now()
	var printed ending
	script.Stdout, script.Stderr = &printed, &printed
	defer script.cancel()
	err := script.explain(script.Run(), &printed)
	if time.Since(begin) >= scriptLimit {
		return fmt.Errorf("generar-compose.sh %s %d hangs: it is stopped after %v", out, n, scriptLimit)
	}
	if err != nil {
		return err
	}
	if err = s.wrote(out, n); err == nil {
		return nil
	}
	if line := lackIn(printed.String()); line != "" {
		return fmt.Errorf("generar-compose.sh may need what this machine lacks (%s): %w", line, exec.ErrNotFound)
	}
	return err
}

// wrote returns an error if the script has written no file, or an empty file.
func (s *site) wrote(out string, n int) error {
	info, err := os.Stat(filepath.Join(s.dir, out))
	switch {
	case err == nil && info.Size() == 0:
		return fmt.Errorf("generar-compose.sh %s %d: it has written an empty file", out, n)
	case err != nil:
		return fmt.Errorf("generar-compose.sh %s %d: it has written no such file", out, n)
	}
	return nil
}

// confinedScript is script in a container. If the script fails and misses something in the container, the error is a
// lackError.
func (s *site) confinedScript(ctx context.Context, out string, n int) error {
	var printed ending
	err := s.scripts.run(ctx, confinedLimit, s, confinedProgram{
		arguments: []string{"bash", "generar-compose.sh", out, strconv.Itoa(n)}, stdout: &printed, stderr: &printed,
	})
	if err == nil {
		err = s.wrote(out, n)
	}
	if line := lackIn(string(printed.text)); line != "" {
		s.lack = cmp.Or(s.lack, line)
		if err != nil && ctx.Err() == nil {
			return lackError{line}
		}
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, &printed)
	}
	return nil
}

func (s *site) render(n int) error {
	b, err := bundle.Open(templates.FS)
	if err != nil {
		return err
	}
	engine, err := render.New(b)
	if err != nil {
		return err
	}
	doc, err := engine.Render(s.stage, n)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, composeFile), doc.Bytes, 0o644)
}

func (s *site) close() error {
	if !s.temporary {
		return nil
	}
	var err error
	if s.root != nil {
		err = s.root.Close()
	}
	return errors.Join(err, files.RemoveAll(cmp.Or(s.parent, s.dir)))
}

// locate finds the configuration files in the course's layout or in this project's.
func (s *site) locate() (err error) {
	if s.root, err = os.OpenRoot(s.dir); err != nil {
		return err
	}
	s.serverConfig, s.clientConfig = "server/config.ini", "client/config.yaml"
	if _, err := os.Stat(filepath.Join(s.dir, "server")); err != nil {
		s.serverConfig, s.clientConfig = "services/"+s.serverConfig, "services/"+s.clientConfig
	}
	return nil
}

// sites makes the sites of a run.
type sites struct {
	dir      string    // parent of all sites
	repo     *repo     // nil: this project
	scripts  *confined // runs the scripts of repo; nil runs them on this machine
	root     string    // root of this project; "" if the working directory is outside of it
	composer string    // the path of a composer program for bin/, or ""
	janitor  *local.Janitor

	mu       sync.Mutex // guards the fields below
	exported map[string]*exported
	causes   map[string]string // the scenario that failed first, by its stage and the reason, which other scenarios of the stage share
}

func newSites(o Options) (_ *sites, err error) {
	s := &sites{exported: make(map[string]*exported), causes: make(map[string]string)}
	if s.dir, err = os.MkdirTemp("", "composer-verify-"); err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.janitor, err = local.NewJanitor(o.Service, s.dir); err != nil {
		return nil, err
	}
	if o.Repo != "" {
		s.repo, err = openRepo(o.Repo, o.Branches)
		return s, err
	}
	s.root = findRoot()
	if s.root == "" && o.Docker {
		return nil, errors.New("docker builds images, and there is no project here to build them from: run this in composer's own directory, or name a checkout with --repo")
	}
	if o.Composer == "" {
		return s, nil
	}
	s.composer = filepath.Join(s.dir, "composer")
	program, err := files.ReadRegular(o.Composer, maxFile)
	if err == nil {
		err = os.WriteFile(s.composer, program, 0o755)
	}
	if err == nil {
		// The program is newer than every source, so generar-compose.sh does not build it again.
		later := time.Now().Add(time.Hour)
		err = os.Chtimes(s.composer, later, later)
	}
	return s, err
}

func (s *sites) close() error {
	for _, b := range s.exported {
		if b.root != nil {
			_ = b.root.Close() // only a handle
		}
	}
	err := files.RemoveAll(s.dir)
	if s.janitor != nil {
		err = errors.Join(err, s.janitor.Close())
	}
	return err
}

// open returns a site for a stage. The caller closes it.
func (s *sites) open(ctx context.Context, stage string) (*site, error) {
	if s.repo != nil {
		return s.openBranch(ctx, stage)
	}
	dir, err := os.MkdirTemp(s.dir, stage+"-")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	_, noShell := exec.LookPath("bash") // Windows may have no bash; then composer renders in place of the script
	site := &site{stage: stage, dir: dir, ours: true, temporary: true, builtIn: s.root == "" || noShell != nil}
	if site.builtIn {
		err = unpackConfigs(dir)
	} else {
		err = s.copyProject(dir)
	}
	if err != nil {
		return nil, errors.Join(err, site.close())
	}
	err = site.locate()
	site.source = site.root
	return site, err
}

func unpackConfigs(dir string) error {
	for name, text := range map[string][]byte{"services/server/config.ini": services.ServerConfig, "services/client/config.yaml": services.ClientConfig} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// notCopied are the paths in a project's directory that do not belong to the project.
var notCopied = []string{".git", "bin", ".data", composeFile, ".stage"}

// copyProject copies the project without its tests: no stage needs them, and they are half of the files.
func (s *sites) copyProject(dir string) error {
	err := filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(s.root, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, name)
		switch {
		case slices.Contains(notCopied, name), d.Name() == "testdata", strings.HasSuffix(name, "_test.go"):
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(to, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(target, to)
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := files.ReadRegular(path, maxFile)
		if err != nil {
			return err
		}
		return os.WriteFile(to, text, info.Mode().Perm())
	})
	if err == nil && s.composer != "" {
		if err = os.Mkdir(filepath.Join(dir, "bin"), 0o755); err == nil {
			err = os.Link(s.composer, filepath.Join(dir, "bin", "composer"))
		}
	}
	if err != nil {
		return fmt.Errorf("copy the project: %w", err)
	}
	return nil
}

// findRoot returns the root of this project above the working directory, or "".
func findRoot() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		text, err := files.ReadRegular(filepath.Join(dir, "go.mod"), maxFile)
		if err == nil && strings.HasPrefix(string(text), "module github.com/tp0-lab/composer\n") {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}
