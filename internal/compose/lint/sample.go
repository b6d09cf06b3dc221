package lint

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

// maxSample is how many services are loaded: one takes compose-go over a millisecond.
const maxSample = 40

// checkSample has compose-go load what its schema says nothing about: mounts,
// sizes, durations. It takes one service of each shape, that is, of those that are
// the same but for digits, without what ties it to others, which other rules are
// about, and none with variables, or with so many keys that it would take minutes.
//
// So a number that is wrong in one service only may be overlooked here; those
// in ports, addresses and subnets are checked by rules of their own.
func checkSample(d *document) {
	if slices.ContainsFunc(d.found, func(f Finding) bool { return f.Rule == "specification" }) {
		return // it would be said again
	}
	shapes := map[string]bool{}
	var sample []rules.Service
	for _, s := range d.project.Services {
		shape, ok := appendShape(nil, s.Body)
		shape = strconv.AppendBool(shape, d.overrides("services", s.Name))
		if ok && !shapes[string(shape)] && len(sample) < maxSample && s.Body.Kind == yaml.MappingNode {
			shapes[string(shape)] = true
			sample = append(sample, s)
		}
	}
	top := map[string]any{}
	for key, value := range yamltree.Entries(d.root) {
		switch key.Value {
		case "include", "version", "services", "name":
		case "jobs":
			return // they use what the sample leaves out
		default:
			if strings.HasPrefix(key.Value, "x-") {
				continue
			}
			if _, ok := appendShape(nil, value); ok {
				top[key.Value] = d.values.of(value)
			}
		}
	}
	if d.load(top, sample) == nil {
		return
	}
	if err := d.load(top, nil); err != nil {
		d.reportLoad(nil, err)
		return
	}
	for _, s := range sample {
		if err := d.load(top, []rules.Service{s}); err != nil {
			d.reportLoad(&s, err)
		}
	}
}

// ties are what a service says about others, or about other files, and ports,
// of which a range is as many as it has.
var ties = []string{"ports", "depends_on", "links", "volumes_from", "extends", "network_mode", "ipc", "pid", "env_file", "label_file", "networks", "configs", "secrets", "models", "use_api_socket", "provider"}

func (d *document) load(top map[string]any, sample []rules.Service) error {
	services := map[string]any{}
	for _, s := range sample {
		body, ok := d.values.of(s.Body).(map[string]any)
		if !ok {
			continue
		}
		body = maps.Clone(body)
		_, extends := body["extends"]
		if _, ok := body["image"]; !ok && (extends || body["provider"] != nil || d.overrides("services", s.Name)) {
			body["image"] = "image"
		}
		for _, key := range ties {
			delete(body, key)
		}
		if build, ok := body["build"].(map[string]any); ok { // its contexts may be other services
			build = maps.Clone(build)
			delete(build, "additional_contexts")
			body["build"] = build
		}
		services[s.Name] = body
	}
	whole := maps.Clone(top)
	whole["services"] = services
	text, err := json.Marshal(whole)
	if err != nil {
		return nil //nolint:nilerr // a number that JSON has not, such as .inf; other rules are about it
	}
	_, err = load.Load(d.ctx, text, load.Options{Profiles: []string{"*"}, Project: "unnamed"})
	return err
}

// undefined are the errors of compose-go that the rules about references report.
var undefined = text.LazyRegexp(`refers to undefined (volume|network|config|secret)|depends on undefined`)

// reportLoad reports an error of compose-go at the place that it names, as far
// as it names one.
func (d *document) reportLoad(s *rules.Service, err error) {
	e, ok := errors.AsType[*load.Error](err)
	if !ok {
		e = &load.Error{Message: err.Error()}
	}
	if undefined().MatchString(e.Message) {
		return
	}
	at := d.root
	if s != nil {
		at = s.Key
	}
	if e.Path != nil {
		at = d.node(e.Path)
	}
	d.report("specification", at, "%s", e.Message)
}

// node returns what an error about a path points to: the value if it is a scalar,
// else its key.
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

// appendShape appends what a node is, with digits left out, and tells whether
// it has no variables, and not too many keys.
func appendShape(shape []byte, n *yaml.Node) ([]byte, bool) {
	n = yamltree.Follow(n)
	ok := true
	switch n.Kind {
	case yaml.MappingNode:
		shape = append(shape, '{')
		ok = len(n.Content)/2 <= maxKeys
		for key, value := range yamltree.Entries(n) {
			shape = append(append(shape, key.Value...), ':')
			var sound bool
			shape, sound = appendShape(shape, value)
			ok = ok && sound
		}
		shape = append(shape, '}')
	case yaml.SequenceNode:
		shape = append(shape, '[')
		for item := range yamltree.Items(n) {
			var sound bool
			shape, sound = appendShape(shape, item)
			ok = ok && sound
		}
		shape = append(shape, ']')
	default:
		shape = append(append(shape, n.ShortTag()...), ' ')
		digit := false
		for _, c := range []byte(n.Value) {
			if c >= '0' && c <= '9' {
				if digit {
					continue
				}
				digit, c = true, '0'
			} else {
				digit = false
			}
			shape = append(shape, c)
		}
		shape = append(shape, ';')
		_, ok = vars.Literal(n.Value)
	}
	return shape, ok
}
