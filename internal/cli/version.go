package cli

import (
	"cmp"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/course/report"
)

// A release sets these by -ldflags "-X …". The tag of the commit is where the number of a version is written.
var release, commit, date string

// buildInfo describes how this program was built, as far as that is known.
type buildInfo struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"` // "" if it is not known
	Date     string `json:"date"`   // of the commit, RFC 3339; "" if it is not known
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() buildInfo {
	b := buildInfo{Version: release, Commit: commit, Date: date, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.Version = cmp.Or(b.Version, info.Main.Version)
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = cmp.Or(b.Commit, s.Value)
			case "vcs.time":
				b.Date = cmp.Or(b.Date, s.Value)
			}
		}
	}
	b.Version = cmp.Or(b.Version, report.Unreleased)
	return b
}

// day returns the day of the commit, or "".
func (b buildInfo) day() string { return b.Date[:min(len(b.Date), len("2006-01-02"))] }

// version returns the version of this program.
func version() string { return thisBuild().Version }

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:      "version",
		Usage:     "print the version",
		UsageText: "composer version [--json]",
		Description: examples(
			"composer version", "what to tell in a bug report",
			"composer version --json", "for programs: version, commit, date, go, platform",
		) + "\n\nThe version is that of the release or of the module, with its commit and the commit's date where they are known, that\n" +
			"of Go, and the platform.",
		Flags: []cli.Flag{jsonFlag("print JSON")},
		Action: func(c *cli.Context) error {
			b := thisBuild()
			if c.Bool("json") {
				return printJSON(c.App.Writer, b)
			}
			made := ""
			if b.Commit != "" {
				made = " " + b.Commit[:min(len(b.Commit), 12)]
			}
			if b.Date != "" {
				made += " of " + b.day()
			}
			printLine(renamer{c.App.Writer, streams(c).name}, "composer %s%s, %s %s", b.Version, made, b.Go, b.Platform)
			return nil
		},
	}
}
