package cluster

import (
	"bytes"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/docker/cli/pkg/kvfile"
	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/engine"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/text"
)

// fieldsOf are the names that a field may have behind another in Swarm's templates, by the path before it (swarmkit
// template/context.go). A field without an entry has none below it.
var fieldsOf = map[string][]string{
	"":               {"Service", "Node", "Task"},
	".Service":       {"ID", "Name", "Labels"},
	".Node":          {"ID", "Hostname", "Platform"},
	".Node.Platform": {"Architecture", "OS"},
	".Task":          {"ID", "Name", "Slot"},
}

// swarmFuncs are the functions of Swarm's templates, beside those of text/template. They are not called.
var (
	swarmFuncs   = template.FuncMap{"join": strings.Join}
	payloadFuncs = template.FuncMap{"join": strings.Join, "env": strings.TrimSpace, "config": strings.TrimSpace, "secret": strings.TrimSpace}
)

// templateFault returns what is wrong with a template of Swarm, or "". The template is not executed.
func templateFault(content string, functions template.FuncMap) string {
	if !strings.Contains(content, "{{") {
		return ""
	}
	t, err := template.New("").Funcs(functions).Parse(content)
	if err != nil {
		_, message, _ := strings.Cut(err.Error(), ": ") // "template: :LINE: MESSAGE"
		if _, behind, ok := strings.Cut(message, ": "); ok {
			message = behind
		}
		return message
	}
	if t.Tree == nil || t.Root == nil {
		return ""
	}
	return faultIn(t.Root, true)
}

// faultIn returns the first field that Swarm does not have. atRoot reports whether the dot is the context of the task.
func faultIn(n parse.Node, atRoot bool) (fault string) {
	var inside parse.Node // where the dot is another
	switch n := n.(type) {
	case *parse.WithNode:
		inside = n.List
	case *parse.RangeNode:
		inside = n.List
	case *parse.FieldNode:
		if atRoot {
			return unknownField(n.Ident)
		}
	case *parse.VariableNode:
		if n.Ident[0] == "$" {
			return unknownField(n.Ident[1:])
		}
	}
	for _, child := range escape.Children(n) {
		if fault = faultIn(child, atRoot && child != inside); fault != "" {
			break
		}
	}
	return fault
}

func unknownField(path []string) string {
	before := ""
	for _, name := range path {
		have, known := fieldsOf[before]
		switch {
		case before == ".Service.Labels": // swarmkit tries templates with a service that has none
			return "a label is read with index, as in {{ index .Service.Labels \"" + text.Short(name, 40) + "\" }}"
		case !known:
			return before + " has no fields, and so no " + text.Short(name, 40)
		case !slices.Contains(have, name):
			who := "a template of Swarm"
			if before != "" {
				who = before
			}
			return who + " has no field " + text.Short(name, 40) + ": have " + strings.Join(have, ", ") + text.DidYouMean(name, have)
		}
		before += "." + name
	}
	return ""
}

// templates reports what Swarm's templates do not take, in the places where Swarm executes them: docker stack deploy creates
// no such service, or its tasks fail.
func (s *stack) templates(name string, service *yaml.Node) {
	for path, n := range engine.Scalars(service) {
		if engine.IsTemplate(path) {
			s.template("service "+name, n)
		}
	}
	s.envFiles(name, yamltree.Get(service, "env_file"))
}

func (s *stack) template(what string, n *yaml.Node) {
	content, _ := vars.Fill(n.Value, nil)
	if fault := templateFault(content, swarmFuncs); fault != "" {
		s.fail(n, "%s: Swarm takes %q for a template and refuses it: %s; `literal` in your template keeps a text as it is", what, text.Short(content, 60), fault)
	}
}

// volumeTemplates reports templates in a declared volume, of which Swarm makes one for each task.
func (s *stack) volumeTemplates(name, volume *yaml.Node) {
	for path, n := range engine.Scalars(volume) {
		if slices.Contains([]string{"name", "driver_opts", "labels"}, path[0]) {
			s.template("volume "+name.Value, n)
		}
	}
}

// envFiles checks the files that docker stack deploy reads a service's environment from.
func (s *stack) envFiles(name string, list *yaml.Node) {
	all := slices.Collect(yamltree.Items(list))
	if list != nil && list.Kind == yaml.ScalarNode {
		all = []*yaml.Node{list}
	}
	for _, n := range all {
		path, known := vars.Fill(n.Value, nil)
		if !known || path == "" {
			continue
		}
		content, err := s.read(n, "service "+name, path, maxConfig)
		if err != nil {
			continue
		}
		lines, err := kvfile.ParseFromReader(bytes.NewReader(content), nil)
		if err != nil {
			s.fail(n, "service %s: docker stack deploy refuses the env_file %s: %s", name, text.Short(path, 60), text.Printable(text.Short(err.Error(), 80)))
		}
		for _, line := range lines {
			if fault := templateFault(line, swarmFuncs); fault != "" {
				s.fail(n, "service %s: Swarm takes %q of %s for a template and refuses it: %s", name, text.Short(line, 60), text.Short(path, 60), fault)
				break
			}
		}
	}
}

// templateDriver checks the content of a config or secret that Swarm takes for a template.
func (s *stack) templateDriver(what string, one *yaml.Node, content []byte) {
	driver := yamltree.Get(one, "template_driver")
	switch {
	case driver == nil || driver.Value == "":
	case driver.Value != "golang":
		s.fail(driver, "%s: Swarm has no template driver %q: want golang", what, text.Short(driver.Value, 40))
	default:
		if fault := templateFault(string(content), payloadFuncs); fault != "" {
			s.fail(yamltree.Get(one, "file"), "%s: the file is a template for Swarm, which fails at it: %s", what, fault)
		}
	}
}
