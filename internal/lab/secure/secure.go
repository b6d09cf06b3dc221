// Package secure runs the lab's connections over TLS 1.3, for networks that others read or change.
package secure

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/secret"
)

// maxFile bounds a file of certificates or a key, in bytes.
const maxFile = 1 << 20

// closeLimit is the time that Close has to tell the peer about it. Package tls takes five seconds.
const closeLimit = 200 * time.Millisecond

// Server returns the configuration of a server with the certificate and the private key in two PEM files. Its errors
// name the files.
func Server(certificateFile, keyFile string) (*tls.Config, error) {
	certificate, err := files.Read(certificateFile, maxFile)
	if err != nil {
		return nil, err
	}
	key, err := secret.ReadFile(keyFile, maxFile)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", certificateFile, keyFile, err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, SessionTicketsDisabled: true}, nil
}

// CheckTime returns an error unless the certificate of c, which Server has made, is valid at the time now.
func CheckTime(c *tls.Config, now time.Time) error {
	leaf := c.Certificates[0].Leaf
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return fmt.Errorf("the certificate is good from %s to %s (UTC), and it is %s now",
			leaf.NotBefore.UTC().Format(time.DateTime), leaf.NotAfter.UTC().Format(time.DateTime), now.UTC().Format(time.DateTime))
	}
	return nil
}

// Client returns the configuration of a client. The client accepts a server whose certificate has the given name, and
// is in the PEM file authorityFile or signed by a certificate in it.
func Client(authorityFile, name string) (*tls.Config, error) {
	text, err := files.Read(authorityFile, maxFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: no certificate in it: want a PEM file", authorityFile)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, ServerName: name}, nil
}

// Listen returns a listener of TLS connections. Accept does not wait for the handshake: the first Read or Write of a
// connection does it, within the deadline that is set for it.
func Listen(l net.Listener, c *tls.Config) net.Listener { return &listener{l, c} }

type listener struct {
	net.Listener
	config *tls.Config
}

func (l *listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{raw: &closeOnce{raw, sync.OnceValue(raw.Close)}}
	c.Conn = tls.Server(c.raw, l.config)
	return c, nil
}

// DialFunc connects to an address.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// ErrCertificate is in the error of a connection to a server whose certificate is not the one that the client was given.
var ErrCertificate = errors.New("the server is not the one that CLI_TLS_CA and CLI_TLS_NAME name")

// ErrTime is in the error of a connection to a server whose certificate is too old, or too new for this machine's clock.
var ErrTime = errors.New("the server's certificate is not good at this time: renew it, or set this machine's clock")

// ErrPlain is in the error of a connection to a server that does not speak TLS.
var ErrPlain = errors.New("the server does not speak TLS (SERVER_TLS_CERT)")

// Refused reports whether err, an error of a connection, is final: it wraps ErrCertificate, ErrTime or ErrPlain, so
// another attempt with the same server and the same files fails, too.
func Refused(err error) bool {
	return errors.Is(err, ErrCertificate) || errors.Is(err, ErrTime) || errors.Is(err, ErrPlain)
}

// explain adds ErrTime, ErrCertificate or ErrPlain to the error of a handshake.
func explain(err error) error {
	if bad := new(x509.CertificateInvalidError); errors.As(err, bad) && bad.Reason == x509.Expired {
		return fmt.Errorf("%w: %w", ErrTime, err)
	}
	if bad := new(tls.CertificateVerificationError); errors.As(err, &bad) {
		return fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	if bad := new(tls.RecordHeaderError); errors.As(err, bad) {
		return fmt.Errorf("%w: %w", ErrPlain, err)
	}
	return err
}

// Dial returns a function that connects with dial and then does the handshake. The function gives up when its ctx is
// done.
func Dial(dial DialFunc, c *tls.Config) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		secured := &conn{raw: &closeOnce{raw, sync.OnceValue(raw.Close)}}
		secured.Conn = tls.Client(secured.raw, c)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("TLS with %s: %w", address, explain(err)), secured.Close())
		}
		return secured, nil
	}
}

// conn is a TLS connection. Its Close takes closeLimit at most, and returns the error of closing the socket only: the
// peer may be gone.
type conn struct {
	*tls.Conn
	raw net.Conn // whose Close can be called again
}

// Read says that a client does not speak TLS: package tls names bytes.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if bad := new(tls.RecordHeaderError); errors.As(err, bad) && bad.Conn != nil { // at the first record only
		err = fmt.Errorf("the peer does not speak TLS (CLI_TLS_CA): %w", err)
	}
	return n, err
}

func (c *conn) Close() error {
	late := time.AfterFunc(closeLimit, func() { _ = c.raw.Close() })
	defer late.Stop()
	_ = c.Conn.Close() // what matters of the error is in raw
	return c.raw.Close()
}

// closeOnce is a connection whose Close can be called again, and returns the first error then.
type closeOnce struct {
	net.Conn
	once func() error
}

func (c *closeOnce) Close() error { return c.once() }
