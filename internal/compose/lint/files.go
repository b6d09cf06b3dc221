package lint

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
)

var fileRules = []Rule{
	rules.New("missing-mount-source", Warning, "a service mounts a path that does not exist",
		"Docker makes a directory in its place, which belongs to root. The finding is a note if the name looks like that of a directory, unless `create_host_path: false` makes Docker refuse the container. Only relative paths are looked for; absolute paths are those of the machine where containers run."),
	rules.New("missing-file", Error, "a file that Compose reads does not exist",
		"It is an `env_file`, a `label_file`, what is included or extended, the `file` of a config or secret, or a seccomp profile; Compose fails without it. Only relative paths are looked for. `composer render` only warns of such a file: it may be written after the document."),
}

func checkFiles(d *document) {
	there := map[string]bool{} // paths that were looked for
	look := func(severity Severity, rule, what string, at *yaml.Node, path string) {
		if path == "" || filepath.IsAbs(path) || strings.HasPrefix(path, "~") || rules.IsWindowsPath(path) {
			return
		}
		if _, seen := there[path]; seen || d.wrong[at] {
			return // reported once, if it was
		}
		_, err := os.Stat(filepath.Join(d.Dir, path))
		there[path] = err == nil
		if err != nil {
			d.in(at).reportAs(severity, rule, at.Line, at.Column, "%s: %s: %v", what, path, files.Cause(err))
		}
	}
	for _, s := range d.project.Services {
		for _, m := range s.Mounts {
			if m.Type == types.VolumeTypeBind {
				severity := Note
				if looksLikeFile(m.Source) || refusesMissing(s.Body, m.Item) {
					severity = Warning
				}
				look(severity, "missing-mount-source", "service "+s.Name, m.At, m.Source)
			}
		}
	}
	for f := range d.project.Files() {
		if !f.Composed || !d.merged { // or the project has looked for it
			look(Error, "missing-file", f.Owner, f.At, f.Path)
		}
	}
}

// looksLikeFile reports whether a path ends in the name of a file, such as nginx.conf and .env, and not in that of a
// directory, such as data, conf.d, .cache and v1.2.
func looksLikeFile(path string) bool {
	name := filepath.Base(path)
	if name == ".env" || strings.HasPrefix(name, ".env.") || slices.Contains([]string{"Caddyfile", "Dockerfile", "Makefile"}, name) {
		return !strings.HasSuffix(path, "/")
	}
	extension := filepath.Ext(strings.TrimLeft(name, "."))
	return extension != ".d" && strings.ContainsFunc(extension, unicode.IsLetter) && !strings.HasSuffix(path, "/")
}

// refusesMissing reports whether an item of a service's volumes has Docker refuse a source that does not exist.
func refusesMissing(body *yaml.Node, item int) bool {
	volumes := yamltree.Get(body, "volumes")
	return volumes != nil && item < len(volumes.Content) && value(volumes.Content[item], "bind", "create_host_path") == "false"
}
