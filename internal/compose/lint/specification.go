package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/compose-spec/compose-go/v2/schema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"go.yaml.in/yaml/v4"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/specification"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

var specificationRules = []Rule{
	rules.Specification,
	rules.New("obsolete-version", Note, "`version` says nothing any more",
		"Compose has ignored it since 2020, and warns about it at each run."),
	rules.New("obsolete-notation", Note, "a notation is of older versions of Compose",
		"Compose warns about it at each run: the name of an external network or volume is `name`, beside `external: true`, and a boolean is true or false, not `yes` or `on`."),
	rules.New("duplicate-item", Note, "a list has the same item twice",
		"Compose drops one of them without a word. In lists in which Compose refuses a repeated item, such as `security_opt`, it is an error of the rule `specification`."),
}

// readSchema takes 30 ms, so it is done once.
var readSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	const name = "file:///compose-spec.json"
	source, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.Schema))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, source); err != nil {
		return nil, err
	}
	return compiler.Compile(name)
})

func (d *document) checkSchema() {
	if specification.Fits(d.root, nil) {
		return
	}
	schema, err := readSchema()
	if err != nil {
		panic("lint: the specification that is built in: " + err.Error()) // a test would have seen it
	}
	err = schema.Validate(d.values.of(d.root))
	if err, ok := err.(*jsonschema.ValidationError); ok { //nolint:errorlint // Validate documents that it is this type
		all := leaves(err)
		slices.SortStableFunc(all, func(a, b *jsonschema.ValidationError) int { // or it would be chance which a report leaves out
			return slices.Compare(a.InstanceLocation, b.InstanceLocation)
		})
		for _, leaf := range all {
			if d.full("specification") {
				break
			}
			d.reportSchema(leaf)
		}
	}
}

// leaves returns the errors of the alternatives of the schema that fit best.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var all []*jsonschema.ValidationError
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		best := -1
		var wanted []string
		for _, c := range e.Causes {
			found := leaves(c)
			depth := 0
			for _, f := range found {
				depth = max(depth, 2*len(f.InstanceLocation)+1)
				if t, ok := f.ErrorKind.(*kind.Type); ok {
					depth--
					if len(f.InstanceLocation) == len(e.InstanceLocation) {
						wanted = append(wanted, t.Want...)
					}
				}
			}
			if depth > best {
				best, all = depth, found
			}
		}
		if t, ok := all[0].ErrorKind.(*kind.Type); ok && len(all[0].InstanceLocation) == len(e.InstanceLocation) {
			both := *all[0]
			both.ErrorKind = &kind.Type{Got: t.Got, Want: wanted}
			all = []*jsonschema.ValidationError{&both}
		}
	default:
		for _, c := range e.Causes {
			all = append(all, leaves(c)...)
		}
	}
	return all
}

func (d *document) reportSchema(e *jsonschema.ValidationError) {
	key, node := d.find(e.InstanceLocation)
	path := strings.Join(e.InstanceLocation, ".")
	say := func(format string, args ...any) {
		d.report("specification", d.useOf(e.InstanceLocation, node), format, args...)
		d.setWrong(node)
	}
	switch k := e.ErrorKind.(type) {
	case *kind.FalseSchema:
		name := e.InstanceLocation[len(e.InstanceLocation)-1]
		if len(e.InstanceLocation) == 3 && specification.IsServiceKey(name) {
			return // known, but another error kept the schema from seeing that
		}
		d.report("specification", key, "unknown key %q%s", path, d.suggest(name, specification.Keys("services", "any")))
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			if d.full("specification") {
				break
			}
			key, _ := d.find(append(slices.Clip(e.InstanceLocation), name))
			d.report("specification", key, "unknown key %q%s", strings.TrimPrefix(path+"."+name, "."), d.unknownKey(e.InstanceLocation, name))
		}
	case *kind.Type:
		if strings.Contains(node.Value, "$") && slices.ContainsFunc(k.Want, func(t string) bool { return t != "array" && t != "object" && t != "null" }) {
			return // a variable may be of the right type, unless that is a list or a mapping
		}
		say("%s must be %s%s", path, typeNames(k.Want), typeHint(e.InstanceLocation, node, k.Want))
	case *kind.UniqueItems:
		rule := "specification"
		if mergedByCompose(e.InstanceLocation) {
			rule = "duplicate-item"
		}
		d.reportDuplicates(rule, path, node, k.Duplicates)
	case *kind.Pattern:
		if !strings.Contains(node.Value, "$") {
			say("%s: %q %s", path, node.Value, d.mismatch(e.InstanceLocation, node, k.Want))
		}
	case *kind.Enum:
		if strings.Contains(node.Value, "$") {
			return // a variable may be one of them
		}
		var words []string
		for _, word := range k.Want {
			words = append(words, fmt.Sprint(word))
		}
		slices.Sort(words)
		say("%s: %q is not one of %s%s", path, node.Value, strings.Join(words, ", "), d.suggest(node.Value, words))
	case *kind.Minimum:
		say("%s: %s is less than %s", path, node.Value, k.Want.RatString())
	case *kind.Maximum:
		say("%s: %s is more than %s", path, node.Value, k.Want.RatString())
	case *kind.Required:
		say("%s lacks %s", path, strings.Join(k.Missing, " and "))
	default:
		say("%s %s", path, e.ErrorKind.LocalizedString(message.NewPrinter(language.English)))
	}
}

