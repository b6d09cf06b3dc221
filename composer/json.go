package main

import (
	"encoding/json"
	"io"
)

// printJSON prints v as people read it, and "<" as it is.
func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
