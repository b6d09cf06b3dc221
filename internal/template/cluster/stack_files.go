package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// read returns the content of a file that docker stack deploy reads, from the folder of the stack file on. It reports a file
// that is missing, and a folder. at is the value that names it, most the number of bytes from which on the error is files.ErrTooLarge.
func (s *stack) read(at *yaml.Node, what, path string, most int64) ([]byte, error) {
	full := path
	if !filepath.IsAbs(path) {
		full = filepath.Join(s.dir, path)
	}
	content, err := files.ReadRegular(full, most)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.warn(at, "%s: there is no file %s in the folder of the stack file, where docker stack deploy reads it", what, text.Short(path, 60))
	case errors.Is(err, files.ErrDirectory):
		s.fail(at, "%s: %s is a folder, and docker stack deploy reads a file", what, text.Short(path, 60))
	}
	return content, err
}

// file checks a config or a secret that is made of a file.
func (s *stack) file(kind string, name, one *yaml.Node) {
	at := yamltree.Get(one, "file")
	path := yamltree.Text(one, "file")
	if path == "" || strings.Contains(path, "$") {
		return
	}
	what, named := kind+" "+name.Value, yamltree.Text(one, "name")
	most := int64(maxConfig)
	if kind == "secret" {
		most = maxSecret
	}
	content, err := s.read(at, what, path, most)
	switch {
	case errors.Is(err, files.ErrTooLarge):
		s.fail(at, "%s: the file has more than %d bytes, which is all that Swarm takes: let nodes mount it, or get it by HTTP", what, most)
		return
	case err == nil && len(content) == 0:
		s.fail(at, "%s: the file is empty, and Swarm takes no empty %s", what, kind)
		return
	case err == nil:
		s.templateDriver(what, one, content)
		sum := sha256.Sum256(content)
		begins := hex.EncodeToString(sum[:])[:hashLike]
		if strings.Contains(named, begins) {
			return
		}
		if hasHash(named) {
			s.warn(yamltree.Get(one, "name"), "%s: the hash in its name is not that of %s, which docker stack deploy reads in the folder of the stack file: its SHA-256 begins with %s", what, text.Short(path, 60), begins)
			return
		}
	}
	if !hasHash(named) {
		s.warn(name, "%s: what Swarm has of it never changes, and docker stack deploy fails once the file has: put the content's hash into its name, as in name: %s-{{ fileHash … }}", what, name.Value)
	}
}

// hashLike is how many digits of a hash make a name that changes with the content.
const hashLike = 8

// hasHash reports whether a name has a part that looks like a hash: hexadecimal digits, both letters and numerals.
func hasHash(name string) bool {
	isNone := func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }
	return slices.ContainsFunc(strings.FieldsFunc(name, isNone), func(part string) bool {
		return len(part) >= hashLike && strings.ContainsAny(part, "0123456789") && strings.ContainsAny(part, "abcdef")
	})
}
