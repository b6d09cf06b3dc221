package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/client"
	"github.com/tp0-lab/composer/internal/lab/secret"
	"github.com/tp0-lab/composer/internal/lab/secure"
	"github.com/tp0-lab/composer/internal/lab/server"
	"github.com/tp0-lab/composer/internal/lab/service"
	"github.com/tp0-lab/composer/internal/lab/wire"
)

// log is the output of a service.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// whole is a server with the files of `data secrets --tls` for two agencies.
type whole struct {
	t       *testing.T
	dir     string // its secrets
	root    string // of the server
	address string
	log     log
	withTLS bool
}

var listening = regexp.MustCompile(`action: listen .* port: ([0-9]+)`)

func startWhole(t *testing.T, withTLS bool) *whole {
	t.Helper()
	return startWholeMade(t, withTLS, time.Now())
}

// startWholeMade is startWhole with a certificate that was made at another time.
func startWholeMade(t *testing.T, withTLS bool, made time.Time) *whole {
	t.Helper()
	w := &whole{t: t, dir: filepath.Join(t.TempDir(), "secrets"), root: t.TempDir(), withTLS: withTLS}
	o := secret.WriteOptions{Agencies: 2}
	var err error
	if o.Certificate, o.CertificateKey, err = secure.Make(made, "server"); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.Write(w.dir, o); err != nil {
		t.Fatal(err)
	}
	environ := []string{"SERVER_PORT=0", "SERVER_MODE=lottery", "SERVER_AGENCIES=2", "SERVER_CONCURRENCY=0", "SERVER_SECRET_FILE=/run/secrets/master.secret"}
	if withTLS {
		environ = append(environ, "SERVER_TLS_CERT=/run/secrets/server.crt", "SERVER_TLS_KEY=/run/secrets/server.key")
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, service.Machine{
			Environ: environ, Stdout: &w.log, Root: w.root, Mounts: w.mounts(), Host: service.Host{Address: "127.0.0.1"},
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server: %v\n%s", err, &w.log)
		}
	})
	for range 500 {
		if m := listening.FindStringSubmatch(w.log.String()); m != nil {
			w.address = net.JoinHostPort("127.0.0.1", m[1])
			return w
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the server does not listen:\n%s", &w.log)
	return nil
}

func (w *whole) mounts() []service.Mount {
	return []service.Mount{{Target: "/run/secrets", Source: w.dir}}
}

// play runs the client of an agency with bets of its own, and returns its log.
func (w *whole) play(agency int, environ ...string) (string, error) {
	root := w.t.TempDir()
	var bets strings.Builder
	for i := range 50 {
		fmt.Fprintf(&bets, "A,B,%d,2000-01-01,%d\n", agency*1000+i, 7574-i)
	}
	if err := os.WriteFile(filepath.Join(root, "agency.csv"), []byte(bets.String()), 0o600); err != nil {
		w.t.Fatal(err)
	}
	environ = append([]string{
		fmt.Sprintf("CLI_ID=%d", agency), "CLI_MODE=lottery", "CLI_SERVER_ADDRESS=" + w.address, "CLI_LOOP_PERIOD=0s", "CLI_RETRY_LIMIT=1s",
	}, environ...)
	var log log
	err := client.Run(w.t.Context(), service.Machine{Environ: environ, Stdout: &log, Root: root, Mounts: w.mounts()})
	return log.String(), err
}

// conn is a connection of a stranger.
func (w *whole) conn() net.Conn {
	w.t.Helper()
	dial := new(net.Dialer).DialContext
	connect := secure.DialFunc(dial)
	if w.withTLS {
		c, err := secure.Client(filepath.Join(w.dir, "server.crt"), "server")
		if err != nil {
			w.t.Fatal(err)
		}
		connect = secure.Dial(dial, c)
	}
	conn, err := connect(w.t.Context(), "tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

// Agencies with their secrets play as without, with TLS and without. Whoever has none, or another's, or a proof that he
// has seen, learns nothing, stores nothing and throws nobody out.
func TestWholeWithSecrets(t *testing.T) {
	for _, withTLS := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %v", withTLS), func(t *testing.T) {
			w := startWhole(t, withTLS)
			own := []string{"CLI_SECRET_FILE=/run/secrets/agency-{id}.secret"}
			if withTLS {
				own = append(own, "CLI_TLS_CA=/run/secrets/server.crt", "CLI_TLS_NAME=server")
			}
			w.refusesStrangers(own)
			var group sync.WaitGroup
			for agency, winners := range map[int]int{1: 1, 2: 1} {
				group.Go(func() {
					log, err := w.play(agency, own...)
					if err != nil || !strings.Contains(log, fmt.Sprintf("consulta_ganadores | result: success | cant_ganadores: %d", winners)) {
						t.Errorf("agency %d: %v\n%s", agency, err, log)
					}
				})
			}
			group.Wait()
			text, err := os.ReadFile(filepath.Join(w.root, "bets.csv"))
			if err != nil || bytes.Count(text, []byte("\r\n")) != 100 {
				t.Errorf("%d bets, error %v", bytes.Count(text, []byte("\r\n")), err)
			}
			if got := w.log.String(); strings.Count(got, "action: sorteo") != 1 || strings.Contains(got, "authentication") != false ||
				strings.Contains(got, "encryption") != withTLS {
				t.Errorf("the server's log:\n%s", got)
			}
			w.refusesStrangers(own) // after the draw, winners could be read
			w.showsNoSecret()
		})
	}
}

