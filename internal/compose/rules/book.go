// Package rules is the rule book for what Compose files say across services and networks: names, addresses, ports
// and subnets that containers cannot share or cannot have. Lint applies it to files, and render to its documents.
package rules

// Severity says how bad a broken rule is.
type Severity string

// The severities. Compose or Docker refuses a file with an Error. A Warning is most likely a mistake. A Note is
// something to know.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Rule is a rule that a Compose file can break.
type Rule struct {
	Name     string   `json:"name"` // lower-case words with dashes
	Severity Severity `json:"severity"`
	// What says in half a sentence what is wrong.
	What string `json:"what"`
	// Why says in whole sentences why that matters.
	Why string `json:"why"`
}

// Specification is the rule for what compose-go refuses to read. It is not in Book: package lint applies it to the
// whole file.
var Specification = Rule{
	Name: "specification", Severity: Error, What: "the Compose specification does not allow it",
	Why: "Compose refuses the file: an unknown key, a value of the wrong type, a text that is no port, size or duration. The schema is that of compose-go, the loader that Compose is made of.",
}

// Book is the rules of this package.
var Book = []Rule{
	invalidContainerName, duplicateContainerName, duplicateHostname, scaledContainerName, duplicatePort,
	scaledPort, duplicateAddress, invalidAddress, scaledAddress, invalidSubnet,
	subnetTooSmall, bridgeFull, subnetOverlap, subnetInDefaultPool,
}

var (
	invalidContainerName = Rule{
		"invalid-container-name", Error, "Docker does not take a `container_name`",
		"Docker takes letters, digits, `_`, `.` and `-`, at least two of them, the first a letter or digit: `Invalid container name`.",
	}
	duplicateContainerName = Rule{
		"duplicate-container-name", Error, "two services have the same `container_name`",
		"Names of containers are unique on a host: Docker refuses the second one, after the first has started. Services of different profiles may share one.",
	}
	duplicateHostname = Rule{
		"duplicate-hostname", Warning, "two services have the same `hostname`",
		"In a common network the name stands for both, and answers come from either. For that, give both the same alias.",
	}
	scaledContainerName = Rule{
		"scaled-container-name", Error, "a service with a `container_name` has several containers",
		"Only one container can have the name, so Compose refuses `scale` or `replicas` of more than one.",
	}
	duplicatePort = Rule{
		"duplicate-port", Error, "two services publish the same port of the host",
		"Docker starts the first one and fails at the second: `port is already allocated`. Services of different profiles may share one, and any may have the same range for one port of theirs, as Docker takes one of it that is free.",
	}
	scaledPort = Rule{
		"scaled-port", Warning, "a service with several containers publishes one port of the host",
		"Only the first container gets it. Leave the host's port out, and Docker takes a free one for each, or give a range.",
	}
	duplicateAddress = Rule{
		"duplicate-address", Error, "two services ask for the same address",
		"Docker refuses the second one: `Address already in use`.",
	}
	invalidAddress = Rule{
		"invalid-address", Error, "a container cannot have the address it asks for",
		"It is no IP address, in no subnet of its network, the gateway's, or the first or last one of a subnet. Docker says so only when the container starts.",
	}
	scaledAddress = Rule{
		"scaled-address", Error, "a service with several containers asks for one address",
		"Only the first container gets it.",
	}
	invalidSubnet = Rule{
		"invalid-subnet", Error, "a subnet is not written as address/bits",
		"Docker refuses to make the network. An example of a subnet is 172.25.125.0/24; its address is the first one in it.",
	}
	subnetTooSmall = Rule{
		"subnet-too-small", Error, "a network's subnet has no room for its containers",
		"Of a subnet, the first and last address and the gateway's are not for containers. Docker starts containers until there are no more: `no available IPv4 addresses`.",
	}
	bridgeFull = Rule{
		"bridge-full", Error, "a bridge network has more containers than a Linux bridge has ports",
		"The kernel takes 1023 (BR_MAX_PORTS, less one). The ones after that fail to start: `exchange full`.",
	}
	subnetOverlap = Rule{
		"subnet-overlap", Error, "subnets overlap",
		"Docker refuses to make the second network: `Pool overlaps with other one on this address space`.",
	}
	subnetInDefaultPool = Rule{
		"subnet-in-default-pool", Note, "a subnet is one that Docker hands out itself",
		"Docker takes the subnets of networks that ask for none from 172.17.0.0/16 … 172.31.0.0/16 and 192.168.0.0/16. If it has given this one away, the network cannot be made.",
	}
)
