package doctor

import (
	"maps"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/text"
)

// files looks for the host's files that services mount.
func (e *examination) files() Finding {
	exists := map[string]bool{}
	for _, service := range e.lab.Project.Services {
		for _, v := range service.Volumes {
			if v.Type == types.VolumeTypeBind {
				exists[v.Source] = e.Exists(v.Source)
			}
		}
	}
	missing := slices.Sorted(maps.Keys(exists))
	missing = slices.DeleteFunc(missing, func(source string) bool { return exists[source] })
	if len(missing) == 0 {
		return Finding{"files", OK, text.Plural(len(exists), "mounted file") + ", none missing", ""}
	}
	found := "missing: " + text.FirstNames(missing)
	f := Finding{"files", Problem, found, "provide these files, or remove their mounts"}
	if commands := local.Provide(missing); commands != nil {
		f.Next = strings.Join(commands, ", ")
	}
	if !e.engine {
		f.Status, f.Found = Warning, found+": containers need these files; `composer run` invents agency files"
	}
	return f
}
