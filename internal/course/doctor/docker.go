package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// why says in a few words why a program gave no answer.
func (e *examination) why(name string, err error) string {
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return name + " is not there"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s gave no answer within %v", name, e.limit)
	default:
		return fmt.Sprintf("%s: %v", name, err)
	}
}

// docker asks for the engine, which the checks behind it need.
func (e *examination) docker() []Finding {
	out, err := e.ask("docker", "version", "--format", "{{.Server.Version}}")
	finding := Finding{"docker", Problem, "", ""}
	switch {
	case err == nil && out != "" && out != "<no value>":
		e.engine = true
		finding = Finding{"docker", OK, "engine " + out, ""}
	case errors.Is(err, exec.ErrNotFound):
		finding.Status = Warning
		finding.Found = "docker is not there: no containers; `composer render`, `run` and `verify` work without"
		finding.Next = "install Docker Engine, https://docs.docker.com/engine/install"
	case errors.Is(err, context.DeadlineExceeded):
		finding.Found = e.why("docker", err)
		finding.Next = "see whether the engine hangs, and start it anew: `systemctl restart docker`; --timeout gives it longer"
	case err != nil && strings.Contains(strings.ToLower(err.Error()), "permission denied"):
		finding.Found = "the engine is there, and you may not use it"
		finding.Next = "`sudo usermod -aG docker $USER`, and log in again"
	case err != nil:
		finding.Found = "no engine: " + err.Error()
		finding.Next = "start it: `systemctl start docker`, or Docker Desktop; `docker context ls` says which one is meant"
	default:
		finding.Found = "the engine does not say its version"
		finding.Next = "see what `docker version` says"
	}
	return []Finding{finding}
}

func (e *examination) compose() []Finding {
	const install = "install the plugin, https://docs.docker.com/compose/install/linux"
	out, err := e.ask("docker", "compose", "version", "--short")
	if err != nil {
		found := e.why("docker compose", err)
		if _, old := e.ask("docker-compose", "version", "--short"); old == nil {
			found += "; there is a docker-compose, which the lab does not use"
		}
		return []Finding{{"compose", Problem, found, install}}
	}
	if version := strings.TrimPrefix(out, "v"); strings.HasPrefix(version, "1.") || version == "" {
		return []Finding{{"compose", Problem, fmt.Sprintf("version %q, and the files need 2 or later", version), install}}
	}
	return []Finding{{"compose", OK, strings.TrimPrefix(out, "v"), ""}}
}

func (e *examination) buildx() []Finding {
	out, err := e.ask("docker", "buildx", "version")
	if err != nil {
		return []Finding{{"buildkit", Warning, e.why("docker buildx", err) + ": images are built by the old builder, more slowly", "install the plugin, https://docs.docker.com/build"}}
	}
	version := out
	if words := strings.Fields(out); len(words) > 1 {
		version = words[1]
	}
	return []Finding{{"buildkit", OK, "buildx " + version, ""}}
}

// images looks for those of the lab and that of the echo check.
func (e *examination) images() []Finding {
	out, err := e.ask("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}")
	if err != nil {
		return []Finding{{"images", Warning, e.why("docker image ls", err), ""}}
	}
	have := strings.Fields(out)
	var wanted, missing []string
	if e.lab.Project != nil {
		for _, s := range e.lab.Project.Services {
			if name := tagged(s.Image); s.Image != "" && !slices.Contains(wanted, name) {
				wanted = append(wanted, name)
			}
		}
	}
	slices.Sort(wanted)
	for _, name := range wanted {
		if !slices.Contains(have, name) {
			missing = append(missing, name)
		}
	}
	images := Finding{"images", OK, "all are there: " + strings.Join(wanted, ", "), ""}
	if len(missing) > 0 {
		images = Finding{"images", Warning, "not there: " + strings.Join(missing, ", "), "`make docker-image` builds the lab's, which `make docker-compose-up` does, too; others are pulled when they are needed"}
		if e.lab.Bundle != "" {
			images.Next = "`docker compose up` pulls those of a registry; build the others"
		}
	}
	if e.lab.Bundle != "" && len(wanted) == 0 {
		return nil
	}
	if e.lab.Bundle != "" { // validar-echo-server.sh is for the built-in one
		return []Finding{images}
	}
	netcat := Finding{"netcat", OK, e.lab.Netcat, ""}
	if !slices.Contains(have, tagged(e.lab.Netcat)) {
		netcat = Finding{"netcat", Warning, e.lab.Netcat + " is not there: the first validar-echo-server.sh has to pull it", "`docker pull " + e.lab.Netcat + "`"}
	}
	if len(wanted) == 0 {
		return []Finding{netcat}
	}
	return []Finding{images, netcat}
}

// tagged is an image's name as Docker lists it.
func tagged(image string) string {
	image = strings.TrimPrefix(strings.TrimPrefix(image, "docker.io/"), "library/")
	if !strings.Contains(image[strings.LastIndexByte(image, '/')+1:], ":") {
		image += ":latest"
	}
	return image
}

// names looks for containers that have the names of the lab's.
func (e *examination) names() []Finding {
	if e.lab.Project == nil {
		return nil
	}
	out, err := e.ask("docker", "ps", "-a", "--format", `{"Name":{{json .Names}},"Project":{{json (.Label "com.docker.compose.project")}}}`)
	if err != nil {
		return []Finding{{"containers", Warning, e.why("docker ps", err), ""}}
	}
	var taken []string
	own := 0
	for line := range strings.Lines(out) {
		var c struct{ Name, Project string }
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			return []Finding{{"containers", Warning, fmt.Sprintf("docker ps says %q", line), ""}}
		}
		if c.Project == e.lab.Project.Name {
			own++
			continue
		}
		for _, s := range e.lab.Project.Services {
			if s.ContainerName != "" && s.ContainerName == c.Name {
				taken = append(taken, c.Name)
			}
		}
	}
	if len(taken) > 0 {
		slices.Sort(taken)
		return []Finding{{"containers", Problem, "names are taken: " + strings.Join(taken, ", "), "remove those containers: `docker rm -f " + strings.Join(taken, " ") + "`, or `docker compose down` where they come from"}}
	}
	found := "their names are free"
	if own > 0 {
		found = fmt.Sprintf("%d of this project are there", own)
	}
	return []Finding{{"containers", OK, found, ""}}
}
