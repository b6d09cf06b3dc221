// Command composer renders Docker Compose files from templates, one numbered
// replica at a time.
package main

import (
	"os"
	"runtime/debug"

	"github.com/tp0-lab/composer/internal/cli"
)

func main() {
	debug.SetGCPercent(400) // a run is short: collecting garbage costs more than the memory
	os.Exit(cli.Process())
}