// refusesStrangers lets strangers speak for agency 1.
func (w *whole) refusesStrangers(own []string) {
	w.t.Helper()
	tls := own[1:]
	for name, environ := range map[string][]string{
		"no secret":        tls,
		"another agency's": append([]string{"CLI_SECRET=1:" + strings.TrimPrefix(w.text("agency-2.secret"), "2:")}, tls...),
		"another master":   append([]string{"CLI_SECRET=" + secret.New().Text()}, tls...),
	} {
		if log, err := w.play(1, environ...); err == nil || strings.Contains(log, "result: success | cant") {
			w.t.Errorf("%s: %v\n%s", name, err, log)
		}
	}
	// A stranger who invents frames, and one who has seen a proof of another connection.
	agency, err := w.secret("agency-1.secret").Of(1)
	if err != nil {
		w.t.Fatal(err)
	}
	hello := wire.Hello{Agency: 1, Secret: true, Nonce: wire.NewNonce()}
	var seen []byte // a proof that was right in an earlier connection
	for range 3 {
		conn := w.conn()
		if _, err := conn.Write(wire.AppendHello(nil, hello)); err != nil {
			w.t.Fatal(err)
		}
		frames := wire.NewReader(conn)
		kind, body, err := frames.Next()
		if err != nil || kind != wire.TypeChallenge {
			w.t.Fatalf("got %v, error %v", kind, err)
		}
		c, err := wire.ParseChallenge(body)
		if err != nil {
			w.t.Fatal(err)
		}
		mine := wire.AppendFinish(nil, wire.Finish{})
		if seen != nil {
			mine = append(seen, mine...)
		}
		if _, err := conn.Write(mine); err != nil {
			w.t.Fatal(err)
		}
		kind, body, err = frames.Next()
		if code, parseErr := wire.ParseError(body); err != nil || kind != wire.TypeError || parseErr != nil || code != wire.CodeWrongProof && code != wire.CodeUnexpected {
			w.t.Errorf("got %v %v, error %v", kind, code, err)
		}
		if kind, _, err := frames.Next(); err == nil {
			w.t.Errorf("got %v after it", kind)
		}
		seen = wire.AppendProof(nil, wire.NewProof(agency.NewMAC(), wire.TypeProof, hello, c.Nonce))
	}
	if w.withTLS { // nothing without TLS
		conn, err := net.Dial("tcp", w.address)
		if err != nil {
			w.t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = conn.Write(wire.AppendHello(nil, hello))
		if text, _ := io.ReadAll(conn); bytes.Contains(text, []byte("TP0L")) || len(text) > 10 {
			w.t.Errorf("a peer without TLS gets %q", text)
		}
	}
}

func (w *whole) text(name string) string {
	text, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func (w *whole) secret(name string) secret.Secret {
	s, err := secret.Parse(w.text(name))
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// showsNoSecret compares the server's log with the secrets.
func (w *whole) showsNoSecret() {
	for _, name := range []string{"master.secret", "agency-1.secret", "agency-2.secret"} {
		if text := w.text(name); strings.Contains(w.log.String(), text[len(text)-64:][:16]) {
			w.t.Errorf("%s is in the log", name)
		}
	}
}
