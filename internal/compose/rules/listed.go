package rules

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// lists are the values of a service that the specification's text, or the engine, lists and the schema does not.
var lists = []struct {
	path   []string
	values []string
	more   []string // values that Compose takes besides
}{
	{[]string{"deploy", "mode"}, []string{"replicated", "global", "replicated-job", "global-job"}, nil},
	{[]string{"deploy", "endpoint_mode"}, []string{"vip", "dnsrr"}, nil},
	{[]string{"deploy", "restart_policy", "condition"}, []string{"any", "on-failure", "none"}, []string{"no", "always", "unless-stopped"}},
	{[]string{"deploy", "update_config", "failure_action"}, []string{"continue", "rollback", "pause"}, nil},
	{[]string{"deploy", "rollback_config", "failure_action"}, []string{"continue", "pause"}, nil},
	{[]string{"isolation"}, []string{"default", "process", "hyperv"}, nil}, // Linux takes only the first one
}

// restarts are the policies of `restart`. Compose reads those of deploy, too.
var restarts = []string{"no", "always", "on-failure", "unless-stopped"}

func (j judge) lists() {
	for _, l := range lists {
		text, at, ok := j.text(l.path...)
		if ok && !slices.Contains(l.values, text) && !slices.Contains(l.more, text) {
			j.unlisted(at, text, l.values, text)
		}
	}
	j.restart()
	j.ipc()
	if pid := yamltree.Get(j.s.Body, "pid"); pid != nil && yamltree.IsNull(pid) { // which the schema takes, and Compose crashes at
		j.fault(Specification, place{pid, []string{"pid"}}, "pid: it is empty: leave it out")
	}
}

// unlisted reports a value that should be one of a list, and suggests the one that is near to name.
func (j judge) unlisted(at place, value string, list []string, name string) {
	j.fault(unlistedValue, at, "%s: %q is not one of %s%s", strings.Join(at.path, "."), value, strings.Join(list, ", "), text.Suggestion(name, list))
}

func (j judge) restart() {
	text, at, ok := j.text("restart")
	policy, times, limited := strings.Cut(text, ":")
	if !ok || policy == "any" || policy == "none" {
		return
	}
	switch n, err := strconv.Atoi(times); {
	case !slices.Contains(restarts, policy):
		j.unlisted(at, text, restarts, policy)
	case limited && policy != "on-failure":
		j.fault(unlistedValue, at, "restart: %q: only on-failure has a number of times, such as on-failure:3", text)
	case limited && (err != nil || n < 0):
		j.fault(unlistedValue, at, "restart: %q: want a number of times, such as on-failure:3", text)
	}
}

// platform finds invalid platforms: containerd reads OS, architecture, OS/architecture, or these and a variant.
func (j judge) platform() {
	text, at, ok := j.text("platform")
	if ok && (strings.Count(text, "/") > 2 || slices.Contains(strings.Split(text, "/"), "")) {
		j.fault(unlistedValue, at, "platform: %q is not OS, OS/architecture or OS/architecture/variant, such as linux/arm64/v8", text)
	}
}

// files finds what compose-go does not read of env_file, configs and secrets.
func (j judge) files() {
	for i, item := range index(yamltree.Get(j.s.Body, "env_file")) {
		if at := yamltree.Get(item, "format"); at != nil {
			if text, ok := j.r.known(at); ok && text != "raw" {
				j.unlisted(place{at, append(entry([]string{"env_file"}, i), "format")}, text, []string{"raw"}, text)
			}
		}
	}
	for _, key := range []string{"env_file", "label_file"} {
		for i, item := range index(yamltree.Get(j.s.Body, key)) {
			at := place{item, entry([]string{key}, i)}
			if item.Kind == yaml.MappingNode {
				if j.r.is(false, item, "required") {
					continue
				}
				at = place{yamltree.Get(item, "path"), append(at.path, "path")}
			}
			j.emptyPath(key, at)
		}
		j.emptyPath(key, place{yamltree.Get(j.s.Body, key), []string{key}})
	}
	for _, key := range []string{"configs", "secrets"} {
		for i, item := range index(yamltree.Get(j.s.Body, key)) {
			at := yamltree.Get(item, "mode")
			text, ok := j.r.known(at)
			if _, err := strconv.ParseInt(text, 8, 64); ok && err != nil && at.ShortTag() == "!!str" {
				j.fault(Specification, place{at, append(entry([]string{key}, i), "mode")}, "%s: mode: %q is no octal number such as 0440", key, text)
			}
		}
	}
}

