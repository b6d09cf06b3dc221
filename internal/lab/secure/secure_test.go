package secure

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newFiles writes a new certificate for names and returns its two files.
func newFiles(t *testing.T, names ...string) (certificate, key string) {
	t.Helper()
	return newFilesOf(t, time.Now(), names...)
}

// newFilesOf is newFiles for a certificate that is made at another time.
func newFilesOf(t *testing.T, made time.Time, names ...string) (certificate, key string) {
	t.Helper()
	text, private, err := Make(made, names...)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	if err := errors.Join(os.WriteFile(certificate, text, 0o644), os.WriteFile(key, private, 0o600)); err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

// listen listens with a new certificate for names and returns its file.
func listen(t *testing.T, names ...string) (l net.Listener, certificate string) {
	t.Helper()
	certificate, key := newFiles(t, names...)
	c, err := Server(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = Listen(plain, c)
	t.Cleanup(func() { _ = l.Close() })
	return l, certificate
}

func dial(t *testing.T, l net.Listener, certificate string) (net.Conn, error) {
	t.Helper()
	c, err := Client(certificate, "server")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	return Dial(new(net.Dialer).DialContext, c)(ctx, "tcp", l.Addr().String())
}

// echo sends back what comes, up to its end, and reports the error of reading.
func echo(l net.Listener) <-chan error {
	ended := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
			_, err = io.Copy(conn, conn)
			_ = conn.Close()
		}
		ended <- err
	}()
	return ended
}

// Both directions work, and one can end while the other goes on.
func TestTLS(t *testing.T) {
	l, certificate := listen(t, "server")
	ended := echo(l)
	conn, err := dial(t, l, certificate)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if v := conn.(interface{ ConnectionState() tls.ConnectionState }).ConnectionState().Version; v != tls.VersionTLS13 {
		t.Errorf("version %x", v)
	}
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(conn); err != nil || string(text) != "hello" {
		t.Errorf("got %q, error %v", text, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := errors.Join(conn.Close(), conn.Close()); err != nil {
		t.Errorf("close: %v", err)
	}
}

// A client speaks with no server but the one of its certificate and name, and neither side speaks an older TLS.
func TestWhoIsRefused(t *testing.T) {
	other, _ := newFiles(t, "server")
	for name, tt := range map[string]struct {
		certificate, name, want string
		most                    uint16
		final                   bool
	}{
		"another certificate": {other, "server", "certificate", 0, true},
		"another name":        {"", "central", "central", 0, true},
		"an older TLS":        {"", "server", "protocol version", tls.VersionTLS12, false},
	} {
		l, certificate := listen(t, "server")
		ended := echo(l)
		if tt.certificate != "" {
			certificate = tt.certificate
		}
		c, err := Client(certificate, tt.name)
		if err != nil {
			t.Fatal(err)
		}
		if tt.most != 0 {
			c.MinVersion, c.MaxVersion = 0, tt.most
		}
		conn, err := Dial(new(net.Dialer).DialContext, c)(t.Context(), "tcp", l.Addr().String())
		if err == nil {
			_ = conn.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) || Refused(err) != tt.final {
			t.Errorf("%s: got %v, refused for good: %v", name, err, Refused(err))
		}
		if err := <-ended; err == nil {
			t.Errorf("%s: the server noticed nothing", name)
		}
	}
}

// Who does not speak TLS gets no answer, and a peer that is silent holds up nobody.
func TestPlainAndSilentPeers(t *testing.T) {
	l, certificate := listen(t, "server")
	silent, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	first, err := l.Accept() // does not wait for a handshake
	if err != nil {
		t.Fatal(err)
	}
	ended := echo(l)
	conn, err := dial(t, l, certificate)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(conn.Close(), <-ended); err != nil {
		t.Error(err)
	}
	if err := first.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a silent peer: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	ended = echo(l)
	plain, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if _, err := io.WriteString(plain, "TP0L and more"); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "the peer does not speak TLS (CLI_TLS_CA)") {
		t.Errorf("a peer without TLS: %v", err)
	}
}

// A peer that reads nothing does not hold up Close.
func TestCloseIsQuick(t *testing.T) {
	l, certificate := listen(t, "server")
	accepted := make(chan net.Conn, 1)
	go func() {
		peer, err := l.Accept()
		if err == nil {
			err = peer.(*conn).Handshake()
		}
		if err != nil {
			t.Error(err)
		}
		accepted <- peer
	}()
	client, err := dial(t, l, certificate)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server := <-accepted
	raw := server.(*conn).raw // below TLS, which would write nothing more after a failure
	_ = raw.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
	for err == nil {
		_, err = raw.Write(make([]byte, 64<<10)) // until no buffer takes more
	}
	began := time.Now()
	_ = server.Close()
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestFilesThatAreWrong(t *testing.T) {
	certificate, key := newFiles(t, "server")
	_, otherKey := newFiles(t, "server")
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]string{{certificate, otherKey}, {empty, key}, {certificate, empty}, {certificate, "none"}, {"none", key}} {
		if _, err := Server(pair[0], pair[1]); err == nil || !strings.Contains(err.Error(), pair[1]) && !strings.Contains(err.Error(), pair[0]) {
			t.Errorf("%v: %v", pair, err)
		}
	}
	if _, err := Client(empty, "server"); err == nil || !strings.Contains(err.Error(), empty+": no certificate") {
		t.Errorf("no certificate: %v", err)
	}
	if err := os.Chmod(key, 0o604); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(key), 0o755); err != nil { //nolint:gosec // the test's own directory
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(filepath.Dir(key)), 0o755); err != nil { //nolint:gosec // the same
		t.Fatal(err)
	}
	if _, err := Server(certificate, key); err == nil || !strings.Contains(err.Error(), "other users") {
		t.Errorf("a key for everybody: %v", err)
	}
}

// A certificate whose time is over, or has not come, is told as such on both sides.
func TestCertificateOfAnotherTime(t *testing.T) {
	for name, tt := range map[string]struct {
		made time.Time
		bad  bool
	}{
		"now":    {time.Now(), false},
		"over":   {time.Now().Add(-lifetime - time.Hour), true},
		"coming": {time.Now().Add(2 * time.Hour), true},
	} {
		certificate, key := newFilesOf(t, tt.made, "server")
		c, err := Server(certificate, key)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckTime(c, time.Now()); (err != nil) != tt.bad || err != nil && !strings.Contains(err.Error(), tt.made.Add(lifetime).UTC().Format(time.DateTime)) {
			t.Errorf("%s: %v", name, err)
		}
		plain, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l := Listen(plain, c)
		ended := echo(l)
		conn, err := dial(t, l, certificate)
		if err == nil {
			_ = conn.Close()
		}
		if errors.Is(err, ErrTime) != tt.bad || Refused(err) != tt.bad || errors.Is(err, ErrCertificate) {
			t.Errorf("%s: %v", name, err)
		}
		<-ended
		_ = l.Close()
	}
}
