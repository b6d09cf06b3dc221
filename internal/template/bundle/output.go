package bundle

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/template/values"
	"github.com/tp0-lab/composer/internal/text"
)

// Output is a file, or a file for each replica, that is written beside the Compose file.
type Output struct {
	// Path is the path of the file, relative to the folder of the Compose file, with / between names. {stage} stands
	// for the name of the stage, and {name}, {kind} and {id} for those of a replica.
	Path string `json:"path"`
	// Template is the name of the template file that makes the file.
	Template string `json:"template"`
	// Format is one of OutputFormats.
	Format string `json:"format"`
	// Kind is the kind whose replicas have a file each; "" is all kinds. It may be a kind with rows. Without Each, Kind
	// has no effect.
	Kind string `json:"kind,omitempty"`
	// Each reports that there is a file for each replica.
	Each bool `json:"each"`
}

// OutputFormats are the formats of outputs:
//
//	compose  YAML for Compose, which replaces ${NAME}: the $ of a value is doubled
//	yaml     other YAML, in which a $ is a dollar
//	json     the template is YAML or JSON, the file is JSON
//	env      a file of variables, as .env: values get quotes where they need them
//	text     anything else: values are written as they are
var OutputFormats = []string{"compose", "yaml", "json", "env", "text"}

// StagePart stands for the name of the stage in the path of an output, and in that of a Compose file.
const StagePart = "{stage}"

// replicaParts are the parts in the path of an output that stand for the name, kind and number of a replica.
var replicaParts = []string{"{name}", "{kind}", idPart}

// maxOutputs is the limit for the rows of the table of outputs.
const maxOutputs = 1000

// PathOf returns the path of a stage's file, with the separators of the system. For an output with Each, it is the path
// of the file of the replica of kind with that ID; other outputs ignore kind and id.
func (o Output) PathOf(stage string, kind Kind, id int) string {
	return filepath.FromSlash(strings.NewReplacer(
		StagePart, stage, "{name}", kind.NameOf(id), "{kind}", kind.Name, idPart, strconv.Itoa(id),
	).Replace(o.Path))
}

// Kinds returns those of kinds whose replicas have a file each.
func (o Output) Kinds(kinds Kinds) []Kind {
	if !o.Each {
		return nil
	}
	if o.Kind == "" {
		return kinds.All
	}
	of, _ := kinds.Named(o.Kind)
	return of
}

// output reads a row of the table of outputs.
func (r *tableReader) output(b *Bundle, i int, row *values.Node) Output {
	prefix := fmt.Sprintf("output %d: ", i+1)
	r.checkKeys(row, prefix, "path", "template", "format", "kind")
	o := Output{Path: r.text(row, "path"), Template: r.text(row, "template"), Format: r.text(row, "format"), Kind: r.text(row, "kind")}
	if o.Format == "" {
		o.Format = formatOf(o.Path)
	}
	has := func(part string) bool { return strings.Contains(o.Path, part) }
	o.Each = slices.ContainsFunc(replicaParts, has)
	at := func(key string) *values.Node {
		if field := row.Fields[key]; field != nil {
			return field
		}
		return row
	}
	if problem := pathProblem(o.Path); problem != "" {
		r.fail(at("path"), "%spath %q: %s", prefix, o.Path, problem)
	}
	switch {
	case !slices.Contains(OutputFormats, o.Format):
		r.fail(at("format"), "%sunknown format %q%s: have %s", prefix, o.Format, text.DidYouMean(o.Format, OutputFormats), strings.Join(OutputFormats, ", "))
	case o.Each && !has("{name}") && !has(idPart):
		r.fail(at("path"), "%spath %q: all replicas of a kind would have one file; put {id} or {name} into it", prefix, o.Path)
	case len(o.Kinds(b.known)) > 1 && !has("{name}") && !has("{kind}"):
		r.fail(at("path"), "%spath %q: replicas of two kinds would have one file; put {kind} or {name} into it, or name a kind", prefix, o.Path)
	case !o.Each && o.Kind != "":
		r.fail(at("kind"), "%spath %q is one file; put {name} into it for one of each %s", prefix, o.Path, o.Kind)
	case o.Kind != "" && !slices.Contains(b.known.Names(), o.Kind):
		r.fail(at("kind"), "%s%s", prefix, b.known.unknown(o.Kind))
	}
	if o.Template == "" {
		r.fail(row, "%swant a template, the name of a file of the bundle", prefix)
		return o
	}
	name, err := b.templateFile(o.Template)
	if err != nil {
		r.fail(at("template"), "%s%v", prefix, err)
	}
	o.Template = name
	return o
}

// formatOf returns the format of a file by its ending.
func formatOf(name string) string {
	base := path.Base(name)
	switch path.Ext(name) {
	case ".env":
		return "env"
	case ".yaml", ".yml":
		return "yaml"
	case ".json":
		return "json"
	}
	if strings.HasPrefix(base, ".env.") {
		return "env"
	}
	return "text"
}

// pathProblem returns an error message about the path of an output, or "".
func pathProblem(name string) string {
	plain := strings.NewReplacer(StagePart, "", "{name}", "", "{kind}", "", idPart, "").Replace(name)
	switch {
	case name == "":
		return "want the path of the file, relative to the folder of the Compose file"
	case strings.ContainsAny(plain, "{}"):
		return "unknown part in braces: have " + strings.Join(append([]string{StagePart}, replicaParts...), ", ")
	case text.Line(name) != name || strings.Contains(name, `\`):
		return "want a path without control characters and backslashes; / separates folders"
	case path.IsAbs(name) || !filepath.IsLocal(filepath.FromSlash(name)) || slices.Contains(strings.Split(name, "/"), ".."):
		return "want a path below the folder of the Compose file, without .. and without / at its beginning"
	case name == ".":
		return "it is a folder; want the path of a file"
	case path.Clean(name) != name:
		return fmt.Sprintf("write it as %q", path.Clean(name))
	}
	return ""
}