// emptyPath reports the path of a file that is empty.
func (j judge) emptyPath(key string, at place) {
	if text, ok := j.r.known(at.node); isEmpty(at.node) || ok && text == "" {
		j.fault(Specification, at, "%s: the path of a file is empty: leave it out", key)
	}
}

// environment finds variables without a name.
func (j judge) environment() {
	for i, item := range index(yamltree.Get(j.s.Body, "environment")) {
		if item.Kind == yaml.ScalarNode && strings.HasPrefix(item.Value, "=") {
			j.fault(invalidEnvironment, place{item, entry([]string{"environment"}, i)}, "environment: %q has no name before the =", item.Value)
		}
	}
}

func (j judge) ipc() {
	text, at, ok := j.text("ipc")
	list := []string{"none", "private", "shareable", "host", "service:NAME", "container:NAME"}
	if kind, name, found := strings.Cut(text, ":"); ok && !slices.Contains(list[:4], text) && (!found || name == "" || kind != "service" && kind != "container") {
		j.unlisted(at, text, list, text)
	}
}

// capabilities are the capabilities of Linux (capabilities(7)), without CAP_.
var capabilities = strings.Fields(`ALL AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE
	DAC_READ_SEARCH FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE
	NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT
	SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM`)

// signals are the signals of Linux that the engine knows (moby/sys/signal), without SIG and the real-time signals.
var signals = strings.Fields(`ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM
	TRAP TSTP TTIN TTOU UNUSED URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX`)

func (j judge) names() {
	for _, key := range []string{"cap_add", "cap_drop"} {
		for at := range listed(j.s, key) {
			written, ok := j.r.known(at.node)
			name := strings.TrimPrefix(strings.ToUpper(written), "CAP_")
			if ok && !slices.Contains(capabilities, name) {
				j.fault(unknownCapability, at, "%s: Linux has no capability %q%s", key, written, text.Suggestion(name, capabilities))
			}
		}
	}
	written, at, ok := j.text("stop_signal")
	name := strings.TrimPrefix(strings.ToUpper(written), "SIG")
	if n, err := strconv.Atoi(written); ok && (err != nil || n <= 0) && !slices.Contains(signals, name) && !realTime().MatchString(name) {
		j.fault(unknownSignal, at, "stop_signal: Linux has no signal %q%s", written, text.Suggestion(name, signals))
	}
}

// realTime matches RTMIN+1 … RTMIN+15 and RTMAX-1 … RTMAX-14.
var realTime = text.LazyRegexp(`^(?:RTMIN\+(?:[1-9]|1[0-5])|RTMAX-(?:[1-9]|1[0-4]))$`)

// quotes finds list items such as NAME="a b", in which the quotes are part of the value.
func (j judge) quotes() {
	for _, path := range [][]string{{"environment"}, {"labels"}, {"build", "args"}} {
		list := yamltree.Get(j.s.Body, path...)
		for i, item := range index(list) {
			name, value, found := strings.Cut(item.Value, "=")
			if !found || len(value) < 2 || item.Style != 0 {
				continue
			}
			quote := value[:1]
			if inner := value[1 : len(value)-1]; (quote == `"` || quote == "'") && strings.HasSuffix(value, quote) && !strings.Contains(inner, quote) {
				j.fault(quotedEnvironment, place{item, entry(path, i)}, "%s: the quotes are part of the value of %s: write - %q", strings.Join(path, "."), name, name+"="+inner)
			}
		}
	}
}
