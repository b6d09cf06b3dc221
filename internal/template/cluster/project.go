package cluster

import (
	"fmt"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// network is what the drawing of a cluster calls the network of all pods.
const network = "cluster"

// Project returns Kubernetes manifests as a Compose project to be drawn: a service for each Job, Deployment, StatefulSet,
// DaemonSet and Pod, with the image of its first container, the number of its pods and its mounts. It fails for a text
// that is not YAML.
func Project(content []byte) (*types.Project, error) {
	var p problems
	roots := p.parse(content)
	if len(p) > 0 {
		return nil, fmt.Errorf("%d:%d: %s", p[0].Line, p[0].Column, p[0].Message)
	}
	project := &types.Project{
		Name: network, Services: types.Services{}, Networks: types.Networks{network: {}},
		Volumes: types.Volumes{}, Configs: types.Configs{}, Secrets: types.Secrets{},
	}
	for _, root := range roots {
		spec := yamltree.Get(root, "spec")
		pod, count := yamltree.Get(spec, "template", "spec"), yamltree.Text(spec, "replicas")
		switch yamltree.Text(root, "kind") {
		case "Job":
			count = yamltree.Text(spec, "completions")
		case "Pod":
			pod = spec
		case "Deployment", "StatefulSet", "DaemonSet":
		default:
			continue
		}
		name := yamltree.Text(root, "metadata", "name")
		one := types.ServiceConfig{Name: name}
		one.Networks = map[string]*types.ServiceNetworkConfig{network: nil}
		if n, err := strconv.Atoi(count); err == nil && n != 1 {
			one.Deploy = &types.DeployConfig{Replicas: &n}
		}
		volumes := map[string]*yaml.Node{}
		for v := range yamltree.Items(yamltree.Get(pod, "volumes")) {
			volumes[yamltree.Text(v, "name")] = v
		}
		for container := range yamltree.Items(yamltree.Get(pod, "containers")) {
			if one.Image == "" {
				one.Image = yamltree.Text(container, "image")
			}
			for mount := range yamltree.Items(yamltree.Get(container, "volumeMounts")) {
				addMount(project, &one, mount, volumes[yamltree.Text(mount, "name")])
			}
		}
		project.Services[name] = one
	}
	return project, nil
}

// addMount adds a mount of a container. v is its volume, or nil for a claim that each pod has of its own.
func addMount(project *types.Project, service *types.ServiceConfig, mount, v *yaml.Node) {
	own := types.ServiceVolumeConfig{Type: types.VolumeTypeVolume, Source: yamltree.Text(mount, "name"), Target: yamltree.Text(mount, "mountPath"), ReadOnly: yamltree.Text(mount, "readOnly") == "true"}
	switch {
	case yamltree.Get(v, "configMap") != nil:
		name := yamltree.Text(v, "configMap", "name")
		project.Configs[name] = types.ConfigObjConfig{}
		service.Configs = append(service.Configs, types.ServiceConfigObjConfig{Source: name, Target: own.Target})
		return
	case yamltree.Get(v, "secret") != nil:
		name := yamltree.Text(v, "secret", "secretName")
		project.Secrets[name] = types.SecretConfig{}
		service.Secrets = append(service.Secrets, types.ServiceSecretConfig{Source: name, Target: own.Target})
		return
	case yamltree.Get(v, "hostPath") != nil:
		own.Type, own.Source = types.VolumeTypeBind, yamltree.Text(v, "hostPath", "path")
	case yamltree.Get(v, "persistentVolumeClaim") != nil:
		own.Source = yamltree.Text(v, "persistentVolumeClaim", "claimName")
	}
	if own.Type == types.VolumeTypeVolume {
		project.Volumes[own.Source] = types.VolumeConfig{}
	}
	service.Volumes = append(service.Volumes, own)
}
