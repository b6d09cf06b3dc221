package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/lab/dataset"
	"github.com/tp0-lab/composer/internal/text"
)

const dataDir = ".data"

// dataCommand returns `composer data`, which makes, unpacks and checks the agencies' files.
func dataCommand() *cli.Command {
	return &cli.Command{
		Name:  "data",
		Usage: "make, extract, check and serve the agencies' files, make secrets, and set stored bets aside",
		Description: examples(
			"composer data extract", "unpack the dataset that comes with composer",
			"composer data check", "check that each line is a bet",
		),
		Subcommands: []*cli.Command{
			dataGenerateCommand(),
			dataExtractCommand(),
			dataCheckCommand(),
			dataServeCommand(),
			dataSecretsCommand(),
			dataSetAsideCommand(),
		},
	}
}

func dataGenerateCommand() *cli.Command {
	return &cli.Command{
		Name:      "generate",
		Usage:     "make the agencies' files; the same flags make the same files",
		UsageText: "composer data generate [-n N] [--bets N[,N…]] [--winners N[,N…]] [--seed N] [-o ARCHIVE|DIR] [--force]",
		Description: examples(
			"composer data generate", "a dataset of five agencies, .data/dataset.zip",
			"composer data generate -n 3 --bets 100 -o small.zip", "three agencies of a hundred bets",
			"composer data generate --bets 20,0,3 --winners 4,0,1 -o files", "agency by agency, into a directory",
		) + "\n\nWithout --agencies and --bets the dataset has the shape of the one that comes\n" +
			"with composer: five agencies of 27000, 25500, 16000, 9200 and 1000 bets.",
		Flags: []cli.Flag{
			&cli.IntFlag{
				Name: "agencies", Aliases: []string{"n"}, EnvVars: []string{"COMPOSER_DATA_AGENCIES"},
				DefaultText: "as many as --bets has numbers, else 5", Usage: "how many agencies, `N`",
			},
			stringFlag("bets", "COMPOSER_DATA_BETS", "",
				"bets of each agency, `N[,N…]`: one number for all, or one for each, with commas (default: 1000)", "b"),
			stringFlag("winners", "COMPOSER_DATA_WINNERS", "",
				"winning bets of each agency, `N[,N…]`, likewise (default: one in 10000, none of the last agency)", "w"),
			&cli.Uint64Flag{
				Name: "seed", Aliases: []string{"s"}, EnvVars: []string{"COMPOSER_DATA_SEED"},
				Value: dataset.DefaultSeed, Usage: "the seed `N` of the random numbers",
			},
			stringFlag("output", "COMPOSER_DATA_OUTPUT", dataDir+"/dataset.zip",
				"the `FILE` of a zip archive, with a name that ends in .zip, or a directory", "o"),
			boolFlag("force", "COMPOSER_DATA_FORCE", "replace existing files", "f"),
		},
		Action: dataGenerate,
	}
}

func dataGenerate(c *cli.Context) error {
	var lists [2][]int
	for i, flag := range []string{"bets", "winners"} {
		var err error
		if lists[i], err = numberList(c.String(flag)); err != nil {
			return usagef("data generate: --%s %q: %w", flag, c.String(flag), err)
		}
	}
	if c.IsSet("agencies") && c.Int("agencies") < 1 {
		return usagef("data generate: --agencies %d: want 1 or more", c.Int("agencies"))
	}
	shape, err := dataset.NewShape(c.Uint64("seed"), c.Int("agencies"), lists[0], lists[1])
	if err != nil {
		return usagef("data generate: %w", err)
	}
	out := c.String("output")
	progress, wipe := progressBar(streams(c).Err)
	err = dataset.Write(c.Context, out, shape, dataset.WriteOptions{Force: c.Bool("force"), Progress: progress})
	wipe()
	if errors.Is(err, dataset.ErrExists) {
		return fmt.Errorf("%w: --force replaces it", err)
	}
	if err != nil {
		return err
	}
	bets, winners := shape.Totals()
	printLine(c.App.ErrWriter, "%s: %s of %s, %d of them winners", out, text.Plural(bets, "bet"), text.Plural(len(shape), "agency"), winners)
	return nil
}