// wordsOf returns the words that match a pattern such as "^(always|never)$", in order.
func wordsOf(pattern string) (words []string) {
	whole, err := regexp.Compile(pattern)
	if err != nil {
		return nil // of the schema's dialect only
	}
	for word := range strings.FieldsFuncSeq(pattern, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) }) {
		if len(word) > 1 && whole.MatchString(word) {
			words = append(words, word)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// reportDuplicates reports the items of a list that repeat an earlier one: all such scalars or, if no scalar is
// repeated, the pair that the schema names.
func (d *document) reportDuplicates(rule, path string, list *yaml.Node, pair [2]int) {
	const message = "%s: this is the same as item %d of the list"
	first := map[any]int{}
	some := false
	for i, item := range list.Content {
		if item = yamltree.Follow(item); item.Kind != yaml.ScalarNode {
			continue
		}
		content := d.values.of(item)
		if other, ok := first[content]; ok {
			some = true
			d.reportWithEdit(rule, item, d.in(item).withoutItem(list, i), message, path, other+1)
			continue
		}
		first[content] = i
	}
	if !some {
		d.report(rule, list.Content[pair[1]], message, path, pair[0]+1)
	}
}

// mergedByCompose reports whether the list at a path is one of those from which Compose takes repeated items out before
// it looks at the schema (compose-go's override.EnforceUnicity).
func mergedByCompose(path []string) bool {
	if len(path) < 3 || path[0] != "services" {
		return false
	}
	switch path[len(path)-1] {
	case "annotations", "args", "additional_contexts", "tags", "labels", "cap_add", "cap_drop", "dns", "dns_opt", "dns_search", "environment",
		"expose", "links", "aliases", "link_local_ips", "ports", "profiles", "sysctls", "tmpfs", "volumes", "devices", "configs", "secrets":
		return true
	}
	return false
}

// unknownKey returns a message for an unknown key, with the key that was probably meant.
func (d *document) unknownKey(path []string, name string) string {
	switch len(path) {
	case 0:
		if isService(yamltree.Get(d.root, name)) { // as in files of docker-compose 1 without a version
			return ": it looks like a service, and those stand below `services:`"
		}
	case 1:
		return ": want letters, digits, '.', '_' and '-'"
	}
	return d.suggest(name, specification.Keys(path...))
}

// isService reports whether a node has keys, and all are those of a service.
func isService(n *yaml.Node) bool {
	some := false
	for key := range yamltree.Entries(n) {
		if some = specification.IsServiceKey(key.Value); !some {
			break
		}
	}
	return some
}

// find returns the value at a path and its key, or the innermost ones on the way to it.
func (d *document) find(path []string) (key, node *yaml.Node) {
	key, node = d.root, d.root
	for _, step := range path {
		if node.Kind == yaml.SequenceNode {
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(node.Content) {
				break
			}
			node = yamltree.Follow(node.Content[i])
			key = node
			continue
		}
		next, found := d.entries(node)[step]
		if !found {
			break
		}
		key, node = next.key, next.value
	}
	return key, node
}

// useOf returns the alias at a path that stands for a node, or the node itself: a value that does not fit is reported
// where it is used.
func (d *document) useOf(path []string, n *yaml.Node) *yaml.Node {
	if n.Anchor == "" || len(path) == 0 {
		return n
	}
	_, around := d.find(path[:len(path)-1])
	for i, child := range around.Content {
		key := strconv.Itoa(i)
		if around.Kind == yaml.MappingNode && i%2 == 1 {
			key = around.Content[i-1].Value
		}
		if key == path[len(path)-1] && child.Kind == yaml.AliasNode && yamltree.Follow(child) == n {
			return child
		}
	}
	return n
}

// entry is a key of a mapping and its value.
type entry struct{ key, value *yaml.Node }

// entries returns the entries of a mapping by name. It makes the map once for each mapping. Otherwise a file in which
// every service is wrong would take time that grows with the square of their number.
func (d *document) entries(n *yaml.Node) map[string]entry {
	if made, ok := d.byName[n]; ok {
		return made
	}
	made := make(map[string]entry, len(n.Content)/2)
	for key, value := range yamltree.Entries(n) {
		if _, twice := made[key.Value]; !twice {
			made[key.Value] = entry{key, value}
		}
	}
	if d.byName == nil {
		d.byName = map[*yaml.Node]map[string]entry{}
	}
	d.byName[n] = made
	return made
}
