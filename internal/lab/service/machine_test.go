package service_test

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/lab/service"
)

func TestMachinePath(t *testing.T) {
	for _, tt := range []struct{ root, file, want string }{
		{"", "config.ini", "config.ini"},
		{"", "/bets/bets.csv", "/bets/bets.csv"},
		{"/run/server", "config.ini", "/run/server/config.ini"},
		{"/run/server", "/bets/bets.csv", "/run/server/bets/bets.csv"},
		{"/run/server", "../../etc/passwd", "/run/server/etc/passwd"},
		{"/run/server", "/data", "/home/data"},
		{"/run/server", "/data/./x/agency.csv", "/home/data/x/agency.csv"},
		{"/run/server", "/data/agency-1.csv", "/home/one.csv"},
		{"/run/server", "/database", "/run/server/database"},
	} {
		mounts := []service.Mount{{Target: "/data", Source: "/home/data"}, {Target: "/data/agency-1.csv", Source: "/home/one.csv"}}
		if got := filepath.ToSlash((service.Machine{Root: tt.root, Mounts: mounts}).Path(tt.file)); got != tt.want {
			t.Errorf("%q in %q: %q, want %q", tt.file, tt.root, got, tt.want)
		}
	}
}

func TestMachineDial(t *testing.T) {
	listener, err := net.Listen("tcp", "127.9.8.7:0")
	if err != nil {
		t.Skip("no loopback network beside 127.0.0.1 here: ", err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	m := service.Machine{Host: service.Host{Address: "127.9.8.6"}, Hosts: map[string]service.Host{"server": {Address: "127.9.8.7"}}}
	conn, err := m.Dial(t.Context(), "tcp", "server:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	if from := accepted.RemoteAddr().String(); !strings.HasPrefix(from, "127.9.8.6:") {
		t.Errorf("from %s", from)
	}
}

// A host that shares its address is reached through its own ports only. The error for another port names them.
func TestMachineDialPorts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := uint16(listener.Addr().(*net.TCPAddr).Port)
	m := service.Machine{
		Host: service.Host{Address: "127.0.0.1", Shared: true},
		Hosts: map[string]service.Host{
			"server":  {Address: "127.0.0.1", Port: 12345, Actual: port, Shared: true},
			"client1": {Address: "127.0.0.1", Shared: true},
		},
	}
	conn, err := m.Dial(t.Context(), "tcp", "server:12345")
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	for address, want := range map[string]string{
		fmt.Sprintf("server:%d", port): fmt.Sprintf("dial server:%d: connection refused; server listens on port 12345", port),
		"client1:12345":                "dial client1:12345: connection refused; client1 listens on no port",
	} {
		if _, err := m.Dial(t.Context(), "tcp", address); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", address, err, want)
		}
	}
}
