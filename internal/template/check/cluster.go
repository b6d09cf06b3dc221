package check

import (
	"context"
	"fmt"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/cluster"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/internal/text"
)

// ForTarget checks a document for a target. For Compose it is Document. dir is the folder in which the document will be;
// Compose's documents are checked without it.
func ForTarget(ctx context.Context, target bundle.Target, doc render.Document, dir string) (Report, error) {
	if target == bundle.Compose {
		return Document(ctx, doc)
	}
	if len(doc.Bytes) > maxWhole {
		return Report{}, fmt.Errorf("check: the document has %d MiB, and the limit is %d MiB", len(doc.Bytes)>>20, maxWhole>>20)
	}
	var problems []cluster.Problem
	if target == bundle.Swarm {
		problems = cluster.CheckStack(doc.Bytes, dir)
	} else {
		problems = cluster.CheckKubernetes(doc.Bytes)
	}
	var report Report
	for _, p := range problems {
		one := errorAt(doc.Bytes, text.OffsetOf(doc.Bytes, p.Line, p.Column), p.Message)
		if !p.Warning {
			return Report{}, one
		}
		if len(report.Warnings) < maxWarnings {
			report.Warnings = append(report.Warnings, one)
		}
	}
	return report, context.Cause(ctx)
}
