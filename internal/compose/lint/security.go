package lint

import (
	"path"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

var securityRules = inSet("security",
	rules.New("engine-socket", Warning, "a service gets the container engine's socket",
		"Who can talk to the engine can start a privileged container, and so is root on the host; a read-only mount of the socket does not change that. A proxy that lets through only some calls is safer."),
	rules.New("privileged", Warning, "a service or a build is privileged",
		"The container has all capabilities and all devices of the host, without seccomp and AppArmor. Give the capabilities and devices that it needs."),
	rules.New("host-namespace", Warning, "a service is in a namespace of the host",
		"With the host's network it reaches all that listens on localhost, with its pid, ipc, uts, cgroup or user namespace it sees or changes what is not its own."),
	rules.New("dangerous-capability", Warning, "a service adds a capability that leads out of the container",
		"With ALL, SYS_ADMIN, SYS_MODULE, SYS_PTRACE, SYS_RAWIO, SYS_BOOT, SYS_TIME, NET_ADMIN, DAC_READ_SEARCH, DAC_OVERRIDE, MAC_ADMIN, MAC_OVERRIDE, BPF or PERFMON a process can change the host or read what belongs to others."),
	rules.New("host-mount", Warning, "a service mounts a part of the host's system",
		"These are /, /bin, /boot, /dev, /etc, /home, /lib, /proc, /root, /run, /sbin, /sys, /usr, /var, and what is in those that hold secrets or control the host, such as /etc/shadow and /var/lib/docker. /etc/localtime, /etc/timezone, /dev/shm and the certificates in /etc are harmless."),
	rules.New("port-on-all-interfaces", Warning, "a port is published on all of the host's addresses",
		"Docker opens it to the network, past the rules of firewalls such as ufw. For the host alone write `127.0.0.1:8080:80`; services of one network reach each other without `ports`."),
	rules.New("unpinned-image", Warning, "an image has no tag, or `latest`, and no digest",
		"Another image may stand behind the name at the next pull. Images that the service builds itself are left out."),
	rules.New("secret-in-environment", Warning, "a secret stands in the file",
		"The value of a variable such as DB_PASSWORD or API_TOKEN, or the password of an address in one, is in the repository, in `docker inspect` and in the environment of each process. Use `secrets` with NAME_FILE, or a variable: `${DB_PASSWORD:?}`. Build arguments stay in the image's history."),
	rules.New("unconfined", Warning, "a service switches protections off",
		"In `security_opt`, `seccomp:unconfined`, `apparmor:unconfined`, `systempaths=unconfined`, `label:disable` and `no-new-privileges:false` take away what keeps a process in its container."),
	rules.New("new-privileges", Note, "a service lets its processes gain privileges",
		"With `security_opt: [\"no-new-privileges:true\"]` programs such as su and sudo stay what they were started as. Most services run with it."),
)

// capabilities are the capabilities that the rule dangerous-capability finds.
var capabilities = []string{
	"ALL", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO", "SYS_BOOT", "SYS_TIME", "NET_ADMIN", "DAC_READ_SEARCH", "DAC_OVERRIDE",
	"MAC_ADMIN", "MAC_OVERRIDE", "BPF", "PERFMON",
}

func checkSecurity(d *document) {
	if !slices.ContainsFunc(securityRules, func(r Rule) bool { return d.options.applies(r.Name) }) {
		return
	}
	for _, s := range d.project.Services {
		d.checkPrivileges(s)
		d.checkProtections(s)
		for _, m := range s.Mounts {
			if m.Type == types.VolumeTypeBind {
				d.checkHostPath("service "+s.Name, m.At, m.Source)
			}
		}
		d.checkInterfaces(s)
		d.checkImage(s)
		d.checkSecrets(s, "environment", yamltree.Get(s.Body, "environment"))
		d.checkSecrets(s, "build.args", yamltree.Get(s.Body, "build", "args"))
	}
	for key, body := range yamltree.Entries(yamltree.Get(d.root, "volumes")) {
		if strings.Contains(value(body, "driver_opts", "o"), "bind") {
			d.checkHostPath("volume "+key.Value, yamltree.Get(body, "driver_opts", "device"), value(body, "driver_opts", "device"))
		}
	}
}

// isTrue reports whether a value is known to be true in one of Compose's spellings.
func isTrue(n *yaml.Node) bool {
	text, _ := known(n)
	is, _ := rules.Boolean(text)
	return is
}

func (d *document) checkPrivileges(s rules.Service) {
	for _, path := range [][]string{{"privileged"}, {"build", "privileged"}} {
		if at := yamltree.Get(s.Body, path...); isTrue(at) {
			d.report("privileged", at, "service %s: %s: true gives it all capabilities and devices of the host", s.Name, strings.Join(path, "."))
		}
	}
	for _, key := range []string{"network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup"} {
		if at := yamltree.Get(s.Body, key); value(s.Body, key) == "host" {
			d.report("host-namespace", at, "service %s: %s: host shares that of the host", s.Name, key)
		}
	}
	if at := yamltree.Get(s.Body, "use_api_socket"); isTrue(at) {
		d.report("engine-socket", at, "service %s: use_api_socket gives it the engine's socket, and so the host", s.Name)
	}
	for item := range yamltree.Items(yamltree.Get(s.Body, "cap_add")) {
		name, _ := known(item)
		if capability := strings.TrimPrefix(strings.ToUpper(name), "CAP_"); slices.Contains(capabilities, capability) {
			d.report("dangerous-capability", item, "service %s: capability %s leads out of the container", s.Name, capability)
		}
	}
}

func (d *document) checkProtections(s rules.Service) {
	options := yamltree.Get(s.Body, "security_opt")
	kept := false
	for item := range yamltree.Items(options) {
		option, ok := known(item)
		kept = kept || !ok // a variable may be no-new-privileges
		name, setting, _ := strings.Cut(strings.Replace(option, ":", "=", 1), "=")
		switch {
		case name == "no-new-privileges" && !strings.EqualFold(setting, "false"):
			kept = true
		case name == "no-new-privileges", setting == "unconfined", name == "label" && setting == "disable":
			d.report("unconfined", item, "service %s: %s switches a protection off", s.Name, option)
			kept = kept || name == "no-new-privileges" // said already
		}
	}
	if !kept && s.Body.Kind == yaml.MappingNode && !isTrue(yamltree.Get(s.Body, "privileged")) {
		d.report("new-privileges", s.Key, `service %s: its processes may gain privileges: write security_opt: ["no-new-privileges:true"]`, s.Name)
	}
}

// hostPaths are the directories of the host's system. true says that the rule also finds the paths below the directory.
var hostPaths = map[string]bool{
	"/": false, "/bin": false, "/boot": true, "/dev": false, "/etc": true, "/home": false, "/lib": false, "/lib64": false, "/proc": true, "/root": true,
	"/run": true, "/sbin": false, "/sys": true, "/usr": false, "/var": false, "/var/lib": false, "/var/lib/containerd": true, "/var/lib/docker": true,
	"/var/lib/kubelet": true, "/var/run": true,
}

// harmless are paths below hostPaths that containers mount for good reasons.
var harmless = []string{
	"/etc/localtime", "/etc/timezone", "/etc/ssl/certs", "/etc/ca-certificates", "/etc/pki/ca-trust", "/usr/share/zoneinfo", "/run/user", "/run/secrets",
}

// sockets matches the sockets of container engines.
var sockets = text.LazyRegexp(`(?:^|/)(?:docker|podman|containerd|crio|cri-dockerd|buildkitd)\.sock$|docker_engine$`)

// checkHostPath reports a path of the host that a container should not have.
func (d *document) checkHostPath(who string, at *yaml.Node, source string) {
	if sockets().MatchString(source) {
		d.report("engine-socket", at, "%s: %s is the engine's socket: who has it has the host", who, source)
		return
	}
	if !strings.HasPrefix(source, "/") {
		return
	}
	clean := path.Clean(source)
	for dir := clean; ; dir = path.Dir(dir) {
		if slices.Contains(harmless, dir) {
			return
		}
		if below, known := hostPaths[dir]; known && (dir == clean || below) {
			d.report("host-mount", at, "%s: %s belongs to the host's system", who, clean)
			return
		}
		if dir == "/" {
			return
		}
	}
}

func (d *document) checkInterfaces(s rules.Service) {
	if mode := value(s.Body, "network_mode"); mode != "" && mode != "bridge" {
		return // which publishes no ports
	}
	for item := range yamltree.Items(yamltree.Get(s.Body, "ports")) {
		at, port, address := item, "", ""
		if item.Kind == yaml.MappingNode {
			if at = yamltree.Get(item, "target"); at == nil {
				continue // the specification's
			}
			port = at.Value
			if host := yamltree.Get(item, "host_ip"); host != nil {
				address, _ = vars.Fill(host.Value, nil)
			}
		} else {
			port, _ = vars.Fill(item.Value, nil)
			numbered, _ := vars.Fill(port, func(string) (string, bool) { return "1", true }) // most variables here are ports
			configs, err := types.ParsePortConfig(numbered)
			if err != nil || len(configs) == 0 {
				continue // the specification's, or a variable is the address
			}
			address = configs[0].HostIP
		}
		switch strings.Trim(address, "[]") {
		case "", "0.0.0.0", "::":
			d.report("port-on-all-interfaces", at, "service %s: port %s is open on all of the host's addresses: write one before it, such as 127.0.0.1", s.Name, port)
		}
	}
}

func (d *document) checkImage(s rules.Service) {
	at := yamltree.Get(s.Body, "image")
	image, ok := known(at)
	if !ok || yamltree.Get(s.Body, "build") != nil || strings.Contains(image, "@") {
		return
	}
	name := image[strings.LastIndex(image, "/")+1:]
	switch _, tag, tagged := strings.Cut(name, ":"); {
	case !tagged:
		d.report("unpinned-image", at, "service %s: image %s has no tag, so it is whatever latest is", s.Name, image)
	case tag == "latest":
		d.report("unpinned-image", at, "service %s: image %s is another one tomorrow: name a version", s.Name, image)
	}
}

var (
	secretName = text.LazyRegexp(`(?i)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|API_?KEY|(?:ACCESS|PRIVATE|SECRET|ENCRYPTION|SIGNING|MASTER|AUTH)_?KEY(?:_BASE)?|_PASS|_PWD|_SALT)_?[0-9]*$`)
	notSecret  = text.LazyRegexp(`(?i)ALLOW_EMPTY|_RANDOM_|^RANDOM_|PUBLIC|_FILE$`)
	flagValue  = text.LazyRegexp(`^(?i:yes|no|true|false|on|off|none|null|0|1)$`)
	secretURL  = text.LazyRegexp(`^[a-zA-Z][a-zA-Z0-9+.-]*://[^/@:\s]*:[^/@\s]+@`)
)

// checkSecrets reports the variables of a mapping, or a list of NAME=value, whose values are secrets.
func (d *document) checkSecrets(s rules.Service, where string, variables *yaml.Node) {
	for key, at := range yamltree.Names(variables) {
		name := key.Value
		var content string
		if at == nil { // NAME=value
			at = key
			name, content, _ = strings.Cut(key.Value, "=")
		} else if at.Kind == yaml.ScalarNode && !yamltree.IsNull(at) {
			content = at.Value
		}
		if content == "" || strings.HasPrefix(content, "/") {
			continue // no value here, or a path
		}
		if content, literal := vars.Fill(content, nil); !literal || content == "" || strings.HasPrefix(content, "/") {
			continue // it is not known here
		}
		switch {
		case secretURL().MatchString(content):
			d.report("secret-in-environment", at, "service %s: %s.%s has a password in its address", s.Name, where, name)
		case secretName().MatchString(name) && !notSecret().MatchString(name) && !flagValue().MatchString(content):
			d.report("secret-in-environment", at, "service %s: %s.%s has its value in the file", s.Name, where, name)
		}
	}
}
