package cluster

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// KubernetesSlot is the text that Kubernetes replaces by the index of a pod of an Indexed Job, from 0.
const KubernetesSlot = "$(" + indexVariable + ")"

const indexVariable = "JOB_COMPLETION_INDEX"

// CheckKubernetes returns the mistakes in manifests for `kubectl apply`, errors first: unknown fields and values of a
// wrong type, as strict decoding finds them; names that the server refuses; and mistakes that otherwise show only when
// pods start. It does not check objects of kinds that are not Kubernetes's own.
func CheckKubernetes(content []byte) []Problem {
	m := manifests{types: readTypes(), seen: map[string]int{}}
	roots := m.parse(content)
	switch {
	case len(m.problems) > 0:
		return m.sorted() // the rest would stumble over it
	case len(roots) == 0:
		return []Problem{{Line: 1, Column: 1, Message: "there is nothing in it: want objects with apiVersion and kind"}}
	}
	for _, root := range roots {
		m.object(root, "", "")
	}
	return m.sorted()
}

type manifests struct {
	problems
	types typeTable
	seen  map[string]int // lines of objects, by kind, namespace and name
	// claims are the names of the volumeClaimTemplates of the object at hand, which are volumes of its pods.
	claims []string
}

// object checks an object, or those of a list. The version and kind of its list are for an item that has none.
func (m *manifests) object(root *yaml.Node, listVersion, listKind string) {
	version, kind := cmp.Or(yamltree.Text(root, "apiVersion"), listVersion), cmp.Or(yamltree.Text(root, "kind"), listKind)
	switch {
	case root.Kind != yaml.MappingNode:
		m.fail(root, "want an object with apiVersion and kind, not %s", yamltree.KindName(root))
		return
	case version == "" || kind == "":
		m.fail(root, "want an object with apiVersion and kind, such as apiVersion: batch/v1 and kind: Job")
		return
	case m.isList(version, kind):
		for item := range yamltree.Items(yamltree.Get(root, "items")) {
			if kind == "List" {
				m.object(yamltree.Follow(item), "", "")
			} else {
				m.object(yamltree.Follow(item), version, strings.TrimSuffix(kind, "List"))
			}
		}
		return
	}
	of, known := m.types.objects[version+" "+kind]
	if !known {
		if hint := m.otherVersion(version, kind); hint != "" {
			m.fail(yamltree.Get(root, "apiVersion"), "%s has no kind %s: write apiVersion: %s", version, kind, hint)
			return
		}
		if names, own := m.ownKinds(version); own && !slices.Contains(names, kind) {
			m.fail(yamltree.Get(root, "kind"), "%s has no kind %q%s", version, text.Short(kind, 60), nearestKind(kind, names))
			return
		}
		m.warn(yamltree.Get(root, "kind"), "%s of %s is not checked: it is no kind that composer knows", kind, version)
		return
	}
	before := len(m.problems)
	m.walk(root, of, kind, m.checkType)
	if len(m.problems) > before {
		return // the rest would stumble over it
	}
	m.name(root, kind)
	m.walk(root, of, kind, m.checkRules)
	switch kind {
	case "ConfigMap", "Secret":
		m.data(root, kind)
	case "Job":
		m.job(root, yamltree.Get(root, "spec"), yamltree.Text(root, "metadata", "name"))
	case "CronJob":
		m.job(root, yamltree.Get(root, "spec", "jobTemplate", "spec"), "")
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
		m.selector(root, kind)
		m.always(yamltree.Get(root, "spec", "template", "spec"), kind)
		m.claims = claimNames(root)
		m.pod(yamltree.Get(root, "spec", "template", "spec"), kind)
	case "Pod":
		m.pod(yamltree.Get(root, "spec"), kind)
	}
	if kind != "Job" && kind != "CronJob" { // job has looked at these
		m.slots(root, kind)
	}
}

// otherVersion returns the version that has a kind, if Kubernetes's own group of version has not: a beta version that is
// gone, or a group that is not the kind's.
func (m *manifests) otherVersion(version, kind string) string {
	group := groupOf(version)
	own := !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
	for object := range m.types.objects {
		if other, name, _ := strings.Cut(object, " "); own && name == kind && version != "autoscaling/v1" {
			return other
		}
	}
	return ""
}

