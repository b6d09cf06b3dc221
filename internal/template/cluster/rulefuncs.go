package cluster

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

func nodePortRule(m *manifests, n *yaml.Node, where string) {
	before := len(m.problems)
	between(0, 65535)(m, n, where)
	if port, _ := wholeNumber(n); len(m.problems) == before && port != 0 && (port < 30000 || port > 32767) {
		m.warn(n, "%s: %d is outside of 30000 to 32767, the range of a cluster that is not told another", where, port)
	}
}

// oneSuccess is for probes that end a container: they succeed at once.
func oneSuccess(m *manifests, probe *yaml.Node, where string) {
	at := yamltree.Get(probe, "successThreshold")
	if at == nil {
		return
	}
	if n, _ := wholeNumber(at); n > 1 {
		m.fail(at, "%s.successThreshold: %d is refused: want 1", where, n)
	}
}

func recreateRule(m *manifests, n *yaml.Node, where string) {
	if yamltree.Text(n, "type") == "Recreate" && !isMissing(yamltree.Get(n, "rollingUpdate")) {
		m.fail(keyOf(n, "rollingUpdate"), "%s: rollingUpdate is for the type RollingUpdate, and the type is Recreate", where)
	}
}

func scaleRule(m *manifests, n *yaml.Node, where string) {
	least, most := yamltree.Get(n, "minReplicas"), yamltree.Get(n, "maxReplicas")
	if least == nil || most == nil {
		return
	}
	a, _ := wholeNumber(least)
	if b, _ := wholeNumber(most); b < a {
		m.fail(most, "%s: maxReplicas is %d, and minReplicas %d", where, b, a)
	}
}

func jobRule(m *manifests, n *yaml.Node, where string) {
	perIndex := yamltree.Get(n, "backoffLimitPerIndex")
	if !isMissing(perIndex) && yamltree.Text(n, "completionMode") != "Indexed" {
		m.fail(perIndex, "%s: backoffLimitPerIndex wants completionMode: Indexed", where)
	}
	if at := yamltree.Get(n, "maxFailedIndexes"); !isMissing(at) {
		most, given := wholeNumberAt(n, "completions")
		switch failed, _ := wholeNumber(at); {
		case isMissing(perIndex):
			m.fail(at, "%s: maxFailedIndexes wants backoffLimitPerIndex", where)
		case given && failed > most:
			m.fail(at, "%s: maxFailedIndexes is %d, and completions %d", where, failed, most)
		}
	}
	pod := yamltree.Get(n, "template", "spec")
	if !isMissing(yamltree.Get(n, "podFailurePolicy")) && yamltree.Text(pod, "restartPolicy") != "Never" {
		m.fail(keyOf(n, "podFailurePolicy"), "%s: podFailurePolicy wants restartPolicy: Never in its pods", where)
	}
	if at := keyOf(n, "selector"); !isMissing(yamltree.Get(n, "selector")) && yamltree.Text(n, "manualSelector") != "true" {
		m.fail(at, "%s: Kubernetes makes the selector of a Job: leave it out", where)
	}
}

func wholeNumberAt(n *yaml.Node, field string) (int64, bool) {
	at := yamltree.Get(n, field)
	if isMissing(at) {
		return 0, false
	}
	return wholeNumber(yamltree.Follow(at))
}

// twoMaps reports keys of the second mapping that are in the first.
func twoMaps(first, second string) apiRule {
	return func(m *manifests, n *yaml.Node, where string) {
		for key := range yamltree.Entries(yamltree.Get(n, second)) {
			if yamltree.Get(n, first, key.Value) != nil {
				m.fail(key, "%s: the key %q is in %s and in %s", where, key.Value, first, second)
			}
		}
	}
}

// secretKeys are the keys that a Secret of a type has to have.
var secretKeys = map[string][]string{
	"kubernetes.io/tls":              {"tls.crt", "tls.key"},
	"kubernetes.io/dockerconfigjson": {".dockerconfigjson"},
	"kubernetes.io/dockercfg":        {".dockercfg"},
	"kubernetes.io/ssh-auth":         {"ssh-privatekey"},
}

func secretRule(m *manifests, n *yaml.Node, where string) {
	for _, key := range secretKeys[yamltree.Text(n, "type")] {
		if yamltree.Get(n, "data", key) == nil && yamltree.Get(n, "stringData", key) == nil {
			m.fail(yamltree.Get(n, "type"), "%s: type %s wants the key %s", where, yamltree.Text(n, "type"), key)
		}
	}
}

func claimRule(m *manifests, n *yaml.Node, where string) {
	size := yamltree.Get(n, "resources", "requests", "storage")
	if isMissing(size) {
		m.fail(n, "%s: want resources.requests.storage", where)
	} else if amount := quantityValue(size.Value); amount != nil && amount.Sign() == 0 {
		m.fail(size, "%s.resources.requests.storage: want more than 0", where)
	}
}

// volumeSources takes one source of a volume, or none if least is 0: Kubernetes makes an emptyDir then.
func volumeSources(least int) apiRule {
	return func(m *manifests, n *yaml.Node, where string) {
		of := "core.Volume"
		if least > 0 {
			of = "core.PersistentVolumeSpec"
		}
		sources := []string{"hostPath", "nfs", "csi"}
		for field, kind := range m.types.fields[of] {
			if strings.HasSuffix(kind, "VolumeSource") && !slices.Contains(sources, field) {
				sources = append(sources, field)
			}
		}
		oneField(least, sources...)(m, n, where)
	}
}

