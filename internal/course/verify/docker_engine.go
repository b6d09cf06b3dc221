package verify

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/files"
)

// dockerEngine runs each lab in a Compose project of its own, from images that it builds and removes.
type dockerEngine struct {
	name    string // prefix of the names of images and projects
	now     func() time.Time
	began   func(image string) // called before each build with the image
	single  *sync.Mutex        // held by a lab with names or addresses that only one lab of a machine can have
	slots   Slots              // of the run
	compose []string           // the command line of Compose

	mu     sync.Mutex // guards the fields below
	images map[string]*image
	labs   int // number of labs so far
	// building is the time during which at least one build was running. The current such time began at buildsSince.
	building    time.Duration
	builds      int // number of running builds
	buildsSince time.Time
}

func newDockerEngine(ctx context.Context, o Options) (*dockerEngine, error) {
	compose, err := findCompose(ctx)
	if err != nil {
		return nil, fmt.Errorf("docker compose does not work here: %w", err)
	}
	if err := docker(ctx, askLimit, "version", "--format", "{{.Server.Version}}").finish(); err != nil {
		return nil, fmt.Errorf("the Docker engine does not answer: %w", err)
	}
	id := make([]byte, 4)
	_, _ = rand.Read(id) // it never fails
	return &dockerEngine{
		name: "composer-verify-" + hex.EncodeToString(id), images: make(map[string]*image), now: o.Now, began: o.Building, single: o.Single, slots: o.Slots,
		compose: compose,
	}, nil
}

// askLimit bounds a command that asks about Docker itself.
const askLimit = 20 * time.Second

// findCompose returns the command line of Compose. It prefers the program of Docker's plugin, because `docker compose`
// starts three programs and takes more than twice the processor time. If docker is a script, findCompose returns
// `docker compose`, because the script may choose an engine that the plugin's program would not know.
func findCompose(ctx context.Context) ([]string, error) {
	if !isScript("docker") {
		const format = `{{range .ClientInfo.Plugins}}{{if eq .Name "compose"}}{{.Path}}{{end}}{{end}}`
		out, err := docker(ctx, askLimit, "info", "--format", format).output(maxOutput)
		path := strings.TrimSpace(string(out))
		if err == nil && path != "" && !isScript(path) && command(ctx, askLimit, path, "version", "--short").finish() == nil {
			return []string{path}, nil
		}
	}
	return []string{"docker", "compose"}, docker(ctx, askLimit, "compose", "version", "--short").finish()
}

// isScript reports whether a program is a script, or cannot be read.
func isScript(name string) bool {
	path, err := exec.LookPath(name)
	if err != nil {
		return true
	}
	f, err := files.Open(path, os.O_RDONLY)
	if err != nil {
		return true
	}
	defer f.Close()
	var begin [2]byte
	_, err = io.ReadFull(f, begin[:])
	return err != nil || string(begin[:]) == "#!"
}

func (e *dockerEngine) build(ctx context.Context, s *site) error {
	_, err := e.imagesOf(ctx, s)
	return err
}

func (e *dockerEngine) close(ctx context.Context) error {
	remove := []string{"rmi", "-f"}
	for _, built := range e.images {
		if built.built && built.err == nil && !slices.Contains(remove, built.name) {
			remove = append(remove, built.name)
		}
	}
	if len(remove) == 2 {
		return nil
	}
	return docker(ctx, stepLimit, remove...).finish()
}
