package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/lab/central"
	"github.com/tp0-lab/composer/internal/lab/lottery/journal"
	"github.com/tp0-lab/composer/internal/text"
)

func dataSetAsideCommand() *cli.Command {
	return &cli.Command{
		Name:      "set-aside",
		Usage:     "move an agency's stored bets to a file, so that the agency can begin again",
		UsageText: "composer data set-aside [--storage FILE] [-o FILE] AGENCY",
		ArgsUsage: "AGENCY",
		Description: examples(
			"composer data set-aside 3", "move the records of agency 3 from bets.csv to bets.csv.agency-3",
			"composer data set-aside --storage bets/bets.csv -o old.csv 3", "other files",
		) + "\n\nA client ends with `the central has other bets of this agency` when its file is not the one whose bets are stored. Stop\n" +
			"the server, set the stored bets aside, and start both again. The agency's finish is taken back with its bets; after\n" +
			"the draw nothing is moved.",
		Flags: []cli.Flag{
			stringFlag("storage", "COMPOSER_DATA_STORAGE", "bets.csv", "the server's `FILE` of bets"),
			stringFlag("output", "COMPOSER_DATA_ASIDE", "", "the new `FILE` for the agency's records (default: the storage's name and .agency-N)", "o"),
		},
		Action: dataSetAside,
	}
}

func dataSetAside(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("data set-aside: want the number of one agency")
	}
	agency, err := strconv.ParseUint(c.Args().First(), 10, 32)
	if err != nil || agency == 0 {
		return usagef("data set-aside: %q is no agency's number", c.Args().First())
	}
	storage := c.String("storage")
	target := cmp.Or(c.String("output"), fmt.Sprintf("%s.agency-%d", storage, agency))
	records, err := central.SetAside(c.Context, storage, uint32(agency), target)
	switch {
	case errors.Is(err, journal.ErrLocked):
		return fmt.Errorf("%w: stop the server first", err)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: name another file with -o", err)
	case err != nil:
		return err
	}
	printLine(c.App.ErrWriter, "%s: %s of agency %d, which %s does not have anymore", target, text.Plural(int(records), "bet"), agency, storage)
	return nil
}
