package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "print the version",
		UsageText: "composer version [--json]",
		Description: examples(
			"composer version", "what to tell in a bug report",
			"composer version --json", "for programs: version, go, platform",
		) + "\n\nThe version is the module's, then that of Go, then the platform.",
		Flags: []cli.Flag{jsonFlag("print JSON")},
		Action: func(c *cli.Context) error {
			platform := runtime.GOOS + "/" + runtime.GOARCH
			if c.Bool("json") {
				return printJSON(c.App.Writer, map[string]string{"version": version(), "go": runtime.Version(), "platform": platform})
			}
			printLine(c.App.Writer, "composer %s %s %s", version(), runtime.Version(), platform)
			return nil
		},
	}
}

// version returns the version of the module.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
