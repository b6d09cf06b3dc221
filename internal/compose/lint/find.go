package lint

import (
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// composeName matches the names of Compose files: compose.yaml, docker-compose-dev.yml, prod.compose.yaml.
var composeName = text.LazyRegexp(`(?:^|[.-])compose(?:[.-].*)?\.ya?ml$`)

// FindFiles returns the Compose files in a directory and below it, by their names. It does not look into node_modules,
// directories whose names begin with a dot, and directories that skip reports. The result also has each directory that
// cannot be read, and dir itself if it has no Compose files: CheckFile says what is wrong with them.
func FindFiles(dir string, skip func(dir string) bool) []string {
	var found []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			found = append(found, path)
			return fs.SkipDir
		case !entry.IsDir():
			if composeName().MatchString(entry.Name()) {
				found = append(found, path)
			}
		case path != dir && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || skip(path)):
			return fs.SkipDir
		}
		return nil
	})
	if found == nil {
		return []string{dir}
	}
	return found
}
