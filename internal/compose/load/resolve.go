package load

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/files"
)

// maxVariables is the limit for a file of env_file or label_file, in bytes.
const maxVariables = 4 << 20

// resolveFiles adds the variables and labels of env_file and label_file to the services. compose-go opens those files
// without looking: a pipe would hold it, and a device has no end. So they are looked at before.
func resolveFiles(project *types.Project) (*types.Project, error) {
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		service := project.Services[name]
		specs := []types.ContainerSpec{service.ContainerSpec}
		for _, hook := range service.PreStart {
			specs = append(specs, hook.ContainerSpec)
		}
		for _, spec := range specs {
			for _, file := range spec.EnvFiles {
				if err := mustBeVariables(name, "env_file", file.Path); err != nil {
					return nil, err
				}
			}
			for _, file := range spec.LabelFiles {
				if err := mustBeVariables(name, "label_file", file); err != nil {
					return nil, err
				}
			}
		}
	}
	resolved, err := project.WithServicesEnvironmentResolved(false)
	if err != nil {
		return nil, err
	}
	return resolved.WithServicesLabelsResolved(false)
}

// mustBeVariables returns an error for a file that is there and cannot be a file of variables.
func mustBeVariables(service, key, name string) error {
	if name == os.DevNull {
		return nil
	}
	f, err := files.Open(name, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // compose-go says so, unless the file is not required
	}
	if err == nil {
		defer f.Close()
		var info fs.FileInfo
		if info, err = f.Stat(); err == nil && info.Size() > maxVariables {
			err = fmt.Errorf("%w: more than %d MiB", files.ErrTooLarge, maxVariables>>20)
		}
	}
	if err != nil {
		return fmt.Errorf("%s %s of service %q: %w", key, name, service, files.Cause(err))
	}
	return nil
}
