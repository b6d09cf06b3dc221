package service_test

import (
	"net"
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
	} {
		if got := (service.Machine{Root: tt.root}).Path(tt.file); got != tt.want {
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
	m := service.Machine{Host: "127.9.8.6", Hosts: map[string]string{"server": "127.9.8.7"}}
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

func TestParseHosts(t *testing.T) {
	hosts, err := service.ParseHosts("# made here\n127.1.2.3 server db\n\n127.1.2.4\tclient1 # the first\n")
	if err != nil || len(hosts) != 3 || hosts["db"] != "127.1.2.3" || hosts["client1"] != "127.1.2.4" {
		t.Errorf("got %v, %v", hosts, err)
	}
	if _, err := service.ParseHosts("127.1.2.3 server\nserver 127.1.2.4\n"); err == nil || err.Error() != `hosts:2: "server" is not an IP address` {
		t.Errorf("got %v", err)
	}
}
