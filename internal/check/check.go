// Package check says whether a rendered document is a Compose file that works:
// by the Compose specification, as compose-go reads it, and by rules that
// Compose itself only finds out about when it starts containers.
package check

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/render"
)

// Report is what a check learned of a document that has passed it.
type Report struct {
	// Sources are the paths that the document mounts from the host, in order.
	Sources []string
}

// Missing returns the sources that are not there. Relative ones are looked up
// from dir, the folder of the Compose file.
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

// Document checks doc and returns the first thing that is wrong with it.
//
// A full load of a thousand services by compose-go takes over a second, so what
// it loads is the document without the replicas that can tell it nothing new.
// This is why that is sound:
//
//   - Two replicas have the same shape if their texts differ in nothing but
//     decimal numbers. Same shape, same keys, same structure.
//   - For each number of a shape the replicas with its smallest and its largest
//     value stay. What the specification demands of a number within a value
//     (a port, an octet, a count) is an interval, so what holds at both ends holds between.
//   - What is demanded across services (distinct names and addresses, room in
//     a subnet) is checked for every replica here, by identities.
//   - A replica that is referred to but was left out makes the load fail, and
//     a failed load is never the answer: then the whole document is loaded.
//   - Where the text is laid out so that a left-out replica's name cannot be
//     read from its line, the whole document is loaded as well.
func Document(ctx context.Context, doc render.Document) (Report, error) {
	s := newSample(doc)
	if len(s.kept) < len(doc.Replicas) {
		if project, err := load(ctx, s.text); err == nil {
			if ids, ok := s.identities(); ok {
				return rules(doc, project, ids)
			}
		}
		s = wholeSample(doc)
	}
	project, err := load(ctx, doc.Bytes)
	if err != nil {
		return Report{}, fmt.Errorf("check: %w", err)
	}
	ids, ok := s.identities()
	if !ok {
		return Report{}, fmt.Errorf("check: the services cannot be read")
	}
	return rules(doc, project, ids)
}

func load(ctx context.Context, text []byte) (*types.Project, error) {
	details := types.ConfigDetails{
		WorkingDir:  "/",
		ConfigFiles: []types.ConfigFile{{Filename: "compose.yaml", Content: text}},
		// Not the machine's environment: the same document gets the same verdict everywhere.
		Environment: types.Mapping{},
	}
	return loader.LoadWithContext(ctx, details, func(o *loader.Options) {
		o.SkipResolveEnvironment = true
		o.ResolvePaths = false
		o.SetProjectName("unnamed", false)
	})
}

// lineOf returns the number, from 1, of the line at that offset.
func lineOf(text []byte, offset int) int {
	return 1 + bytes.Count(text[:offset], []byte{'\n'})
}
