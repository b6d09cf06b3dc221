package rules

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

// Project has the parts of a Compose project that the rules look at. Unknown values are "".
type Project struct {
	Services []Service
	Networks []Network
	// Root is the node that Read was called with, or nil.
	Root *yaml.Node
	// Partial says that another file may define parts that Root lacks.
	Partial bool
	// Extended says that the services in Root already contain what they extend. A service that could not be extended
	// has been reported already.
	Extended bool
	// File is the path by which the services of the file may extend others of the same file, or "".
	File string
	// Profiles are the enabled profiles. "*" enables all.
	Profiles []string

	reader reader
}

// Service is a service of a project.
type Service struct {
	Name, Container, Hostname string
	// Scale is how many containers the service has.
	Scale int
	// Profiles are sorted.
	Profiles []string
	Networks []Attachment
	Ports    []Port
	Mounts   []Mount
	// Key and Body are the nodes that Read has read, or nil.
	Key, Body *yaml.Node

	faults []fault // of the body
	chosen bool    // one of the profiles that are enabled
}

// fault is a rule that a service breaks on its own.
type fault struct {
	rule Rule
	place
	message string
}

// Mount is an entry of a service's volumes.
type Mount struct {
	// Item is the entry's index in the service's list.
	Item int
	// Type is as Compose calls it: bind, volume, tmpfs, …
	Type, Source, Target string
	// At is the node of the source, or of the entry.
	At *yaml.Node
}

// Attachment is a network of a service, with the addresses that the service asks for.
type Attachment struct{ Network, IPv4, IPv6 string }

// Port is a range of ports of the host, from First to Last, of which Docker takes one for a port of the container. An
// entry of a service's ports is a Port for each port of the container.
type Port struct {
	// Item is the entry's index in the service's list.
	Item              int
	Protocol, Address string
	First, Last       int
}

// Network is a network that a project defines.
type Network struct {
	Name string
	// Driver is "" for Docker's default, which is a bridge.
	Driver   string
	External bool
	// Complete says that the network has no subnets besides Subnets.
	Complete bool
	Subnets  []Subnet

	faults []fault
}

// Subnet is an item of a network's ipam.config.
type Subnet struct {
	Item          int // the index in ipam.config
	Text, Gateway string
	// Range is the part of the subnet from which containers get addresses.
	Range string
	// Auxiliary are addresses that the network's driver takes, by name.
	Auxiliary map[string]string
}

// Complete reports whether the service has an image, a build or a provider, and extends no other service. Otherwise the
// extended service or another file has to have them, or the service is an error.
func (s *Service) Complete() bool {
	return yamltree.Get(s.Body, "extends") == nil && slices.ContainsFunc([]string{"image", "build", "provider"}, func(key string) bool { return yamltree.Get(s.Body, key) != nil })
}

// enabled reports whether a service is up by the enabled profiles.
func (p *Project) enabled(s *Service) bool {
	return len(s.Profiles) == 0 || slices.ContainsFunc(p.Profiles, func(name string) bool { return name == "*" || slices.Contains(s.Profiles, name) })
}

// together reports whether both services can be up at the same time. Services of different profiles are alternatives,
// unless both are enabled.
func together(a, b *Service) bool {
	if len(a.Profiles) == 0 || len(b.Profiles) == 0 || a.chosen && b.chosen {
		return true
	}
	for _, profile := range a.Profiles {
		if _, ok := slices.BinarySearch(b.Profiles, profile); ok {
			return true
		}
	}
	return false
}

// holders remembers which services have a key.
type holders[K comparable] map[K][]*Service

// take returns another service that has key and can be up at the same time as s.
// Without such a service it returns nothing, and s has key from now on, unless s has no container.
func (h holders[K]) take(key K, s *Service) (other *Service, taken bool) {
	const most = 16 // services of different profiles that are remembered
	if s.Scale == 0 {
		return nil, false // it has no container
	}
	for _, other := range h[key] {
		if together(other, s) {
			return other, true
		}
	}
	if len(h[key]) < most {
		h[key] = append(h[key], s)
	}
	return nil, false
}