// Names, by the rules of RFC 1123 and RFC 1035, in the words of Kubernetes.
var (
	label     = text.LazyRegexp(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	label1035 = text.LazyRegexp(`^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$`)
	subdomain = text.LazyRegexp(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

const (
	labelRule     = "lower-case letters, digits and '-', the first and last no '-', at most 63 (RFC 1123)"
	label1035Rule = "lower-case letters, digits and '-', the first a letter, the last no '-', at most 63 (RFC 1035)"
	subdomainRule = "lower-case letters, digits, '-' and '.', the first and last a letter or digit, at most 253 (RFC 1123)"
)

// nameLengths are limits below those of names in general.
var nameLengths = map[string]int{"Job": 63, "StatefulSet": 63, "CronJob": 52}

// nameRule returns what names of a kind are, and how to say it.
func nameRule(kind string) (ok func(name string) bool, rule string) {
	switch kind {
	case "Service":
		return label1035().MatchString, label1035Rule
	case "Namespace":
		return label().MatchString, labelRule
	case "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding":
		return func(name string) bool { return name != "" && !strings.ContainsAny(name, "/%") }, "no '/' and no '%'"
	default:
		return isSubdomain, subdomainRule
	}
}

// name checks the name of an object, and that it is there once.
func (m *manifests) name(root *yaml.Node, kind string) {
	ok, rule := nameRule(kind)
	at := yamltree.Get(root, "metadata", "name")
	if at == nil {
		prefix := yamltree.Get(root, "metadata", "generateName")
		if prefix == nil {
			m.fail(root, "%s: want metadata.name", kind)
		} else if prefix.Value != "" {
			m.matches(prefix, ok(prefix.Value+"a"), kind, rule)
		}
		return
	}
	m.matches(at, ok(at.Value), kind, rule)
	if most, bounded := nameLengths[kind]; bounded && len(at.Value) > most {
		m.fail(at, "%s: the name has %d characters, and Kubernetes takes %d: it is in the names or labels of the pods", kind, len(at.Value), most)
	}
	key := kind + " " + yamltree.Text(root, "metadata", "namespace") + " " + at.Value
	if line, twice := m.seen[key]; twice {
		m.fail(at, "%s %q is in line %d already", kind, at.Value, line)
	}
	m.seen[key] = at.Line
}

func (m *manifests) matches(at *yaml.Node, ok bool, what, rule string) {
	if !ok {
		m.fail(at, "%s: the name %q is refused: want %s", what, text.Short(at.Value, 80), rule)
	}
}

// Bounds of a ConfigMap and a Secret, in bytes.
const (
	maxData    = 1 << 20
	maxApply   = 256 << 10 // of what kubectl apply keeps of an object in an annotation
	dataAdvice = "let pods mount a directory, or get the files by HTTP"
)

func (m *manifests) data(root *yaml.Node, kind string) {
	size := 0
	for _, part := range []string{"data", "binaryData", "stringData"} {
		for key, value := range yamltree.Entries(yamltree.Get(root, part)) {
			size += len(key.Value) + len(value.Value)
		}
	}
	at := yamltree.Get(root, "metadata", "name")
	if at == nil {
		at = root
	}
	switch {
	case size > maxData:
		m.fail(at, "%s: it has %d bytes, and Kubernetes takes %d: %s", kind, size, maxData, dataAdvice)
	case size > maxApply:
		m.warn(at, "%s: it has %d bytes, and kubectl apply takes %d unless it is told --server-side", kind, size, maxApply)
	}
}

// maxIndexed is how many pods of an Indexed Job may run at once.
const maxIndexed = 100_000

// job checks the spec of a Job.
func (m *manifests) job(root, spec *yaml.Node, name string) {
	pod := yamltree.Get(spec, "template", "spec")
	if pod == nil {
		m.fail(root, "Job: want spec.template.spec")
		return
	}
	if policy := yamltree.Text(pod, "restartPolicy"); policy == "" || policy == "Always" {
		at := yamltree.Get(pod, "restartPolicy")
		if at == nil {
			at = keyOf(yamltree.Get(spec, "template"), "spec")
		}
		m.fail(at, "Job: the restartPolicy of its pods is Always unless they say OnFailure or Never, and a Job refuses it")
	}
	m.pod(pod, "Job")
	indexed := yamltree.Text(spec, "completionMode") == "Indexed"
	if !indexed {
		m.slots(root, "Job that is not Indexed")
		return
	}
	at := yamltree.Get(spec, "completions")
	completions := int64(1)
	if at != nil {
		completions, _ = wholeNumber(at)
	}
	parallelism := yamltree.Get(spec, "parallelism")
	if parallelism != nil {
		if n, ok := wholeNumber(parallelism); ok && n > maxIndexed {
			m.fail(parallelism, "Job: parallelism is %d, and an Indexed Job takes %d", n, maxIndexed)
		}
	}
	if last := fmt.Sprintf("%s-%d", name, max(completions-1, 0)); name != "" && !label().MatchString(last) {
		m.fail(yamltree.Get(root, "metadata", "name"), "Job: the host name of its last pod, %q, is refused: want %s", text.Short(last, 80), labelRule)
	}
	m.indexedSlots(pod)
}

// pod checks what a pod's containers refer to.
func (m *manifests) pod(pod *yaml.Node, kind string) {
	if pod == nil {
		return
	}
	volumes := map[string]bool{}
	for _, claim := range m.claims {
		volumes[claim] = true
	}
	m.claims = nil
	for v := range yamltree.Items(yamltree.Get(pod, "volumes")) {
		if at := yamltree.Get(v, "name"); at != nil {
			m.matches(at, label().MatchString(at.Value), kind+": volume", labelRule)
			volumes[at.Value] = true
		}
	}
	for _, list := range []string{"initContainers", "containers"} {
		for c := range yamltree.Items(yamltree.Get(pod, list)) {
			m.container(c, kind, volumes)
		}
	}
}

func (m *manifests) container(c *yaml.Node, kind string, volumes map[string]bool) {
	name := yamltree.Get(c, "name")
	if name == nil {
		m.fail(c, "%s: a container wants a name", kind)
		return
	}
	m.matches(name, label().MatchString(name.Value), kind+": container", labelRule)
	for mount := range yamltree.Items(yamltree.Get(c, "volumeMounts")) {
		if at := yamltree.Get(mount, "name"); at != nil && at.Value != "" && !volumes[at.Value] {
			m.fail(at, "%s: container %s mounts the volume %q, which the pod does not have%s", kind, name.Value, at.Value, text.DidYouMean(at.Value, slices.Collect(maps.Keys(volumes))))
		}
	}
	image := yamltree.Get(c, "image")
	if isMissing(image) {
		m.fail(c, "%s: container %s wants an image", kind, name.Value)
		return
	}
	if isLatest(image.Value) && yamltree.Get(c, "imagePullPolicy") == nil {
		m.warn(image, "%s: container %s: the image %s is pulled for each pod, as it is the latest and there is no imagePullPolicy: write a tag, or IfNotPresent", kind, name.Value, image.Value)
	}
}

// isLatest reports whether an image has the tag latest, or none.
func isLatest(image string) bool {
	if strings.Contains(image, "@") {
		return false
	}
	_, tag, ok := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	return !ok || tag == "latest"
}

// hasIndex reports whether Kubernetes would replace KubernetesSlot in a text: $$ before it is a dollar sign alone.
func hasIndex(text string) bool {
	return strings.Contains(strings.ReplaceAll(text, "$$", ""), KubernetesSlot)
}

// slots reports KubernetesSlot where no index is.
func (m *manifests) slots(n *yaml.Node, what string) {
	n = yamltree.Follow(n)
	m.slot(n, what)
	for _, one := range yamltree.Entries(n) {
		m.slots(one, what)
	}
	for one := range yamltree.Items(n) {
		m.slots(one, what)
	}
}

func (m *manifests) slot(n *yaml.Node, what string) {
	if n.Kind == yaml.ScalarNode && hasIndex(n.Value) {
		m.fail(n, "%s: %s is the index of a pod of an Indexed Job, and nothing replaces it here", what, KubernetesSlot)
	}
}

// indexedSlots reports KubernetesSlot in a pod where Kubernetes does not replace it: anywhere but in command, args,
// subPathExpr, and in a variable behind one that has the index.
func (m *manifests) indexedSlots(pod *yaml.Node) {
	known := false // by the variables so far
	m.walk(pod, "core.PodSpec", "", func(n *yaml.Node, of, where string) (goOn bool) {
		switch _, field, _ := strings.Cut(where[strings.LastIndexByte(where, ']')+1:], "."); {
		case of == "core.EphemeralContainer":
			m.slots(n, "Job")
			return false
		case of == "core.Container":
			known = false
		case of == "core.EnvVar" && known, field == "command", field == "args", field == "subPathExpr":
			return false
		case of == "core.EnvVar":
			known = yamltree.Text(n, "name") == indexVariable
		}
		m.slot(n, "Job")
		return true
	})
}
