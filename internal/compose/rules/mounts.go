package rules

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// IsWindowsPath reports whether a path begins with a drive of Windows, such as C:, or with two backslashes.
func IsWindowsPath(path string) bool { return windowsPath().MatchString(path) }

// windowsPath matches absolute paths of Windows, and windowsImage images of it.
var (
	windowsPath  = text.LazyRegexp(`^([A-Za-z]:|\\\\)`)
	windowsImage = regexp.MustCompile(`(?i)windows|nanoserver|servercore|dotnet/framework|\biis\b`)
)

// onWindows reports whether a service says that its containers are of Windows: by its platform, isolation or image, or by
// a mount at a drive that no volume of one letter explains.
func (j judge) onWindows() bool {
	if slices.ContainsFunc(j.s.Mounts, func(m Mount) bool {
		return IsWindowsPath(m.Target) && (IsWindowsPath(m.Source) || strings.Contains(m.Target, `\`))
	}) {
		return true
	}
	isolation := j.r.value(j.s.Body, "isolation")
	return isolation == "hyperv" || isolation == "process" || strings.HasPrefix(j.r.value(j.s.Body, "platform"), "windows") || windowsImage.MatchString(j.r.value(j.s.Body, "image"))
}

// paths finds paths of the container that are not absolute, or that cannot be a mount.
func (j judge) paths() {
	if text, at, ok := j.text("working_dir"); ok && !path.IsAbs(text) && !j.onWindows() {
		j.fault(relativeWorkingDir, at, "working_dir: %q is not absolute: begin it with /", text)
	}
	mounted := map[string]bool{}
	for at, value := range listed(j.s, "tmpfs") {
		text, ok := j.r.known(at.node)
		ok = ok && value == nil // a mapping is none
		target, _, _ := strings.Cut(text, ":")
		if ok {
			j.target(at, "tmpfs", target)
			mounted[path.Clean(target)] = true
		}
	}
	for _, m := range j.s.Mounts {
		at := place{m.At, entry([]string{"volumes"}, m.Item)}
		j.propagation(m, at)
		if m.Target != "" {
			j.target(at, "volumes", m.Target)
		}
		if mounted[path.Clean(m.Target)] {
			j.fault(invalidMount, at, "volumes: a tmpfs is mounted at %s already", m.Target)
		}
		switch {
		case m.Type == types.VolumeTypeBind && m.At.Kind == yaml.MappingNode: // the mount itself, for want of a source
			j.fault(invalidMount, at, "volumes: a bind mount needs a source")
		case m.Type == types.VolumeTypeTmpfs && m.At.Kind == yaml.ScalarNode:
			j.fault(invalidMount, at, "volumes: a tmpfs has no source")
		}
	}
}

// propagations are the modes of bind propagation that the engine knows.
var propagations = []string{"private", "rprivate", "shared", "rshared", "slave", "rslave"}

func (j judge) propagation(m Mount, at place) {
	list := yamltree.Get(j.s.Body, "volumes")
	if m.Item >= len(list.Content) {
		return
	}
	n := yamltree.Get(list.Content[m.Item], "bind", "propagation")
	if text, ok := j.r.known(n); ok && !slices.Contains(propagations, text) {
		j.unlisted(place{n, append(slices.Clip(at.path), "bind", "propagation")}, text, propagations, text)
	}
}

// target reports a mount point that the engine does not take.
func (j judge) target(at place, key, target string) {
	switch {
	case len(target) > 2 && target[1] == ':' && path.IsAbs(target[2:]) && at.node.Kind == yaml.ScalarNode && at.node.Value == target && !j.onWindows():
		j.fault(invalidMount, at, "%s: Compose takes %q for a path on a drive of Windows: give the volume a longer name", key, target)
	case !path.IsAbs(target) && !j.onWindows():
		j.fault(invalidMount, at, "%s: the path in the container, %q, is not absolute: begin it with /", key, target)
	case path.Clean(target) == "/":
		j.fault(invalidMount, at, "%s: nothing can be mounted at %s", key, target)
	}
}
