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
func AgencyFile(agency uint32) string { return fmt.Sprintf("agency-%d.secret", agency) }

// ManifestFile is the name of the file with the Secrets of Kubernetes.
const ManifestFile = "kubernetes.yaml"

// maxManifestSecret bounds the contents of a Secret of Kubernetes, in bytes.
const maxManifestSecret = 1 << 20

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
	Agencies   int  // number of agencies
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
	Removed   []string `json:"removed"`   // the paths of removed files: those of further agencies of an old master secret
}

// Write makes dir, the master secret in it, and a file for each agency from 1 on. It keeps a master secret that exists,
// and adds the missing agencies. With Force, Write makes a new master secret, replaces all files, and removes the files
// of agencies above o.Agencies.
//
// The files appear together when all are complete; after an error the old files are unchanged. The error for a file of
// an agency that has another secret wraps ErrExists. If dir exists, other users must not be able to enter it.
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
	if err := addSecrets(set, dir, master, o); err != nil {
		return w, err
	}
	written, err := set.Commit()
	if err != nil {
		return w, err
	}
	w.Written = append(w.Written, written...)
	w.Unchanged = append(w.Unchanged, set.Unchanged()...)
	if w.NewMaster {
		err = removeOthers(dir, o.Agencies, &w)
	}
	return w, err
}

func addSecrets(set *files.Set, dir string, master Secret, o WriteOptions) error {
	own := make([]Secret, o.Agencies)
	for i := range own {
		own[i], _ = master.Of(uint32(i) + 1) // the master secret has that of every agency
	}
	if err := o.keepCertificate(dir); err != nil {
		return err
	}
	type file struct {
		name    string
		content []byte
	}
	var all []file
	if o.Kubernetes {
		manifest, err := manifestOf(master, own, o.Certificate, o.CertificateKey)
		if err != nil {
			return err
		}
		all = append(all, file{ManifestFile, []byte(manifest)})
	}
	if o.Certificate != nil {
		all = append(all, file{CertificateFile, o.Certificate}, file{CertificateKeyFile, o.CertificateKey})
	}
	for i, s := range append([]Secret{master}, own...) {
		name := MasterFile
		if i > 0 {
			name = AgencyFile(uint32(i))
		}
		if err := checkOther(filepath.Join(dir, name), s); err != nil && !o.Force {
			return err
		}
		all = append(all, file{name, []byte(s.Text() + "\n")})
	}
	for _, f := range all {
		err := set.Add(filepath.Join(dir, f.name), func(w io.Writer) error {
			_, err := w.Write(f.content)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// maxCertificate is the largest file of a certificate, or of its key, in bytes.
const maxCertificate = 1 << 20

// keepCertificate takes the certificate that is there, with its key, in place of the one of the options, unless there is none
// or Force is set. The error for one of the two files without the other names both.
func (o *WriteOptions) keepCertificate(dir string) error {
	if o.Certificate == nil || o.Force {
		return nil
	}
	certificate, err := files.Read(filepath.Join(dir, CertificateFile), maxCertificate)
	key, keyErr := files.Read(filepath.Join(dir, CertificateKeyFile), maxCertificate)
	there, lacks := CertificateFile, CertificateKeyFile
	switch missing, keyMissing := errors.Is(err, fs.ErrNotExist), errors.Is(keyErr, fs.ErrNotExist); {
	case missing && keyMissing:
		return nil
	case err == nil && keyErr == nil:
		o.Certificate, o.CertificateKey = certificate, key
		return nil
	case missing:
		there, lacks = lacks, there
	case !keyMissing:
		return errors.Join(err, keyErr)
	}
	return fmt.Errorf("%s is there without %s: put that beside it, or move it away", filepath.Join(dir, there), lacks)
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

// checkOther returns an error if the file has another secret.
func checkOther(path string, s Secret) error {
	old, err := Read(path)
	if err == nil && old.Text() != s.Text() {
		return fmt.Errorf("%s: %w", path, ErrExists)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeOthers removes the files of agencies above that number, whose secrets are of no master secret any more.
func removeOthers(dir string, agencies int, w *Written) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		var n uint32
		if _, err := fmt.Sscanf(e.Name(), "agency-%d", &n); err != nil || uint64(n) <= uint64(agencies) || e.Name() != AgencyFile(n) {
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

// manifestOf returns the Secrets of Kubernetes that the lab's templates mount: lottery-master for the server, and
// lottery-agencies, of which each pod of the clients' Job mounts the key with its number. Pods are numbered from 0. With a
// certificate there is lottery-tls, of which the server mounts all, and clients the certificate.
func manifestOf(master Secret, agencies []Secret, certificate, key []byte) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# Made by: composer data secrets. kubectl apply --server-side -f %s\n", ManifestFile)
	b.WriteString("apiVersion: v1\nkind: Secret\nmetadata:\n  name: lottery-master\nstringData:\n")
	fmt.Fprintf(&b, "  master: %q\n", master.Text())
	b.WriteString("---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: lottery-agencies\nstringData:\n")
	size := 0
	for i, s := range agencies {
		number := strconv.Itoa(i)
		fmt.Fprintf(&b, "  %q: %q\n", number, s.Text())
		size += len(number) + len(s.Text())
	}
	if size > maxManifestSecret {
		return "", fmt.Errorf("the secrets of %d agencies are %d bytes, and a Secret of Kubernetes holds 1 MiB: make fewer, or leave out --kubernetes", len(agencies), size)
	}
	if certificate != nil {
		fmt.Fprintf(&b, "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: lottery-tls\nstringData:\n  %s: %q\n  %s: %q\n",
			CertificateFile, certificate, CertificateKeyFile, key)
	}
	return b.String(), nil
}
