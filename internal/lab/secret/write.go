package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/files"
)

// MasterFile is the name of the file of the master secret.
const MasterFile = "master.secret"

// CertificateFile and CertificateKeyFile are the names of the server's certificate and its private key.
const (
	CertificateFile    = "server.crt"
	CertificateKeyFile = "server.key"
)

// AgencyFile returns the name of the file of an agency's secret.
func AgencyFile(agency uint32) string {
	return agencyPrefix + strconv.FormatUint(uint64(agency), 10) + fileSuffix
}

const (
	agencyPrefix = "agency-"
	fileSuffix   = ".secret"
)

// The modes of what Write makes. Containers mount the files with their owner and mode, and the program in them has
// another user, so the files are readable by everybody. Other users of this machine cannot enter the directory.
const (
	dirMode  fs.FileMode = 0o700
	fileMode fs.FileMode = 0o444
)

// ErrExists is wrapped by the error of Write for a file with another secret.
var ErrExists = errors.New("it has another secret")

// WriteOptions are the options of Write.
type WriteOptions struct {
	Agencies   int  // how many there are
	Force      bool // make a new master secret, and replace all files
	Kubernetes bool // write ManifestFile, too
	// Certificate and CertificateKey, if not nil, are written to CertificateFile and CertificateKeyFile where both are
	// missing, or with Force.
	Certificate, CertificateKey []byte
}

// Written says what Write has done.
type Written struct {
	NewMaster bool     `json:"new_master"`
	Written   []string `json:"written"`   // the paths that are new or replaced
	Unchanged []string `json:"unchanged"` // the paths that had their secret already
	Removed   []string `json:"removed"`   // files of agencies with a master secret that was replaced
}

// Write makes dir, the master secret in it, and a file for each agency from 1 on. It keeps a master secret that exists,
// and adds the missing agencies. With Force the master secret is a new one, all files are replaced, and those of further
// agencies are removed.
//
// The files appear together when all are complete; after an error the old ones are whole. The error for a file of an
// agency that has another secret wraps ErrExists. If dir exists, other users must not be able to enter it.
func Write(dir string, o WriteOptions) (Written, error) {
	if err := makeDir(dir); err != nil {
		return Written{}, err
	}
	w := Written{Written: []string{}, Unchanged: []string{}, Removed: []string{}} // [] in JSON, not null
	master, err := Read(filepath.Join(dir, MasterFile))
	switch {
	case o.Force || errors.Is(err, fs.ErrNotExist):
		master, w.NewMaster = New(), true
	case err != nil:
		return w, err
	case !master.IsMaster():
		return w, fmt.Errorf("%s: it is the secret of one agency: want the master secret", filepath.Join(dir, MasterFile))
	}
	set := &files.Set{Contained: true, Mode: fileMode}
	defer set.Discard()
	paths, err := addSecrets(set, dir, master, o)
	if err != nil {
		return w, err
	}
	written, err := set.Commit()
	if err != nil {
		return w, err
	}
	w.Written = append(w.Written, written...)
	for _, path := range paths {
		if len(written) > 0 && written[0] == path { // both are in the order of Add
			written = written[1:]
		} else {
			w.Unchanged = append(w.Unchanged, path)
		}
	}
	if w.NewMaster {
		err = removeOthers(dir, o.Agencies, &w)
	}
	return w, err
}

// addSecrets adds all files to the set and returns their paths.
func addSecrets(set *files.Set, dir string, master Secret, o WriteOptions) (paths []string, err error) {
	own := make([]Secret, o.Agencies)
	for i := range own {
		if own[i], err = master.Of(uint32(i) + 1); err != nil {
			return nil, err
		}
	}
	kept, err := o.keepCertificate(dir)
	if err != nil {
		return nil, err
	}
	if o.Kubernetes {
		manifest, err := manifestOf(master, own, o.Certificate, o.CertificateKey)
		if err != nil {
			return nil, err
		}
		paths = append(paths, filepath.Join(dir, ManifestFile))
		err = set.Add(paths[0], func(w io.Writer) error {
			_, err := io.WriteString(w, manifest)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	certificates, err := addCertificate(set, dir, o, kept)
	if err != nil {
		return nil, err
	}
	paths = append(paths, certificates...)
	for i, s := range append([]Secret{master}, own...) {
		name := MasterFile
		if i > 0 {
			name = AgencyFile(uint32(i))
		}
		path := filepath.Join(dir, name)
		paths = append(paths, path)
		if err := addSecret(set, path, s, o.Force); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// maxCertificate is the largest file of a certificate, or of its key, in bytes.
const maxCertificate = 1 << 20

// keepCertificate takes the certificate that is there, with its key, in place of the one of the options, unless there is none
// or Force is set. It reports whether it has. The error for one of the two files without the other names both.
func (o *WriteOptions) keepCertificate(dir string) (bool, error) {
	if o.Certificate == nil || o.Force {
		return false, nil
	}
	certificate, err := files.Read(filepath.Join(dir, CertificateFile), maxCertificate)
	key, keyErr := files.Read(filepath.Join(dir, CertificateKeyFile), maxCertificate)
	there, lacks := CertificateFile, CertificateKeyFile
	switch missing, keyMissing := errors.Is(err, fs.ErrNotExist), errors.Is(keyErr, fs.ErrNotExist); {
	case missing && keyMissing:
		return false, nil
	case err == nil && keyErr == nil:
		o.Certificate, o.CertificateKey = certificate, key
		return true, nil
	case missing:
		there, lacks = lacks, there
	case !keyMissing:
		return false, errors.Join(err, keyErr)
	}
	return false, fmt.Errorf("%s is there without %s: put that beside it, or move it away", filepath.Join(dir, there), lacks)
}

// addCertificate adds the files of the certificate to the set, unless they are kept, and returns the paths.
func addCertificate(set *files.Set, dir string, o WriteOptions, kept bool) (paths []string, err error) {
	if o.Certificate == nil {
		return nil, nil
	}
	paths = []string{filepath.Join(dir, CertificateFile), filepath.Join(dir, CertificateKeyFile)}
	if kept {
		return paths, nil // unchanged
	}
	for i, text := range [][]byte{o.Certificate, o.CertificateKey} {
		err := set.Add(paths[i], func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// makeDir makes the directory, or checks that others cannot enter the one that is there.
func makeDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // others may enter the directories above
		return err
	}
	if err := os.Mkdir(dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if info.Mode()&(othersEnter|othersWrite) != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("%s: other users of this machine can enter the directory (mode %04o): chmod 700 %[1]s, or name another one", dir, info.Mode().Perm())
	}
	return nil
}

// addSecret adds the file of a secret to the set. Without force, another secret in the file is an error.
func addSecret(set *files.Set, path string, s Secret, force bool) error {
	if !force {
		old, err := Read(path)
		if err == nil && old.Text() != s.Text() {
			return fmt.Errorf("%s: %w", path, ErrExists)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return set.Add(path, func(w io.Writer) error {
		_, err := io.WriteString(w, s.Text()+"\n")
		return err
	})
}

// removeOthers removes the files of agencies above that number, whose secrets are of no master secret any more.
func removeOthers(dir string, agencies int, w *Written) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		digits, isAgency := strings.CutPrefix(strings.TrimSuffix(e.Name(), fileSuffix), agencyPrefix)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !isAgency || err != nil || n <= uint64(agencies) || e.Name() != AgencyFile(uint32(n)) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if err := os.Remove(path); err != nil {
			return err
		}
		w.Removed = append(w.Removed, path)
	}
	return nil
}
