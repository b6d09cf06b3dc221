package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const masterText = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

func parse(t *testing.T, text string) Secret {
	t.Helper()
	s, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The keys are fixed: a server and clients of different versions of the program agree. The texts were computed with
// openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:MASTER -kdfopt info:'composer lottery, key of agency N' HKDF.
func TestDerivation(t *testing.T) {
	master := parse(t, masterText+"\n")
	for agency, want := range map[uint32]string{
		1:          "d28f87cb20c26bf4afc90738ef31f1507da0fee4306ba8de2c0a0ce505e16b6f",
		2:          "56ecb71552b6b4dfa357f6a20d5c7c223f77ccdd97c703bf10f7cd14e7f03d27",
		4294967295: "11c7470d43f1ed7b4f5ecea528e36db69263b693926858867931abbce3f74714",
	} {
		own, err := master.Of(agency)
		if err != nil || own.IsMaster() || own.Text() != fmt.Sprintf("%d:%s", agency, want) {
			t.Errorf("agency %d: %s, error %v", agency, own.Text(), err)
		}
		again := parse(t, own.Text())
		fromOwn, err := again.Of(agency)
		if err != nil || !bytes.Equal(own.NewMAC().Sum(nil), fromOwn.NewMAC().Sum(nil)) {
			t.Errorf("agency %d: its own secret is another, error %v", agency, err)
		}
		if _, err := again.Of(7); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("of agency %d, not of agency 7", agency)) {
			t.Errorf("agency %d: got %v for another agency", agency, err)
		}
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{
		"", "ff", masterText + "00", masterText[1:], masterText[1:] + "g", "0:" + masterText, "-1:" + masterText,
		"4294967296:" + masterText, ":" + masterText, "1:2:" + masterText, "1 :" + masterText, masterText[:32] + "\n" + masterText[32:],
	} {
		s, err := Parse(text)
		if err == nil || !s.IsZero() {
			t.Errorf("%q is taken", text)
		} else if len(text) > 2 && strings.Contains(err.Error(), text) {
			t.Errorf("the error has the text: %v", err)
		}
	}
	for _, text := range []string{masterText, strings.ToUpper(masterText), "4294967295:" + masterText, " " + masterText + "\r\n"} {
		if got := parse(t, text).Text(); !strings.EqualFold(got, strings.TrimSpace(text)) {
			t.Errorf("%q is %q", text, got)
		}
	}
}

func TestNewDiffers(t *testing.T) {
	a, b := New(), New()
	if !a.IsMaster() || len(a.Text()) != 2*Size || a.Text() == b.Text() {
		t.Errorf("%q and %q", a.Text(), b.Text())
	}
}

func TestNoSecret(t *testing.T) {
	var s Secret
	if !s.IsZero() || s.IsMaster() || s.Text() != "" {
		t.Error("the zero Secret is one")
	}
	own, err := s.Of(1)
	if err == nil || !own.IsZero() {
		t.Error("it has an agency's")
	}
	for _, s := range []Secret{own, New()} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no agency's secret makes a MAC")
				}
			}()
			s.NewMAC()
		}()
	}
}

// However a secret gets into a text, its bytes do not, neither in hexadecimal nor in decimal digits.
func TestNeverPrinted(t *testing.T) {
	s := parse(t, "3:"+masterText)
	other, err := parse(t, masterText).Of(3)
	if err != nil {
		t.Fatal(err)
	}
	type inside struct {
		hidden  Secret
		Shown   Secret
		Pointed *Secret
	}
	values := []any{s, &s, other, &other, inside{s, s, &other}, &inside{s, s, &other}, []Secret{s}, map[string]Secret{"k": other}}
	for _, v := range values {
		var texts []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%p"} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
		asJSON, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		texts = append(texts, string(asJSON), log.String())
		for _, text := range texts {
			for _, part := range []string{"0a0b0c", "0A0B0C", "10 11 12", "10, 11, 12", "0xa, 0xb", `\n\v\f`, "CgsM", "10,11,12"} {
				if strings.Contains(text, part) {
					t.Errorf("%T: %s", v, text)
				}
			}
		}
	}
	if got := fmt.Sprint(s, other); got != "[redacted] [redacted]" {
		t.Error(got)
	}
}

func TestRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	closed := filepath.Join(dir, "closed")
	for path, mode := range map[string]os.FileMode{open: 0o755, closed: 0o700} {
		if err := os.Mkdir(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	// The directory of the test is closed to others itself on some machines.
	for above := dir; above != filepath.Dir(above) && above != os.TempDir(); above = filepath.Dir(above) {
		if err := os.Chmod(above, 0o755); err != nil { //nolint:gosec // the test's own directory
			t.Fatal(err)
		}
	}
	link := filepath.Join(closed, "link")
	for _, test := range []struct {
		dir   string
		mode  os.FileMode
		text  string
		wrong string
	}{
		{open, 0o600, masterText, ""},
		{open, 0o400, masterText, ""},
		{open, 0o640, masterText, ""},
		{open, 0o644, masterText, "can read or change the secret (mode 0644): chmod 600 "},
		{open, 0o602, masterText, "(mode 0602)"},
		{closed, 0o444, "3:" + masterText, ""},
		{open, 0o600, "hunter2", "want 64 hexadecimal digits"},
		{open, 0o600, strings.Repeat("a", 300), "too large|larger than 256 bytes"},
	} {
		path := filepath.Join(test.dir, "secret")
		_ = os.Remove(path)
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, test.mode); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(link)
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{path, link} {
			s, err := Read(name)
			if test.wrong == "" {
				if err != nil || s.Text() != test.text {
					t.Errorf("%s %o: %v", name, test.mode, err)
				}
				continue
			}
			if err == nil || !s.IsZero() || !strings.Contains(err.Error(), name) {
				t.Errorf("%s %o: got %v", name, test.mode, err)
			}
			found := false
			for part := range strings.SplitSeq(test.wrong, "|") {
				found = found || err != nil && strings.Contains(err.Error(), part)
			}
			if !found || strings.Contains(fmt.Sprint(err), test.text) {
				t.Errorf("%s %o: got %v, want %s", name, test.mode, err, test.wrong)
			}
		}
	}
}

func TestReadNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "is a directory: Docker makes one") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := Read(filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing file: %v", err)
	}
}
