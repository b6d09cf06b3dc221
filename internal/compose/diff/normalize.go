package diff

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// Normalize returns the project that Compose would make of a file in dir, as YAML in one notation: long forms, sorted
// keys, and sorted lists where the order means nothing. Variables have their values from environment. The project has
// the services of the profiles that COMPOSE_PROFILES in environment names or, if it names none, of all profiles. It has
// no keys that begin with x-. If read is true, the variables and labels in the files of env_file and label_file are in
// it; otherwise these files are not read and may be missing. Relative paths begin in dir. Projects without a name all
// get the same name. An error about the file is a *load.Error, which names the file.
func Normalize(ctx context.Context, file Text, dir string, environment map[string]string, read bool) (Text, error) {
	// Messages name files as the user does: from here, or from dir, and not from the root.
	p, err := project.Read([]*project.File{{Name: file.Name, Text: []byte(file.Content)}}, project.Options{Dir: dir, Environment: environment})
	if err != nil {
		return file, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return file, err
	}
	made, err := p.Load(ctx, load.Options{
		Dir: dir, Environment: environment, Profiles: project.ProfilesOrAll(environment), Project: "unnamed", Resolve: read,
	})
	if refused, ok := errors.AsType[*load.Error](err); ok {
		refused.Message = strings.ReplaceAll(refused.Message, dir+string(filepath.Separator), "")
	}
	if err != nil {
		return file, err
	}
	made.Extensions = nil
	for name, s := range made.Services {
		if read {
			s.EnvFiles, s.LabelFiles = nil, nil // load.Load has read them
		}
		simplify(&s)
		made.Services[name] = s
	}
	content, err := made.MarshalYAML(types.WithSecretContent)
	if err == nil {
		content, err = relative(content, dir)
	}
	file.Content = string(content)
	return file, err
}

// simplify gives a service one notation where compose-go keeps two that mean the same.
func simplify(s *types.ServiceConfig) {
	s.Extensions = nil
	if s.Restart == types.RestartPolicyNo {
		s.Restart = ""
	}
	replicas := s.GetScale()
	if s.Scale = nil; replicas != 1 {
		s.Scale = &replicas
	}
	simplifyDeploy(s)
	simplifyDefaults(s)
	simplifyFiles(s)
	for _, u := range s.Ulimits {
		if u.Single != 0 {
			u.Soft, u.Hard, u.Single = u.Single, u.Single, 0
		}
	}
	for i := range s.Volumes {
		v := &s.Volumes[i]
		v.Volume = nonZero(v.Volume)
		if v.Bind != nil && reflect.DeepEqual(*v.Bind, types.ServiceVolumeBind{CreateHostPath: true}) {
			v.Bind = nil
		}
	}
	for _, list := range [][]string{
		s.CapAdd, s.CapDrop, s.DeviceCgroupRules, s.Expose, s.ExternalLinks, s.GroupAdd, s.Links, s.Profiles, s.SecurityOpt, s.Tmpfs,
	} {
		slices.Sort(list)
	}
	for name, n := range s.Networks {
		if s.Networks[name] = nonZero(n); n != nil {
			slices.Sort(n.Aliases)
		}
	}
	for name, m := range s.Models {
		s.Models[name] = nonZero(m)
	}
	if s.Build != nil {
		slices.Sort(s.Build.Tags)
		slices.Sort(s.Build.Platforms)
		sortByText(s.Build.Secrets)
	}
	slices.SortStableFunc(s.Volumes, func(a, b types.ServiceVolumeConfig) int { return cmp.Compare(a.Target, b.Target) })
	slices.SortStableFunc(s.Ports, func(a, b types.ServicePortConfig) int {
		return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.Published, b.Published), cmp.Compare(a.HostIP, b.HostIP), cmp.Compare(a.Protocol, b.Protocol))
	})
	sortByText(s.Configs)
	sortByText(s.Secrets)
	sortByText(s.Devices)
}

// simplifyDefaults leaves out what is so without it.
func simplifyDefaults(s *types.ServiceConfig) {
	if h := s.HealthCheck; h != nil && (h.Disable || len(h.Test) > 0 && h.Test[0] == "NONE") {
		s.HealthCheck = &types.HealthCheckConfig{Disable: true}
	}
	if s.Attach != nil && *s.Attach {
		s.Attach = nil
	}
	if s.Develop != nil && len(s.Develop.Watch) == 0 {
		s.Develop = nil
	}
	for i, link := range s.Links {
		if name, alias, _ := strings.Cut(link, ":"); name == alias {
			s.Links[i] = name
		}
	}
	for i, port := range s.Expose {
		s.Expose[i] = strings.TrimSuffix(port, "/tcp")
	}
}

// simplifyDeploy takes out of deploy what a service's own keys say in one word.
func simplifyDeploy(s *types.ServiceConfig) {
	d := s.Deploy
	if d == nil {
		return
	}
	d.Replicas = nil
	if d.Mode == "replicated" {
		d.Mode = ""
	}
	if limits := d.Resources.Limits; limits != nil {
		s.CPUS, limits.NanoCPUs = cmp.Or(float32(limits.NanoCPUs), s.CPUS), 0
		s.MemLimit, limits.MemoryBytes = cmp.Or(limits.MemoryBytes, s.MemLimit), 0
		s.PidsLimit, limits.Pids = cmp.Or(limits.Pids, s.PidsLimit), 0
		d.Resources.Limits = nonZero(limits)
	}
	if reserved := d.Resources.Reservations; reserved != nil {
		s.MemReservation, reserved.MemoryBytes = cmp.Or(reserved.MemoryBytes, s.MemReservation), 0
		d.Resources.Reservations = nonZero(reserved)
	}
	s.Deploy = nonZero(d)
}

// simplifyFiles gives configs and secrets the paths that they have in the container.
func simplifyFiles(s *types.ServiceConfig) {
	for i := range s.Configs {
		s.Configs[i].Target = cmp.Or(s.Configs[i].Target, "/"+s.Configs[i].Source)
	}
	for i := range s.Secrets {
		if target := cmp.Or(s.Secrets[i].Target, s.Secrets[i].Source); !strings.HasPrefix(target, "/") {
			s.Secrets[i].Target = "/run/secrets/" + target
		}
	}
}

// nonZero returns p, or nil if it points to a zero value.
func nonZero[T any](p *T) *T {
	if p != nil && reflect.ValueOf(*p).IsZero() {
		return nil
	}
	return p
}

func sortByText[T any](list []T) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// relative returns a YAML document whose scalars that are paths below dir begin with ".".
func relative(content []byte, dir string) ([]byte, error) {
	root, err := yamltree.Parse(content)
	if err != nil {
		return nil, err
	}
	for n := range yamltree.All(root) {
		if rest, ok := strings.CutPrefix(n.Value, dir); ok && n.Kind == yaml.ScalarNode && (rest == "" || rest[0] == '/') {
			n.SetString("." + rest)
		}
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err = encoder.Encode(root)
	return out.Bytes(), err
}
