// Package templates holds the built-in bundle: the lab's stages as data, their
// values, and the named templates that turn a stage into a Compose file.
package templates

import "embed"

// FS is the built-in bundle: stages.yaml, values.yaml with its schema, and the
// *.tmpl files.
//
//go:embed stages.yaml values.yaml values.schema.json *.tmpl
var FS embed.FS