func containerNames(m *manifests, n *yaml.Node, where string) {
	seen := map[string]int{}
	for _, list := range []string{"containers", "initContainers"} {
		for c := range yamltree.Items(yamltree.Get(n, list)) {
			at := yamltree.Get(c, "name")
			if isMissing(at) {
				continue
			}
			if line, twice := seen[at.Value]; twice {
				m.fail(at, "%s: a container %q is in line %d already", where, at.Value, line)
			}
			seen[at.Value] = at.Line
		}
	}
}

func initProbes(m *manifests, n *yaml.Node, where string) {
	for c := range yamltree.Items(yamltree.Get(n, "initContainers")) {
		for _, field := range []string{"livenessProbe", "readinessProbe", "startupProbe", "lifecycle"} {
			if !isMissing(yamltree.Get(c, field)) && yamltree.Text(c, "restartPolicy") != "Always" {
				m.fail(keyOf(c, field), "%s.initContainers: %s is for init containers with restartPolicy: Always", where, field)
			}
		}
	}
}

func limitsRule(m *manifests, n *yaml.Node, where string) {
	for key, asked := range yamltree.Entries(yamltree.Get(n, "requests")) {
		limit := yamltree.Get(n, "limits", key.Value)
		if limit == nil {
			continue
		}
		a, b := quantityValue(asked.Value), quantityValue(limit.Value)
		if a != nil && b != nil && a.Cmp(b) > 0 {
			m.fail(asked, "%s: requests.%s is %s, and its limit %s", where, key.Value, asked.Value, limit.Value)
		}
	}
}

// quantityValue returns the number of a quantity, or nil.
func quantityValue(s string) *big.Rat {
	if !quantity().MatchString(s) || len(s) > 40 {
		return nil
	}
	at := strings.IndexAny(s, "numkMGTPEKe")
	number, suffix := s, ""
	if at >= 0 {
		number, suffix = s[:at], s[at:]
	}
	factor := big.NewRat(1, 1)
	switch power := strings.Index("num kMGTPE", suffix[:min(1, len(suffix))]); {
	case suffix == "":
	case len(suffix) > 1 && suffix[0] != 'K' && suffix[1] != 'i' && strings.ContainsAny(suffix[:1], "eE"):
		exponent, err := strconv.Atoi(suffix[1:])
		if err != nil || exponent > 100 || exponent < -100 {
			return nil
		}
		factor.SetString(fmt.Sprintf("1e%d", exponent))
	case strings.HasSuffix(suffix, "i"):
		shift := strings.Index("KMGTPE", suffix[:1]) + 1
		factor.SetInt(new(big.Int).Lsh(big.NewInt(1), uint(10*shift)))
	default:
		factor.SetString(fmt.Sprintf("1e%d", 3*(power-3)))
	}
	value, ok := new(big.Rat).SetString(number)
	if !ok {
		return nil
	}
	return value.Mul(value, factor)
}

func serviceRule(m *manifests, n *yaml.Node, where string) {
	kind, headless := yamltree.Text(n, "type"), yamltree.Text(n, "clusterIP") == "None"
	if kind == "ExternalName" {
		want("externalName")(m, n, where)
		return
	}
	ports := yamltree.Get(n, "ports")
	if isUnset(ports) && !headless {
		m.fail(n, "%s: want ports", where)
	}
	if headless && (kind == "NodePort" || kind == "LoadBalancer") {
		m.fail(yamltree.Get(n, "clusterIP"), "%s: clusterIP: None is not for a Service of type %s", where, kind)
	}
	seen, several := map[string]int{}, ports != nil && len(yamltree.Follow(ports).Content) > 1
	for port := range yamltree.Items(ports) {
		if several && isMissing(yamltree.Get(port, "name")) {
			m.fail(port, "%s.ports: each of several ports wants a name", where)
		}
		if at := yamltree.Get(port, "nodePort"); !isUnset(at) && (kind == "" || kind == "ClusterIP") {
			m.fail(at, "%s.ports: nodePort is for the types NodePort and LoadBalancer", where)
		}
		protocol := yamltree.Text(port, "protocol")
		if protocol == "" {
			protocol = "TCP"
		}
		key := yamltree.Text(port, "port") + "/" + protocol
		if line, twice := seen[key]; twice {
			m.fail(port, "%s.ports: port %s is in line %d already", where, key, line)
		}
		seen[key] = port.Line
	}
}

func tolerationRule(m *manifests, n *yaml.Node, where string) {
	if isMissing(yamltree.Get(n, "key")) && yamltree.Text(n, "operator") != "Exists" {
		m.fail(n, "%s: without a key it wants operator: Exists", where)
	}
}

func selectorValues(m *manifests, n *yaml.Node, where string) {
	empty := isUnset(yamltree.Get(n, "values"))
	switch operator := yamltree.Text(n, "operator"); {
	case (operator == "In" || operator == "NotIn") && empty:
		m.fail(n, "%s: operator %s wants values", where, operator)
	case (operator == "Exists" || operator == "DoesNotExist") && !empty:
		m.fail(n, "%s: operator %s takes no values", where, operator)
	}
}

// scheduleRule takes the five fields of cron, @every DURATION, and names such as @daily.
func scheduleRule(m *manifests, n *yaml.Node, where string) {
	if reason := scheduleFault(n.Value); n.Value != "" && reason != "" {
		m.fail(n, "%s: %q is refused: %s", where, text.Short(n.Value, 60), reason)
	}
}
