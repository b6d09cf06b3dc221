// Package rules is the rule book for values of a Compose file that have to fit together across its services and
// networks: names, addresses, ports and subnets that containers cannot share or cannot have. Package lint applies it to
// files, and package check to rendered documents.
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
	// Set is the name of the set that has to be on for the rule to apply, or "" for a rule that is always on.
	Set string `json:"set,omitempty"`
}

// New returns a rule of no set.
func New(name string, severity Severity, what, why string) Rule {
	return Rule{Name: name, Severity: severity, What: what, Why: why}
}

// Specification is the rule that a file breaks if compose-go refuses to read it. It is not in Book: package lint
// applies it to the whole file.
var Specification = New("specification", Error, "the Compose specification does not allow it",
	"Compose refuses the file: an unknown key, a value of the wrong type, a text that is no port, size or duration. The schema is that of compose-go, the loader that Compose is made of.")

// Book is the rules of this package, in the order in which they are declared.
var Book []Rule

// rule declares a rule of Book.
func rule(name string, severity Severity, what, why string) Rule {
	r := New(name, severity, what, why)
	Book = append(Book, r)
	return r
}

var (
	unlistedValue = rule("unlisted-value", Error, "a value is not in the specification's list",
		"Compose takes it, and Docker refuses it when it makes the container or the service: `invalid restart policy`. If Compose itself checks the value, the finding has the rule `specification`.")
	undefinedNetwork = rule("undefined-network", Error, "a service is on a network that is not defined",
		"Compose refuses the file. Only the network `default` needs no definition.")
	undefinedVolume = rule("undefined-volume", Error, "a service mounts a volume that is not defined",
		"Compose refuses the file. A source with no `./` or `/` at its beginning is a volume, not a path: the `./` is often forgotten.")
	undefinedService = rule("undefined-service", Error, "a service needs another one that is not defined",
		"Compose refuses the file: in `depends_on`, even with `required: false`, in `links`, `volumes_from`, `extends`, a build's `additional_contexts`, and in a namespace that is `service:NAME`.")
	undefinedFile = rule("undefined-file", Error, "a service uses a config, secret or model that is not defined",
		"Compose refuses the file. `secrets` of a build count, too.")
	dependencyCycle = rule("dependency-cycle", Error, "services wait for each other in a circle",
		"None of them could start first, so Compose refuses the file.")
	extendsCycle = rule("extends-cycle", Error, "services extend each other in a circle",
		"None of them has a beginning, so Compose refuses the file: `Circular reference`.")
	manyPaths = rule("many-dependency-paths", Warning, "services wait for each other on millions of paths",
		"Compose walks each path of dependencies, a second for each million or so, and several times in `docker compose up`. If each of 24 services waits for all before it, there are 16 million paths. More than 4 million paths are a finding, which names a dependency that can go because others imply it.")
	invalidContainerName = rule("invalid-container-name", Error, "Docker does not take a `container_name`",
		"Docker takes letters, digits, `_`, `.` and `-`, at least two of them, the first a letter or digit: `Invalid container name`.")
	duplicateContainerName = rule("duplicate-container-name", Error, "two services have the same `container_name`",
		"Names of containers are unique on a host: Docker refuses the second one, after the first has started. Services of different profiles may share one.")
	duplicateHostname = rule("duplicate-hostname", Warning, "two services have the same `hostname`",
		"In a common network the name stands for both, and answers come from either. If you want that, give both services the same alias.")
	scaledContainerName = rule("scaled-container-name", Error, "a service with a `container_name` has several containers",
		"Only one container can have the name, so Compose refuses `scale` or `replicas` of more than one.")
	duplicatePort = rule("duplicate-port", Error, "two services publish the same port of the host",
		"Docker starts the first one and fails at the second: `port is already allocated`. Services of different profiles may share a port. Several services may each publish one port of their container to the same range: Docker takes a free port of the range.")
	scaledPort = rule("scaled-port", Warning, "a service with several containers publishes one port of the host",
		"Only the first container gets it. Leave the host's port out, and Docker takes a free one for each, or give a range.")
	duplicateAddress = rule("duplicate-address", Error, "two services ask for the same address",
		"Docker refuses the second one: `Address already in use`.")
	invalidAddress = rule("invalid-address", Error, "a container cannot have the address it asks for",
		"It is not an IP address, is not in a subnet of its network, is the gateway's, or is the first or last one of a subnet. Docker says so only when the container starts.")
	scaledAddress = rule("scaled-address", Error, "a service with several containers asks for one address",
		"Only the first container gets it.")
	invalidSubnet = rule("invalid-subnet", Error, "a subnet is not written as address/bits",
		"Docker refuses to make the network. An example of a subnet is 172.25.125.0/24; its address is the first one in it.")
	subnetTooSmall = rule("subnet-too-small", Error, "a network's subnet has no room for its containers",
		"Of a subnet, the first and last address and the gateway's are not for containers. Docker starts containers until there are no more: `no available IPv4 addresses`.")
	bridgeFull = rule("bridge-full", Error, "a bridge network has more containers than a Linux bridge has ports",
		"The kernel takes 1023 (BR_MAX_PORTS, less one). The ones after that fail to start: `exchange full`.")
	subnetOverlap = rule("subnet-overlap", Error, "subnets overlap",
		"Docker refuses to make the second network: `Pool overlaps with other one on this address space`.")
	subnetInDefaultPool = rule("subnet-in-default-pool", Note, "a subnet is one that Docker hands out itself",
		"Docker takes the subnets of networks that ask for none from 172.17.0.0/16 … 172.31.0.0/16 and 192.168.0.0/16. If it has given this one away, the network cannot be made.")
	outsideSubnet = rule("outside-subnet", Error, "a gateway, `ip_range` or auxiliary address is not in its subnet",
		"Docker refuses to make the network: `no matching subnet for gateway`.")
	exclusiveNetworks = rule("exclusive-networks", Error, "a service has both `network_mode` and `networks`",
		"Compose refuses the file: ``declares mutually exclusive `network_mode` and `networks` ``.")
	sharedNetwork = rule("shared-network", Error, "a container that uses the network of another container, or of the host, sets what belongs to that network",
		"With `network_mode` of `service:` or `container:`, ports, hostname, links, dns, extra_hosts and mac_address belong to the other container; with `host`, links, mac_address and the sysctls of `net.` to the host. Docker refuses the container: `conflicting options: port publishing and the container type network mode`.")
	hostNetworkPorts = rule("host-network-ports", Warning, "a container with the network of the host publishes ports",
		"Docker does not publish them: `Published ports are discarded when using host network mode`. What listens in the container is reached at its own port.")
	disabledDependency = rule("disabled-dependency", Error, "a service that always starts needs a service that only a profile starts",
		"Without the profile, Compose refuses the file: `depends on undefined service`. In `depends_on`, `required: false` lets the service start without the other one.")
	disabledHealthcheck = rule("disabled-healthcheck", Error, "a service waits for the health of one whose healthcheck is disabled",
		"It never becomes healthy. Compose gives up: `has no healthcheck configured`.")
	noHealthcheck = rule("no-healthcheck", Warning, "a service waits for the health of one without a healthcheck",
		"Unless its image has a healthcheck, Compose gives up: `has no healthcheck configured`.")
	invalidImage = rule("invalid-image", Error, "the name of an image is not valid",
		"Names are lower-case, a tag has letters, digits, `_`, `.` and `-`, and is not empty: `invalid reference format`.")
	invalidMount = rule("invalid-mount", Error, "something cannot be mounted where the service asks for it",
		"A path in the container is absolute, is not `/`, and has only one mount; a bind mount has a source, a tmpfs none. Docker refuses the container: `invalid mount config`.")
	relativeWorkingDir = rule("relative-working-dir", Error, "`working_dir` is not absolute",
		"Docker refuses the container: `the working directory 'app' is invalid, it needs to be an absolute path`.")
	unknownCapability = rule("unknown-capability", Error, "Linux has no such capability",
		"Docker refuses the container: `invalid CapAdd: unknown capability`. The names are those of capabilities(7), with or without `CAP_`.")
	unknownSignal = rule("unknown-signal", Error, "`stop_signal` is no signal of Linux",
		"Docker refuses the container: `Invalid signal`.")
	hostSysctl = rule("host-sysctl", Error, "a container sets what only the host has",
		"Of the kernel's settings, a container has `net.`, `fs.mqueue.` and a few of `kernel.` of its own. For any other setting, such as vm.max_map_count, Docker does not start the container: `is not in a separate kernel namespace`.")
	invalidLimit = rule("invalid-limit", Error, "the engine does not take a limit",
		"Docker refuses the container: `Minimum memory limit allowed is 6MB`, `Minimum memory limit can not be less than memory reservation limit`, `Minimum memoryswap limit should be larger than memory limit`.")
	invalidHost = rule("invalid-host", Error, "a host has no address, or no name",
		"An address in `extra_hosts` is an IP address, or `host-gateway`: `invalid IP address in add-host`. A `hostname` has at most 64 characters: `sethostname: invalid argument`.")
	invalidDNS = rule("invalid-dns", Warning, "a server in `dns` is no IP address",
		"Docker writes it into the container's `/etc/resolv.conf`, where nothing can use it. Names are not looked up there.")
	invalidLogging = rule("invalid-logging", Error, "a log driver does not take an option",
		"Docker refuses the container: `unknown log opt`. Only options of `json-file` and `local` are looked at.")
	changedName = rule("changed-project-name", Warning, "the name of the project is not as Compose uses it",
		"Names of projects are lower-case letters, digits, `_` and `-`, the first a letter or digit. Compose leaves out the rest and writes `Foo Bar` as `foobar`, in the names of containers, networks and volumes, too.")
	predefinedNetwork = rule("predefined-network", Error, "a network is one that Docker has made itself",
		"Docker has exactly one network of the drivers `host` and `null`, and the names bridge, host and none are taken. For the host's network, write `network_mode: host` at the service, or `external: true` at the network.")
	invalidEnvironment = rule("invalid-environment", Error, "a variable has no name",
		"Docker refuses the container: `invalid environment variable: =x`.")
	quotedEnvironment = rule("quoted-environment", Warning, "quotes in an item of a list are part of the value",
		"YAML reads the whole item as one text, and the program gets the quotes. In a mapping, `NAME: \"a b\"`, they are YAML's. Items of `environment`, `labels` and a build's `args` are looked at.")
	unquotedDate = rule("unquoted-date", Error, "a date has no quotes",
		"YAML has a type for dates. Compose refuses values of it, `invalid jsonType time.Time`, or writes them otherwise, depending on its version.")
)
