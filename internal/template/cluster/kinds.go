package cluster

import (
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// unchecked are kinds of Kubernetes's own groups whose fields composer does not know, by group.
var unchecked = map[string][]string{
	"":                          {"Binding", "ComponentStatus", "Event", "Node", "PodTemplate", "ReplicationController"},
	"apps":                      {"ControllerRevision"},
	"batch":                     nil,
	"autoscaling":               {"Scale"},
	"networking.k8s.io":         {"IngressClass", "IPAddress", "ServiceCIDR"},
	"policy":                    {"Eviction"},
	"rbac.authorization.k8s.io": nil,
	"storage.k8s.io":            {"CSIDriver", "CSINode", "CSIStorageCapacity", "VolumeAttachment", "VolumeAttributesClass"},
}

func groupOf(version string) string {
	group, _, found := strings.Cut(version, "/")
	if !found {
		return ""
	}
	return group
}

// ownKinds returns the kinds of a version's group, if composer knows all kinds of it.
func (m *manifests) ownKinds(version string) ([]string, bool) {
	group := groupOf(version)
	more, own := unchecked[group]
	names := slices.Clone(more)
	for object := range m.types.objects {
		of, kind, _ := strings.Cut(object, " ")
		if groupOf(of) == group {
			names = append(names, kind)
		}
	}
	for _, name := range slices.Clone(names) {
		names = append(names, name+"List")
	}
	slices.Sort(names)
	return names, own
}

// nearestKind is the end of a message: the kind that was most likely meant.
func nearestKind(kind string, names []string) string {
	for _, name := range names {
		if strings.EqualFold(name, kind) {
			return ": write kind: " + name
		}
	}
	return text.DidYouMean(kind, names)
}

// isList reports whether a kind is a list of objects: List, or that of a kind that composer knows.
func (m *manifests) isList(version, kind string) bool {
	item, list := strings.CutSuffix(kind, "List")
	return version == "v1" && kind == "List" || list && m.types.objects[version+" "+item] != ""
}
