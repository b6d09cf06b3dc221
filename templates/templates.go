// Package templates holds the built-in bundle: the lab's stages as data, and
// the named templates that turn one of them into a Compose file.
package templates

import "embed"

// FS is the built-in bundle: stages.yaml and the *.tmpl files.
//
//go:embed stages.yaml *.tmpl
var FS embed.FS
