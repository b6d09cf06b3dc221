package cli

import (
	"encoding/json"
	"io"

	"github.com/urfave/cli/v2"
)

// jsonFlag returns --json, whose variable is the same for all commands.
func jsonFlag(usage string) cli.Flag {
	return boolFlag("json", "COMPOSER_JSON", usage)
}

// printJSON writes v as indented JSON, with "<" unescaped.
func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