// numberList reads "1000" or "1000,20,3"; of "" it is nil.
func numberList(s string) ([]int, error) {
	if s == "" {
		return nil, nil
	}
	var list []int
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 {
			return nil, fmt.Errorf("want whole numbers from 0, not %q", part)
		}
		list = append(list, n)
	}
	return list, nil
}

// progressBar returns functions that draw a bar on w, if w is a terminal, and erase the bar.
func progressBar(w *Output) (progress func(done, total int), wipe func()) {
	const width = 40
	if !w.Terminal {
		return nil, func() {}
	}
	last := -1
	progress = func(done, total int) {
		percent := int(float64(done) / float64(max(total, 1)) * 100)
		if percent == last {
			return
		}
		last = percent
		full := percent * width / 100
		fmt.Fprintf(w, "\r[%s%s] %3d%%", strings.Repeat("#", full), strings.Repeat(".", width-full), percent)
	}
	return progress, func() {
		if last >= 0 {
			fmt.Fprintf(w, "\r%*s\r", width+len("[] 100%"), "")
			last = -1
		}
	}
}

func dataExtractCommand() *cli.Command {
	return &cli.Command{
		Name:      "extract",
		Usage:     "unpack agency-N.csv from a zip archive, all of them or none",
		UsageText: "composer data extract [-o DIR] [--keep] [ARCHIVE]",
		ArgsUsage: "[ARCHIVE]",
		Description: examples(
			"composer data extract", "the archive in "+dataDir+", or else the dataset that comes with composer, to "+dataDir,
			"composer data extract --keep -o other their.zip", "another archive, to a directory; files there stay",
		) + "\n\nThe default ARCHIVE is datasets.zip, or else dataset.zip, in " + dataDir + ". Without either the command unpacks\n" +
			"the dataset that comes with composer. Files may be in folders of the archive. Files with other names than agency-N.csv are passed over.",
		Flags: []cli.Flag{
			stringFlag("output", "COMPOSER_DATA_DIR", dataDir, "the `DIR` for the files", "o"),
			boolFlag("keep", "COMPOSER_DATA_KEEP", "keep existing files", "k"),
			&cli.Int64Flag{
				Name: "max-file", EnvVars: []string{"COMPOSER_DATA_MAX_FILE"},
				Value: dataset.DefaultMaxFile >> 20, Usage: "refuse an archive with a file over `N` MiB",
			},
			&cli.Int64Flag{
				Name: "max-total", EnvVars: []string{"COMPOSER_DATA_MAX_TOTAL"},
				Value: dataset.DefaultMaxTotal >> 20, Usage: "refuse an archive with more than `N` MiB in all",
			},
		},
		Action: dataExtract,
	}
}

func dataExtract(c *cli.Context) error {
	if c.NArg() > 1 {
		return usagef("data extract takes one archive: have %d", c.NArg())
	}
	for _, flag := range []string{"max-file", "max-total"} {
		if n := c.Int64(flag); n < 1 || n > 1<<40 {
			return usagef("data extract: --%s %d: want 1 … %d (MiB)", flag, n, int64(1)<<40)
		}
	}
	archive, path := c.Args().First(), c.Args().First()
	if archive == "" {
		var err error
		archive, err = dataset.FindArchive(dataDir)
		path = archive
		if errors.Is(err, dataset.ErrNoArchive) {
			if others, _ := filepath.Glob(dataDir + "/*.zip"); others != nil {
				return fmt.Errorf("%w: name the archive, as in `composer data extract %s`", err, text.ShellWord(others[0]))
			}
			printLine(c.App.ErrWriter, "composer: %s has neither datasets.zip nor dataset.zip: this is the dataset that comes with composer", dataDir)
			archive = "composer's dataset"
			var remove func()
			path, remove, err = ownArchive(c)
			defer remove()
		}
		if err != nil {
			return err
		}
	}
	result, err := dataset.Extract(c.Context, path, c.String("output"), dataset.ExtractOptions{
		MaxFile:  c.Int64("max-file") << 20,
		MaxTotal: c.Int64("max-total") << 20,
		Keep:     c.Bool("keep"),
	})
	if err != nil {
		return err
	}
	for i, name := range result.Ignored {
		if i == 10 {
			printLine(c.App.ErrWriter, "%s: passed over %d more", archive, len(result.Ignored)-i)
			break
		}
		printLine(c.App.ErrWriter, "%s: passed over %.200q: not called agency-N.csv", archive, name)
	}
	printLine(c.App.ErrWriter, "%s: %s in %s: %d written, %d unchanged, %d kept", archive,
		text.Plural(len(result.Written)+len(result.Unchanged)+len(result.Kept), "agency file"), c.String("output"),
		len(result.Written), len(result.Unchanged), len(result.Kept))
	return nil
}

