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

	"github.com/tp0-lab/composer/internal/text"
)

// agencyDir is where the agencies' files are; the course says so since 2025.
const agencyDir = ".data"

var (
	agencyFile = text.LazyRegexp(`^agency-\d+\.csv$`)
	dataFolder = text.LazyRegexp(`^(?:\.?data|datasets?)$`)
)

// supply copies the agencies' files to where else a Compose file mounts them from:
// earlier texts of the course name only the archive that they come in. Its error
// is about a file that a client is to get and that is not there, of which Docker
// would make a directory.
func supply(s *site, project *types.Project) error {
	if s.stage < "ej6" {
		return nil // nobody reads them
	}
	files, err := filepath.Glob(filepath.Join(s.dir, agencyDir, "agency-*.csv"))
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(project.Services)) {
		for _, v := range project.Services[name].Volumes {
			source, err := filepath.Rel(s.dir, v.Source)
			if v.Type != types.VolumeTypeBind || err != nil || !filepath.IsLocal(source) {
				continue
			}
			if err := supplyOne(s, source, files); err != nil {
				return err
			}
			if _, err := os.Stat(v.Source); filepath.Ext(source) == ".csv" && errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s has %s mounted, which is not there: the file of the agency N is %s/agency-N.csv", name, source, agencyDir)
			}
		}
	}
	return nil
}

// supplyOne copies those of the files that a mounted source is to be or to hold.
func supplyOne(s *site, source string, files []string) error {
	for _, file := range files {
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
		text, err := os.ReadFile(file)
		if err == nil {
			err = s.write(to, text)
		}
		if err != nil {
			return fmt.Errorf("supply an agency's file: %w", err)
		}
	}
	return nil
}
