package verify

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// agencyDir is the directory of the agencies' files in the course's text since 2025.
const agencyDir = ".data"

var (
	agencyFile = text.LazyRegexp(`^agency-\d+\.csv$`)
	dataFolder = text.LazyRegexp(`^(?:\.?data|datasets?)$`)
)

// supply copies the agencies' files to the other places from which a Compose file mounts them, because earlier texts of
// the course name only the archive. It returns an error if a service still mounts a .csv file that is missing: Docker
// would make a directory in its place.
func supply(s *site, project *types.Project) error {
	if s.stage < "ej6" {
		return nil // no earlier stage reads the files
	}
	found, err := filepath.Glob(filepath.Join(s.dir, agencyDir, "agency-*.csv"))
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		for _, v := range project.Services[name].Volumes {
			source, err := filepath.Rel(s.dir, v.Source)
			if v.Type != types.VolumeTypeBind || err != nil || !filepath.IsLocal(source) {
				continue
			}
			if err := supplyOne(s, source, found); err != nil {
				return err
			}
			if _, err := os.Stat(v.Source); filepath.Ext(source) == ".csv" && errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s has %s mounted, which is not there: the file of the agency N is %s/agency-N.csv", name, source, agencyDir)
			}
		}
	}
	return nil
}

// supplyOne copies the agencies' files that belong at source, which a service mounts: one file if source has the name
// of an agency's file, all files if it has the name of a data directory, or else none.
func supplyOne(s *site, source string, found []string) error {
	for _, file := range found {
		to := source
		switch base := filepath.Base(source); {
		case agencyFile().MatchString(base):
			if base != filepath.Base(file) {
				continue
			}
		case dataFolder().MatchString(base):
			to = filepath.Join(source, filepath.Base(file))
		default:
			return nil
		}
		if filepath.Join(s.dir, to) == file {
			continue
		}
		text, err := files.ReadIn(s.root, filepath.Join(agencyDir, filepath.Base(file)), maxFile)
		if err == nil {
			err = s.write(to, text)
		}
		if err != nil {
			return fmt.Errorf("supply an agency's file: %w", err)
		}
	}
	return nil
}
