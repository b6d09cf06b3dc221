package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "secrets")
	w, err := Write(dir, WriteOptions{Agencies: 3})
	if err != nil || !w.NewMaster || len(w.Written) != 4 || len(w.Unchanged) != 0 {
		t.Fatalf("%+v, error %v", w, err)
	}
	master, err := Read(filepath.Join(dir, MasterFile))
	if err != nil || !master.IsMaster() {
		t.Fatal(err)
	}
	for _, path := range append([]string{dir}, w.Written...) {
		info, err := os.Stat(path)
		want := fileMode
		if path == dir {
			want = dirMode
		}
		if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != want {
			t.Errorf("%s: mode %v, error %v", path, info.Mode(), err)
		}
	}
	three, err := Read(filepath.Join(dir, "agency-3.secret"))
	want, _ := master.Of(3)
	if err != nil || three.Text() != want.Text() {
		t.Errorf("agency 3: error %v", err)
	}
	// Again, and with more agencies.
	w, err = Write(dir, WriteOptions{Agencies: 5})
	if err != nil || w.NewMaster || len(w.Written) != 2 || len(w.Unchanged) != 4 || filepath.Base(w.Written[1]) != "agency-5.secret" {
		t.Errorf("%+v, error %v", w, err)
	}
	// A master secret of the user's own is taken.
	own := filepath.Join(t.TempDir(), "own")
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(own, MasterFile), []byte(masterText), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = Write(own, WriteOptions{Agencies: 1}); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(own, "agency-1.secret"))
	if err != nil || string(text) != "1:d28f87cb20c26bf4afc90738ef31f1507da0fee4306ba8de2c0a0ce505e16b6f\n" {
		t.Errorf("%s, error %v", text, err)
	}
}

func TestWriteReplacesWithForceOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	if _, err := Write(dir, WriteOptions{Agencies: 3}); err != nil {
		t.Fatal(err)
	}
	old, _ := Read(filepath.Join(dir, MasterFile))
	// The secret of another master secret.
	two := filepath.Join(dir, "agency-2.secret")
	strange, _ := New().Of(2)
	if err := errors.Join(os.Remove(two), os.WriteFile(two, []byte(strange.Text()), 0o400)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "agency-1.secret")); err != nil {
		t.Fatal(err)
	}
	_, err := Write(dir, WriteOptions{Agencies: 2})
	if !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), two) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "agency-1.secret")); err == nil {
		t.Error("a part was written")
	}
	kept := filepath.Join(dir, "agency-x.secret")
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := Write(dir, WriteOptions{Agencies: 2, Force: true})
	if err != nil || !w.NewMaster || len(w.Written) != 3 || len(w.Removed) != 1 || filepath.Base(w.Removed[0]) != "agency-3.secret" {
		t.Errorf("%+v, error %v", w, err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
	now, err := Read(filepath.Join(dir, MasterFile))
	if err != nil || now.Text() == old.Text() {
		t.Errorf("the old master secret is there, error %v", err)
	}
	if w, err := Write(dir, WriteOptions{Agencies: 2}); err != nil || len(w.Unchanged) != 3 {
		t.Errorf("%+v, error %v", w, err)
	}
}

func TestWriteRefuses(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // a directory that is refused
		t.Fatal(err)
	}
	if _, err := Write(dir, WriteOptions{Agencies: 1, Force: true}); err == nil || !strings.Contains(err.Error(), "chmod 700 "+dir) {
		t.Errorf("an open directory: %v", err)
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"1:" + masterText: "want the master secret", "x": "want 64"} {
		if err := os.WriteFile(filepath.Join(closed, MasterFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Write(closed, WriteOptions{Agencies: 1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// The Secrets of Kubernetes are numbered as its pods are, from 0, and have the texts of the files.
func TestManifest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	w, err := Write(dir, WriteOptions{Agencies: 2, Kubernetes: true})
	if err != nil || len(w.Written) != 4 {
		t.Fatalf("%+v, error %v", w, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]map[string]string{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var s struct {
			Kind     string
			Metadata struct{ Name string }
			Data     map[string]string `yaml:"stringData"`
		}
		if err := decoder.Decode(&s); errors.Is(err, io.EOF) {
			break
		} else if err != nil || s.Kind != "Secret" {
			t.Fatalf("%s: error %v", text, err)
		}
		secrets[s.Metadata.Name] = s.Data
	}
	for name, at := range map[string][2]string{
		MasterFile: {"lottery-master", "master"}, "agency-1.secret": {"lottery-agencies", "0"}, "agency-2.secret": {"lottery-agencies", "1"},
	} {
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || secrets[at[0]][at[1]] != strings.TrimSpace(string(want)) {
			t.Errorf("%s: got %v, error %v", name, secrets, err)
		}
	}
	if _, err := Write(filepath.Join(dir, "many"), WriteOptions{Agencies: 20_000, Kubernetes: true}); err == nil || !strings.Contains(err.Error(), "1 MiB") {
		t.Errorf("20,000 agencies: %v", err)
	}
}

// A certificate without its key, or a key without its certificate, is somebody's: it stays.
func TestWriteKeepsHalfOfACertificate(t *testing.T) {
	for name, lacks := range map[string]string{CertificateFile: CertificateKeyFile, CertificateKeyFile: CertificateFile} {
		dir := filepath.Join(t.TempDir(), "secrets")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("of the operator"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Write(dir, WriteOptions{Agencies: 1, Certificate: []byte("new"), CertificateKey: []byte("key of new")})
		if err == nil || !strings.Contains(err.Error(), path+" is there without "+lacks) {
			t.Errorf("%s: %v", name, err)
		}
		if content, err := os.ReadFile(path); err != nil || string(content) != "of the operator" {
			t.Errorf("%s: %q, error %v", name, content, err)
		}
		if _, err := os.Lstat(filepath.Join(dir, MasterFile)); err == nil {
			t.Errorf("%s: there is a master secret", name)
		}
	}
}

// The Secrets of Kubernetes have the certificate that is there, with its key, and only those of another run with Force.
func TestCertificateInManifest(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	for i, tt := range []struct {
		certificate, want string
		force             bool
	}{{"one", "one", false}, {"two", "one", false}, {"three", "three", true}} {
		o := WriteOptions{Agencies: 1, Kubernetes: true, Force: tt.force, Certificate: []byte(tt.certificate), CertificateKey: []byte("key of " + tt.certificate)}
		if _, err := Write(dir, o); err != nil {
			t.Fatal(err)
		}
		manifest, err := os.ReadFile(filepath.Join(dir, ManifestFile))
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("  name: lottery-tls\nstringData:\n  server.crt: %q\n  server.key: %q\n", tt.want, "key of "+tt.want)
		if !strings.HasSuffix(string(manifest), want) {
			t.Errorf("run %d:\n%s\nwants\n%s", i, manifest, want)
		}
	}
}