// ownArchive makes the archive of the dataset that comes with composer, in a directory that remove removes.
func ownArchive(c *cli.Context) (path string, remove func(), err error) {
	done := streams(c).tidy()
	dir, err := os.MkdirTemp("", "composer-data-")
	if err != nil {
		return "", done, err
	}
	remove = func() {
		_ = os.RemoveAll(dir) // below the temporary directory, where leftovers are harmless
		done()
	}
	path = filepath.Join(dir, "dataset.zip")
	return path, remove, dataset.Write(c.Context, path, dataset.DefaultShape(), dataset.WriteOptions{})
}

func dataCheckCommand() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Usage:     "report every line of the agencies' files that is not a bet",
		UsageText: "composer data check [--limit N] [--json] [DIR|FILE]…",
		ArgsUsage: "[DIR|FILE]…",
		Description: examples(
			"composer data check", "file:line: the mistake, and a line about each file",
			"composer data check --json my.csv", "for programs",
		) + "\n\nWithout arguments it checks the agency-N.csv in " + dataDir + ". Bad lines make it fail; repeated bets do not.",
		Flags: []cli.Flag{
			jsonFlag("print JSON"),
			&cli.IntFlag{
				Name: "limit", EnvVars: []string{"COMPOSER_DATA_LIMIT"},
				Value: 100, Usage: "list `N` bad lines of a file, and as many warnings",
			},
		},
		Action: dataCheck,
	}
}

func dataCheck(c *cli.Context) error {
	if c.Int("limit") < 0 {
		return usagef("data check: --limit %d: want 0 or more", c.Int("limit"))
	}
	paths := c.Args().Slice()
	if len(paths) == 0 {
		paths = []string{dataDir}
	}
	var files []string
	for _, path := range paths {
		found := []string{path}
		if path != "-" {
			var err error
			if found, err = dataset.CheckFiles(path); err != nil {
				return err
			}
		}
		files = append(files, found...)
	}
	reports := make([]dataset.Report, len(files))
	bad := 0
	for i, file := range files {
		var err error
		if file == "-" {
			reports[i], err = dataset.CheckReader(c.Context, streams(c).In, "stdin", c.Int("limit"))
		} else {
			reports[i], err = dataset.Check(c.Context, file, c.Int("limit"))
		}
		if err != nil {
			return err
		}
		if !c.Bool("json") {
			printReport(c.App.Writer, reports[i])
		}
		bad += reports[i].Bad
	}
	if c.Bool("json") {
		if err := printJSON(c.App.Writer, map[string]any{"files": reports, "ok": bad == 0}); err != nil {
			return fmt.Errorf("data check: %w", err)
		}
	}
	if bad > 0 {
		return fmt.Errorf("data check: %d bad lines", bad)
	}
	return nil
}

func printReport(w io.Writer, r dataset.Report) {
	for _, p := range r.Problems {
		printLine(w, "%s:%d: %s", r.File, p.Line, p.Reason)
	}
	if n := r.Bad - len(r.Problems); n > 0 {
		printLine(w, "%s: %d more bad lines", r.File, n)
	}
	if r.Unread {
		printLine(w, "%s: what follows the last bad line was not read", r.File)
	}
	for _, p := range r.Warnings {
		printLine(w, "%s:%d: warning: %s", r.File, p.Line, p.Reason)
	}
	if n := r.Repeats - len(r.Warnings); n > 0 {
		printLine(w, "%s: %d more warnings", r.File, n)
	}
	printLine(w, "%s: %s, %s, %s, %s", r.File, text.Plural(r.Bets, "bet"), text.Plural(r.Winners, "winner"), text.Plural(int(r.Bytes), "byte"), text.Plural(r.Bad, "bad line"))
}
