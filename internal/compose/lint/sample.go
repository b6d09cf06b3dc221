package lint

import (
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// maxSample is how many services are loaded: one takes compose-go over a millisecond.
const maxSample = 40

// checkSample has compose-go load a sample of the file, to find mistakes that its schema does not see: in mounts, sizes
// and durations. The sample has one service of each shape, and at most maxSample of them. Services have the same shape
// if they differ in numbers only. A service with more than maxKeys keys in one mapping is left out, because it would
// take minutes. Of the others, the sample leaves out the keys in ties, values that are not known, and keys that have
// broken the specification already.
//
// So a number that is wrong in one service only may be overlooked here. Ports, addresses and subnets have rules of
// their own, which check all services.
func checkSample(d *document) {
	if yamltree.Get(d.root, "jobs") != nil {
		return // they use what the sample leaves out
	}
	shapes := map[string]bool{}
	var sample []rules.Service
	for _, s := range d.project.Services {
		shape, ok := appendShape(nil, s.Body)
		if ok && !shapes[string(shape)] && len(sample) < maxSample && s.Body.Kind == yaml.MappingNode && !d.wrong[s.Key] {
			shapes[string(shape)] = true
			sample = append(sample, s)
		}
	}
	l := loading{document: d, top: map[string]any{}, copied: map[string]bool{}, left: maxLoads}
	for key, value := range yamltree.Entries(d.root) {
		switch {
		case slices.Contains([]string{"include", "version", "services", "name"}, key.Value), strings.HasPrefix(key.Value, "x-"):
		case !d.isWrong(key) && !d.standsInWrong(value):
			if _, ok := appendShape(nil, value); ok {
				if known, _ := vars.Prune(value); known != nil {
					l.top[key.Value] = d.values.of(known)
				}
			}
		}
	}
	services := map[string]any{}
	for _, s := range sample {
		services[s.Name] = l.body(s)
		for _, m := range s.Mounts {
			if m.Type == types.VolumeTypeVolume {
				l.define("volumes", m.Source)
			}
		}
	}
	if l.load(services) == nil {
		return
	}
	if err := l.load(map[string]any{}); err != nil {
		d.reportLoad(d.named(err, d.root), "", err)
		return
	}
	for _, s := range sample {
		if err := l.load(map[string]any{s.Name: services[s.Name]}); err != nil {
			l.reportService(s, err)
		}
	}
}

// standsInWrong reports whether a value has a node for which isWrong reports true.
func (d *document) standsInWrong(n *yaml.Node) bool {
	n = yamltree.Follow(n)
	return d.isWrong(n) || slices.ContainsFunc(n.Content, d.standsInWrong)
}

// isWrong reports whether a node is reported for the specification, or something in its line is.
func (d *document) isWrong(n *yaml.Node) bool {
	own := d.in(n)
	if own.wrongLines == nil {
		own.wrongLines = map[int]bool{}
		for _, f := range own.found {
			if f.Rule == "specification" {
				own.wrongLines[f.Line] = true
			}
		}
	}
	return d.wrong[n] || own.wrongLines[n.Line]
}

// ties are the keys of a service that the sample leaves out. Most refer to other services, to files, or to what else
// the file defines. A range of ports would become one value for each port. tmpfs has rules of its own.
var ties = []string{"ports", "depends_on", "links", "volumes_from", "extends", "network_mode", "ipc", "pid", "env_file", "label_file", "networks", "configs", "secrets", "models", "use_api_socket", "provider", "tmpfs"}

// loading loads services of a document.
type loading struct {
	*document
	top    map[string]any  // what the file defines besides services
	copied map[string]bool // keys of top whose values are no longer those of the document
	left   int             // how many times more it loads
}

// maxLoads is how many times compose-go loads a part of a file: once takes it over a millisecond.
const maxLoads = 300

func (l *loading) load(services map[string]any) error {
	if l.left--; l.left < 0 {
		return nil
	}
	whole := maps.Clone(l.top)
	whole["services"] = services
	text, err := json.Marshal(whole)
	if err != nil {
		return nil //nolint:nilerr // a number that JSON has not, such as .inf; other rules are about it
	}
	_, err = load.Load(l.ctx, text, load.Options{Profiles: []string{"*"}, Project: "unnamed"})
	if l.ctx.Err() != nil || err == nil {
		return nil
	}
	if missing := undefined().FindStringSubmatch(err.Error()); missing != nil {
		l.define(missing[1]+"s", missing[2])
		return l.load(services)
	}
	return err
}

// undefined is the error of compose-go that the rules about references report.
var undefined = text.LazyRegexp(`refers to undefined (?:build )?(volume|network|config|secret) (.+?)(?:: invalid compose project)?$`)

// define adds a network, volume, config or secret to what the file defines, unless it is there.
func (l *loading) define(kind, name string) {
	all, _ := l.top[kind].(map[string]any)
	if _, defined := all[name]; defined || name == "" {
		return
	}
	if !l.copied[kind] {
		if all = maps.Clone(all); all == nil {
			all = map[string]any{}
		}
		l.top[kind], l.copied[kind] = all, true
	}
	all[name] = map[string]any{"external": true}
}

// body returns the part of a service that is loaded.
func (l *loading) body(s rules.Service) map[string]any {
	known, _ := vars.Prune(s.Body)
	body, _ := l.values.of(known).(map[string]any)
	body = maps.Clone(body)
	_, extends := body["extends"]
	broken := false
	for key, value := range yamltree.Entries(s.Body) {
		if l.isWrong(key) || l.standsInWrong(value) {
			broken = true
			delete(body, key.Value)
		}
	}
	if _, ok := body["image"]; !ok && (broken || extends || body["provider"] != nil || l.isPart || l.project.Partial) {
		body["image"] = "image"
	}
	for _, key := range ties {
		delete(body, key)
	}
	if s.Scale > 1 { // another rule is about both
		delete(body, "container_name")
	}
	if build, ok := body["build"]; ok {
		body["build"] = withoutContexts("build", build)
	}
	return body
}

// withoutContexts returns the value of a service's key. It leaves out the contexts of a build that may be other services.
func withoutContexts(key string, value any) any {
	build, ok := value.(map[string]any)
	if !ok || key != "build" {
		return value
	}
	build = maps.Clone(build)
	delete(build, "additional_contexts")
	return build
}

// reportService reports each part of a service that compose-go refuses alone, or else the service.
func (l *loading) reportService(s rules.Service, err error) {
	found := false
	for key, value := range yamltree.Entries(s.Body) {
		if slices.Contains(ties, key.Value) || l.isWrong(key) || l.standsInWrong(value) {
			continue
		}
		alone := func(value any) error {
			return l.load(map[string]any{s.Name: map[string]any{"image": "image", key.Value: withoutContexts(key.Value, value)}})
		}
		found = l.reportPart(s, key, value, alone) || found
	}
	if !found {
		l.reportLoad(l.named(err, s.Key), s.Name, err)
	}
}

// reportPart reports the innermost parts of a value for which load returns an error, and whether there is one. key is the
// key of the value, or an item of a list.
func (l *loading) reportPart(s rules.Service, key, value *yaml.Node, load func(any) error) bool {
	known, _ := vars.Prune(value)
	if known == nil {
		return false
	}
	err := load(l.values.of(known))
	if err == nil {
		return false
	}
	found := false
	switch {
	case value.Kind == yaml.MappingNode:
		found = l.reportKeys(s, value, load)
	case slices.Contains([]string{"test", "command", "entrypoint"}, key.Value): // a list that is one value
	default:
		for item := range yamltree.Items(value) {
			found = l.reportPart(s, item, item, func(v any) error { return load([]any{v}) }) || found
		}
	}
	if !found {
		at := key
		if value.Kind == yaml.ScalarNode && value.Anchor == "" { // or an alias may stand for it
			at = value
		}
		l.reportLoad(at, s.Name, err)
	}
	return true
}

// reportKeys is reportPart for the values of a mapping. A value can be refused alone because it wants another key beside
// it, so it counts only if compose-go says the same of the whole mapping.
func (l *loading) reportKeys(s rules.Service, mapping *yaml.Node, load func(any) error) (found bool) {
	known, _ := vars.Prune(mapping)
	rest, _ := l.values.of(known).(map[string]any)
	refused := map[string]*yaml.Node{} // keys of rest, by what compose-go says of their values
	for name := range yamltree.Entries(mapping) {
		if value, ok := rest[name.Value]; ok {
			if err := load(map[string]any{name.Value: value}); err != nil {
				refused[err.Error()] = name
			}
		}
	}
	for err := load(rest); err != nil && refused[err.Error()] != nil; err = load(rest) {
		name := refused[err.Error()]
		delete(refused, err.Error())
		found = l.reportPart(s, name, yamltree.Get(mapping, name.Value), func(v any) error { return load(map[string]any{name.Value: v}) }) || found
		delete(rest, name.Value)
	}
	return found
}

// named returns the node that an error of compose-go names, or else another one.
func (d *document) named(err error, other *yaml.Node) *yaml.Node {
	if e, ok := errors.AsType[*load.Error](err); ok && e.Path != nil {
		return d.node(e.Path)
	}
	return other
}

// reportLoad reports an error of compose-go about a service, or about none ("").
func (d *document) reportLoad(at *yaml.Node, service string, err error) {
	message := err.Error()
	if e, ok := errors.AsType[*load.Error](err); ok {
		message = e.Message
	}
	if service != "" && !regexp.MustCompile(`\b(service "?|services[.\[])`+regexp.QuoteMeta(service)+`\b`).MatchString(message) {
		message = "service " + service + ": " + message
	}
	d.report("specification", at, "%s", message)
}

// node returns the node that an error about a path points to: the value if it is a scalar, else its key.
func (d *document) node(path []string) *yaml.Node {
	key, at := d.find(path)
	if at.Kind != yaml.ScalarNode {
		return key
	}
	return at
}

// maxKeys is how many keys a mapping of the sample may have: package yaml compares
// each with each.
const maxKeys = 10_000

// appendShape appends the shape of a node: its tags, keys and values, with # for each number in a value. ok is false if
// a mapping in it has more than maxKeys keys.
func appendShape(shape []byte, n *yaml.Node) (_ []byte, ok bool) {
	n = yamltree.Follow(n)
	ok = n.Kind != yaml.MappingNode || len(n.Content)/2 <= maxKeys
	below := func(child *yaml.Node) {
		var sound bool
		shape, sound = appendShape(shape, child)
		ok = ok && sound
	}
	value := text.WithoutNumbers(strings.ReplaceAll(n.Value, "#", "\x00")) // its own # is no number
	shape = append(append(append(shape, n.ShortTag()...), ' '), value...)
	for key, value := range yamltree.Entries(n) {
		shape = append(append(shape, key.Value...), ':')
		below(value)
	}
	for item := range yamltree.Items(n) {
		below(item)
	}
	return append(shape, ';'), ok
}
