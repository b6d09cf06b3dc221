package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/tp0-lab/composer/internal/files"
)

// maxFile bounds a file with a secret, in bytes. The longest text is 75 bytes and a newline.
const maxFile = 256

// EngineDir is where Docker, Swarm and the lab's files for Kubernetes mount secrets.
const EngineDir = "/run/secrets"

// Read reads the file of a secret, by ReadFile. The errors name the file and have no part of its content.
func Read(name string) (Secret, error) {
	text, err := ReadFile(name, maxFile)
	if errors.Is(err, files.ErrDirectory) {
		return Secret{}, fmt.Errorf("%s is a directory: Docker makes one for a mount whose source is missing", name)
	}
	if err != nil {
		return Secret{}, err
	}
	s, err := Parse(string(text))
	if err != nil {
		return Secret{}, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

// ReadFile reads a file that nobody else may read, at most limit bytes of it, as files.Read does. It refuses a file
// that other users of the machine can reach, and can read or write. The error then says how to change the mode. Members
// of the file's group may read the file. A directory that others may not enter protects the files below it. ReadFile
// takes files below EngineDir with any mode: a container has no other users, and engines make mounted secrets readable
// by everybody, so that a program without privileges can read them.
func ReadFile(name string, limit int64) ([]byte, error) {
	if !strings.HasPrefix(path.Clean(filepath.ToSlash(name)), EngineDir+"/") && runtime.GOOS != "windows" {
		if err := checkMode(name); err != nil {
			return nil, err
		}
	}
	return files.Read(name, limit)
}

// The permissions of other users.
const (
	othersRead  fs.FileMode = 0o004
	othersWrite fs.FileMode = 0o002
	othersEnter fs.FileMode = 0o001
)

// checkMode returns an error if other users can read or write the file and enter all directories above it. A file that
// is missing has no mode: reading it says so.
func checkMode(name string) error {
	full, err := filepath.EvalSymlinks(name)
	if err == nil {
		full, err = filepath.Abs(full)
	}
	if err != nil {
		return nil //nolint:nilerr // files.Read says what is wrong with the path
	}
	info, err := os.Stat(full)
	if err != nil || !info.Mode().IsRegular() || info.Mode()&(othersRead|othersWrite) == 0 {
		return nil //nolint:nilerr // as above
	}
	for dir := filepath.Dir(full); ; dir = filepath.Dir(dir) {
		above, err := os.Stat(dir)
		if err == nil && above.Mode()&othersEnter == 0 {
			return nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return fmt.Errorf("%s: other users of this machine can read or change the secret (mode %04o): chmod 600 %[1]s, or chmod 700 its directory", name, info.Mode().Perm())
}
