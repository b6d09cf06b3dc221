// Package check refuses rendered documents that Compose could not run. It checks them by the Compose specification, as
// compose-go reads it, and by package rules, which finds mistakes that Compose only finds when it starts containers.
package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4" // the version that compose-go reads with

	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/template/render"
)

// Report describes a document that passed the check.
type Report struct {
	// Sources are the paths of the host that the document mounts, and those that Compose reads, each once, in the order of
	// the services' names, client2 before client10.
	Sources []string
	// Warnings are most likely mistakes, at most ten. A warning names all replicas that share it.
	Warnings []*Error

	warnings warnings // before they have places
}

// Missing returns the sources that do not exist. Relative ones begin in dir, the folder of the Compose file.
func (r Report) Missing(dir string) []string {
	var missing []string
	for _, source := range r.Sources {
		path := source
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		if _, err := os.Stat(path); err != nil {
			missing = append(missing, source)
		}
	}
	return missing
}

// Document checks doc and returns an error for the first mistake. It does not check values that depend on variables
// without defaults.
//
// compose-go needs over a second to load a thousand services. So Document loads a sample first: the document without the
// replicas that cannot add anything new. A right sample has to mean that the document is right. A wrong sample,
// or a document without a sample, proves nothing: Document then loads more, and refuses only a document that it has loaded
// as a whole. A right sample proves the document right because:
//
//   - Document leaves out a replica only if an earlier one of the same walk has the same text but for decimal numbers
//     (sample.go).
//   - Each replica of such a document is whole lines and whole services, and parses alone to the same services. So a
//     replica that is left out only adds services where the kept one stands, and changes nothing around it. Anchors,
//     aliases and several documents in one file could reach further: a document with them has no sample.
//   - The numbers that differ are in strings: a service's name, container_name, hostname, the values of its environment
//     and labels, the source of a bind mount, its ipv4_address (places.go). The specification allows these strings
//     whatever the number. A number that differs elsewhere could break something, such as a port or the name of a
//     network: a document with one has no sample.
//   - References that do not differ are the same in the kept replica. A reference to a replica that is left out fails
//     the load of the sample.
//   - Document checks the rules across services (package rules) for every service, left out or not: distinct names,
//     addresses and ports, and room in the networks.
//
// If the sample proves nothing, Document loads one service of each shape (see byShape) of a document of up to 32 MiB,
// and then the whole of a document of up to 8 MiB: for more, compose-go needs minutes and gigabytes, and refuses so
// many nodes. A larger document is refused if neither its sample nor its shapes prove it right.
//
// The error is *Error if its line is known.
func Document(ctx context.Context, doc render.Document) (Report, error) {
	alike, ok := newSample(doc)
	report, s, err := bySample(ctx, alike, ok)
	if s != nil && err == nil {
		report.Warnings = report.warnings.located(doc.Bytes)
		return report, nil
	}
	if len(doc.Bytes) <= maxShapes {
		own, right, wrong := byShape(ctx, alike, ok, composeNodes)
		switch {
		case right && wrong != nil:
			return Report{}, explain(ctx, doc.Bytes, wrong)
		case right:
			return own, nil
		}
	}
	if len(doc.Bytes) <= maxWhole {
		if report, err = whole(ctx, doc.Bytes); err != nil {
			return Report{}, explain(ctx, doc.Bytes, err)
		}
		report.Warnings = report.warnings.located(doc.Bytes)
		return report, nil
	}
	more := fmt.Sprintf(" (a document of %d MiB is not checked as a whole)", len(doc.Bytes)>>20)
	if err == nil {
		return Report{}, errors.New("check: its replicas are not alike enough to check one for all of them" + more)
	}
	err = explain(ctx, s.text, err)
	if e, ok := errors.AsType[*Error](err); ok {
		return Report{}, errorAt(doc.Bytes, s.offset(e.Offset), e.Message+more)
	}
	return Report{}, fmt.Errorf("%w%s", err, more)
}

// maxWhole is the limit for a document that is loaded as a whole, maxShapes for one of which the services are compared, in
// bytes.
const (
	maxWhole  = 8 << 20
	maxShapes = 32 << 20
)

// bySample checks a sample of a document, and returns it if that says something of all of the document. ok is what newSample
// returned beside s.
func bySample(ctx context.Context, s *sample, ok bool) (Report, *sample, error) {
	if !ok || !s.understand() {
		return Report{}, nil, nil
	}
	project, err := readProject(ctx, s.text)
	if err != nil {
		return Report{}, s, err
	}
	if !s.expand(&project) {
		return Report{}, nil, nil
	}
	report, err := applyRules(project)
	return report, s, err
}

// whole checks a document with all its replicas.
func whole(ctx context.Context, text []byte) (Report, error) {
	project, err := readProject(ctx, text)
	if err != nil {
		return Report{}, err
	}
	return applyRules(project)
}

// readProject returns what the rules look at of a document that compose-go loads.
func readProject(ctx context.Context, text []byte) (rules.Project, error) {
	loaded, err := loadProject(ctx, text)
	if err != nil {
		return rules.Project{}, err
	}
	root, err := rootOf(text, loaded)
	if err != nil {
		return rules.Project{}, err
	}
	project := rules.Read(root, nil)
	project.Partial = usesOthers(text) // they may define what is not defined here
	return project, nil
}

// rootOf returns the root of the YAML of a document. If the document is several in YAML, or its services extend others,
// it is what compose-go makes of them.
func rootOf(text []byte, project *types.Project) (*yaml.Node, error) {
	var roots []*yaml.Node
	for document, err := range yamltree.Documents(text) {
		if err != nil {
			return nil, err
		}
		roots = append(roots, document.Content[0])
	}
	if len(roots) == 1 && !bytes.Contains(text, []byte("extends")) {
		return roots[0], nil
	}
	made, err := project.MarshalYAML()
	if err != nil {
		return nil, err
	}
	made = bytes.ReplaceAll(made, []byte("$"), []byte("$$"))
	var composed yaml.Node
	if err := yaml.Unmarshal(made, &composed); err != nil {
		return nil, err
	}
	return composed.Content[0], nil
}

func loadProject(ctx context.Context, text []byte) (*types.Project, error) {
	elsewhere, all := usesOthers(text), true
	project, err := load.Load(ctx, text, load.Options{
		Prepare: func(text []byte) (rest []byte) {
			rest, all = vars.PruneText(text)
			return rest
		},
		Profiles: []string{"*"}, // each of them has to work when it is asked for
		Project:  "unnamed",
		Alone:    elsewhere, // other files are relative to where the document will be, which nobody knows here
	})
	if err != nil {
		return nil, err
	}
	if !all || elsewhere { // its keys have to be right, too, and names, as far as they are known
		if f, found := lint.Refused(ctx, text); found {
			return nil, &load.Error{Message: f.Message}
		}
	}
	return project, nil
}

// usesOthers reports whether a document includes other files, or extends what is in
// one.
func usesOthers(text []byte) bool {
	if !bytes.Contains(text, []byte("include")) && !bytes.Contains(text, []byte("extends")) {
		return false
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var document struct {
			Include  yaml.Node
			Services map[string]yaml.Node
		}
		if decoder.Decode(&document) != nil {
			return false
		}
		if len(document.Include.Content) > 0 {
			return true
		}
		for _, service := range document.Services {
			var s struct{ Extends struct{ File string } }
			if service.Decode(&s) == nil && s.Extends.File != "" {
				return true
			}
		}
	}
}
