package doctor

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// why says in a few words why a program gave no answer.
func (e *examination) why(name string, err error) string {
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return name + " is not installed"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s gave no answer within %v", name, e.limit)
	default:
		return fmt.Sprintf("%s: %v", name, err)
	}
}

// docker asks for the engine's version, and so whether the checks that need the engine can run.
func (e *examination) docker() []Finding {
	f := Finding{"docker", Problem, "", ""}
	out, err := e.ask("docker", "version", "--format", "{{.Server.Version}}")
	switch {
	case err == nil && out != "" && out != "<no value>":
		e.engine = true
		f.Status, f.Found = OK, "engine "+out
	case err == nil:
		f.Found, f.Next = "the engine does not say its version", "see what `docker version` says"
	case errors.Is(err, exec.ErrNotFound):
		f.Status = Warning
		f.Found = e.why("docker", err) + ": no containers; `composer render`, `run` and `verify` work without Docker"
		f.Next = "install Docker Engine, https://docs.docker.com/engine/install"
	case errors.Is(err, context.DeadlineExceeded):
		f.Found = e.why("docker", err)
		f.Next = "restart the engine if it hangs: `systemctl restart docker`; --timeout waits longer"
	case strings.Contains(strings.ToLower(err.Error()), "permission denied"):
		f.Found, f.Next = "you may not use the engine", "`sudo usermod -aG docker $USER`, and log in again"
	default:
		f.Found = "no engine: " + err.Error()
		f.Next = "start it: `systemctl start docker`, or Docker Desktop; `docker context ls` marks the engine that is used"
	}
	return []Finding{f}
}

func (e *examination) compose() []Finding {
	out, err := e.ask("docker", "compose", "version", "--short")
	if err != nil {
		found := e.why("docker compose", err)
		if _, old := e.ask("docker-compose", "version", "--short"); old == nil {
			found += "; the lab does not use the docker-compose that is installed"
		}
		return []Finding{{"compose", Problem, found, "install the plugin, https://docs.docker.com/compose/install/linux"}}
	}
	return []Finding{{"compose", OK, strings.TrimPrefix(out, "v"), ""}}
}

func (e *examination) buildx() []Finding {
	out, err := e.ask("docker", "buildx", "version")
	if err != nil {
		return []Finding{{"buildkit", Warning, e.why("docker buildx", err) + ": the old builder builds images more slowly", "install the plugin, https://docs.docker.com/build"}}
	}
	return []Finding{{"buildkit", OK, "buildx " + strings.TrimPrefix(out, "github.com/docker/buildx "), ""}}
}

// images looks for the images of the lab's services and, for the built-in lab, for that of validar-echo-server.sh.
func (e *examination) images() []Finding {
	out, err := e.ask("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
	if err != nil {
		return []Finding{{"images", Warning, e.why("docker image ls", err), ""}}
	}
	have := strings.Fields(out)
	var findings []Finding
	if wanted := e.wantedImages(); len(wanted) > 0 {
		images := Finding{"images", OK, "all are there: " + strings.Join(wanted, ", "), ""}
		missing := slices.DeleteFunc(wanted, func(name string) bool { return slices.Contains(have, name) })
		if len(missing) > 0 {
			images.Status, images.Found = Warning, "missing: "+strings.Join(missing, ", ")
			images.Next = "`make docker-image` builds the lab's images, and so does `make docker-compose-up`; Docker pulls others when it needs them"
			if !e.Exists("services/server/Dockerfile") {
				images.Next = "`make docker-image` builds the lab's images, in a clone of https://github.com/tp0-lab/composer"
			}
			if e.lab.Bundle != "" {
				images.Next = "`docker compose up` pulls the images of a registry; build the others"
			}
		}
		findings = append(findings, images)
	}
	if e.lab.Bundle != "" {
		return findings
	}
	netcat := Finding{"netcat", OK, e.lab.Netcat, ""}
	if !slices.Contains(have, tagged(e.lab.Netcat)) {
		netcat.Status, netcat.Next = Warning, "`docker pull "+e.lab.Netcat+"`"
		netcat.Found += " is missing: the first validar-echo-server.sh has to pull it"
	}
	return append(findings, netcat)
}

// wantedImages returns the images of the services, sorted.
func (e *examination) wantedImages() []string {
	var wanted []string
	if e.lab.Project != nil {
		for _, s := range e.lab.Project.Services {
			if s.Image != "" {
				wanted = append(wanted, tagged(s.Image))
			}
		}
	}
	slices.Sort(wanted)
	return slices.Compact(wanted)
}

// tagged returns an image's name as Docker lists it.
func tagged(image string) string {
	image = strings.TrimPrefix(strings.TrimPrefix(image, "docker.io/"), "library/")
	if !strings.Contains(image[strings.LastIndexByte(image, '/')+1:], ":") {
		image += ":latest"
	}
	return image
}

// containers looks for containers of other projects that have the names of the lab's.
func (e *examination) containers() []Finding {
	out, err := e.ask("docker", "ps", "-a", "--format", `{{.Names}} {{.Label "com.docker.compose.project"}}`)
	if err != nil {
		return []Finding{{"containers", Warning, e.why("docker ps", err), ""}}
	}
	names := map[string]bool{}
	for _, s := range e.lab.Project.Services {
		names[s.ContainerName] = true
	}
	var taken []string
	own := 0
	for line := range strings.Lines(out) {
		name, project, _ := strings.Cut(strings.TrimSpace(line), " ")
		if project == e.lab.Project.Name {
			own++
		} else if names[name] {
			taken = append(taken, name)
		}
	}
	if len(taken) > 0 {
		slices.Sort(taken)
		return []Finding{{"containers", Problem, "names are taken: " + strings.Join(taken, ", "), "remove those containers: `docker rm -f " + strings.Join(taken, " ") + "`, or `docker compose down` in their own project"}}
	}
	found := "the names are free"
	if own > 0 {
		found = text.Plural(own, "container") + " of this project found"
	}
	return []Finding{{"containers", OK, found, ""}}
}
