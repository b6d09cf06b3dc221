// Package check refuses rendered documents that are not sound Compose files: by the Compose specification, as
// compose-go reads it, and by the rules of package rules, of which Compose only learns when it starts containers.
package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4" // the version that compose-go reads with

	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/vars"
	"github.com/tp0-lab/composer/internal/template/render"
)

// Report describes a document that passed the check.
type Report struct {
	// Sources are the paths of the host that the document mounts, and those that Compose reads, each once, in the order of the services' names,
	// client2 before client10.
	Sources []string
	// Warnings are what is most likely a mistake, ten at most. Replicas that share one are named in it.
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
// A full load of a thousand services by compose-go takes over a second, so what
// it loads first is a sample: the document without the replicas that can tell
// it nothing new. Only a whole load ever refuses a document; a sample that is
// not understood or not right just leads to one. So what has to be sound is
// "the sample is right, hence the document is", and this is why it is:
//
//   - A replica is left out only if an earlier one of the same walk over the
//     replicas is the same text but for decimal numbers (sample.go).
//   - Every replica in such a document is whole lines, whole services, and
//     complete in itself: it parses alone to the services that it is in the
//     document. So a left-out one adds services where the one kept for it
//     stands, and changes the meaning of nothing around it. Anchors, aliases and
//     several documents in one file could reach further, and rule a sample out.
//   - The numbers that differ stand where a service's name, container_name,
//     hostname, a value of its environment or labels, the source of a bind mount, or
//     its ipv4_address stands, in a scalar that is a string whatever the number
//     (places.go). The specification demands nothing of these strings that a number
//     could break. Anywhere else it might: a port overflows, a key equals its
//     neighbour, a network or a dependency is not there. So a number that differs
//     anywhere else rules a sample out.
//   - References that do not differ are the same for the replica that was kept.
//     One that points to a left-out replica fails the load of the sample.
//   - What is demanded across services is checked here for every service, left
//     out or not (package rules): distinct names, addresses and ports, and room in the networks.
//
// A document of which no sample of this kind can be taken is reduced to one service of each shape, see byShape.
//
// A whole load of more than 8 MiB is not tried: compose-go takes minutes and
// gigabytes for it and refuses it for its number of nodes.
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
	project.Partly = usesOthers(text) // they may define what is not defined here
	return project, nil
}

// rootOf returns the root of the YAML of a document. If the document is several in YAML, or its services extend others,
// it is what compose-go makes of them.
func rootOf(text []byte, project *types.Project) (*yaml.Node, error) {
	var document yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&document); err != nil {
		return nil, err
	}
	one := errors.Is(decoder.Decode(new(yaml.Node)), io.EOF)
	if one && !bytes.Contains(text, []byte("extends")) {
		return document.Content[0], nil
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
