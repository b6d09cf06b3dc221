package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// healthy is what programs say where all is well.
func healthy() map[string]any {
	return map[string]any{
		"go version":             "go version go1.26.8 linux/amd64\n",
		"docker version":         "28.2.2\n",
		"docker compose version": "v2.40.3\n",
		"docker buildx version":  "github.com/docker/buildx v0.30.1 abc\n",
		"docker image ls":        "server:latest\nclient:latest\nbusybox:latest\n<none>:<none>\n",
		"docker network ls":      "aaa\nbbb\n",
		"docker network inspect": `[{"Name":"bridge","Id":"aaa","IPAM":{"Config":[{"Subnet":"172.17.0.0/16"}]}},{"Name":"host","Id":"bbb","IPAM":{"Config":null}}]`,
		"docker ps":              "other \n",
		"/proc/net/route":        routes("eth0 00000000 00000000", "docker0 000011AC 0000FFFF"),
		".":                      nil,
		"./config.ini":           true,
		"./.data/agency-1.csv":   true,
		"./.data/agency-2.csv":   true,
		"docker-compose version": exec.ErrNotFound,
	}
}

func routes(lines ...string) string {
	var text strings.Builder
	text.WriteString("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n")
	for _, line := range lines {
		f := strings.Fields(line)
		fmt.Fprintf(&text, "%s\t%s\t00000000\t0001\t0\t0\t0\t%s\t0\t0\t0\n", f[0], f[1], f[2])
	}
	return text.String()
}

func lab(t *testing.T) Lab {
	t.Helper()
	service := func(name, image string, sources ...string) types.ServiceConfig {
		s := types.ServiceConfig{Name: name}
		s.ContainerName, s.Image = name, image
		s.Volumes = []types.ServiceVolumeConfig{{Type: "volume"}}
		for _, source := range sources {
			s.Volumes = append(s.Volumes, types.ServiceVolumeConfig{Type: "bind", Source: source})
		}
		return s
	}
	return Lab{
		Stage: "ej8, the default", Netcat: "busybox", Go: "go1.26",
		Project: &types.Project{
			Name: "tp0",
			Services: types.Services{
				"server":  service("server", "server:latest", "./config.ini"),
				"client1": service("client1", "client", "./.data/agency-1.csv"),
				"client2": service("client2", "client", "./.data/agency-2.csv"),
			},
			Networks: types.Networks{"testing_net": {
				Name: "tp0_testing_net",
				Ipam: types.IPAMConfig{Config: []*types.IPAMPool{{Subnet: "172.25.125.0/24"}}},
			}},
		},
	}
}

// machine answers from a map: a text, an error, or whether a file is there.
func machine(answers map[string]any) Machine {
	return Machine{
		Run: func(_ context.Context, name string, args ...string) (string, error) {
			words := append([]string{name}, args...)
			for n := min(len(words), 3); n > 0; n-- {
				switch answer := answers[strings.Join(words[:n], " ")].(type) {
				case string:
					return answer, nil
				case error:
					return "", answer
				}
			}
			return "", fmt.Errorf("nobody expects %v", words)
		},
		ReadFile: func(name string) ([]byte, error) {
			if text, ok := answers[name].(string); ok {
				return []byte(text), nil
			}
			return nil, os.ErrNotExist
		},
		Exists:   func(name string) bool { return answers[name] == true },
		Writable: func(dir string) error { err, _ := answers[dir].(error); return err },
	}
}

func TestHealthy(t *testing.T) {
	var checks []string
	for _, f := range Examine(t.Context(), machine(healthy()), lab(t), time.Second) {
		if f.Status != OK || f.Next != "" || f.Found == "" {
			t.Errorf("%+v", f)
		}
		checks = append(checks, f.Check)
	}
	if got, want := strings.Join(checks, " "), "stage directory composer run go docker files bridge compose buildkit images netcat subnet containers"; got != want {
		t.Errorf("the checks are %s, want %s", got, want)
	}
}

func TestFindings(t *testing.T) {
	tp0 := func(subnet string) string {
		return `[{"Name":"tp0_testing_net","Id":"0123456789abcdef","IPAM":{"Config":[{"Subnet":"` + subnet + `"}]}}]`
	}
	for _, tt := range []struct {
		name    string
		answers map[string]any
		check   string
		status  Status
		found   string // a part of it
		next    string // likewise
	}{
		{"no Go", map[string]any{"go version": exec.ErrNotFound}, "go", Warning, "go is not installed: only `make build`", "go.dev/dl"},
		{"Go hangs", map[string]any{"go version": context.DeadlineExceeded}, "go", Warning, "go gave no answer within 1s", ""},
		{"old Go", map[string]any{"go version": "go version go1.24.9 linux/amd64"}, "go", Warning, "go1.24.9 is older than go1.26", "install"},
		{"new Go", map[string]any{"go version": "go version go2.0 linux/amd64"}, "go", OK, "go2.0", ""},
		{"Go's own", map[string]any{"go version": "go version devel +abc"}, "go", OK, "devel", ""},
		{"odd Go", map[string]any{"go version": "hello"}, "go", OK, "hello", ""},
		{"no Docker", map[string]any{"docker version": exec.ErrNotFound}, "docker", Warning, "`composer render`, `run` and `verify` work without Docker", "install Docker"},
		{"Docker hangs", map[string]any{"docker version": context.DeadlineExceeded}, "docker", Problem, "docker gave no answer within 1s", "restart"},
		{"Docker is not ours", map[string]any{"docker version": errors.New("Got permission denied while trying to connect")}, "docker", Problem, "you may not use the engine", "usermod"},
		{"no engine", map[string]any{"docker version": errors.New("Cannot connect to the Docker daemon")}, "docker", Problem, "no engine: Cannot connect", "systemctl start docker"},
		{"no version", map[string]any{"docker version": "<no value>"}, "docker", Problem, "does not say", "docker version"},
		{"no Compose", map[string]any{"docker compose version": errors.New("docker: 'compose' is not a docker command")}, "compose", Problem, "not a docker command", "install the plugin"},
		{"old Compose", map[string]any{"docker compose version": errors.New("none"), "docker-compose version": "1.29.2"}, "compose", Problem, "does not use the docker-compose", "install the plugin"},
		{"no buildx", map[string]any{"docker buildx version": errors.New("no plugin")}, "buildkit", Warning, "old builder", "install"},
		{"odd buildx", map[string]any{"docker buildx version": "v1"}, "buildkit", OK, "buildx v1", ""},
		{"no images", map[string]any{"docker image ls": "busybox:latest", "services/server/Dockerfile": true}, "images", Warning, "missing: client:latest, server:latest", "`make docker-image` builds the lab's images, and so does"},
		{"no images, and no sources", map[string]any{"docker image ls": "busybox:latest"}, "images", Warning, "missing: client:latest, server:latest", "in a clone of https://"},
		{"images hang", map[string]any{"docker image ls": context.DeadlineExceeded}, "images", Warning, "no answer", ""},
		{"no netcat", map[string]any{"docker image ls": "server:latest client:latest"}, "netcat", Warning, "busybox is missing", "docker pull busybox"},
		{"a name is taken", map[string]any{"docker ps": "server tp1\nclient2 \n"}, "containers", Problem, "client2, server", "docker rm -f client2 server"},
		{"a name is ours", map[string]any{"docker ps": "server tp0"}, "containers", OK, "1 container of this project found", ""},
		{"ps hangs", map[string]any{"docker ps": context.DeadlineExceeded}, "containers", Warning, "no answer", ""},
		{"no networks", map[string]any{"docker network ls": ""}, "subnet", OK, "is free", ""},
		{"networks hang", map[string]any{"docker network ls": context.DeadlineExceeded}, "subnet", Warning, "no answer", ""},
		{"networks are odd", map[string]any{"docker network inspect": "hello"}, "subnet", Warning, "invalid character", ""},
		{"another network", map[string]any{"docker network inspect": `[{"Name":"theirs","Id":"c","IPAM":{"Config":[{"Subnet":"172.25.0.0/16"}]}}]`}, "subnet", Problem, "172.25.125.0/24 overlaps 172.25.0.0/16 of the network theirs", "docker network rm theirs"},
		{"our network", map[string]any{
			"docker network inspect": tp0("172.25.125.0/24"), "/proc/net/route": routes("br-0123456789ab 007D19AC 00FFFFFF"),
		}, "subnet", OK, "belongs to tp0_testing_net", ""},
		{"our network, larger", map[string]any{"docker network inspect": tp0("172.25.124.0/22")}, "subnet", Warning, "with 172.25.124.0/22 instead", "make docker-compose-down"},
		{"a VPN around it", map[string]any{"/proc/net/route": routes("tun0 000010AC 0000F0FF")}, "subnet", Warning, "172.25.125.0/24 is part of 172.16.0.0/12, which tun0 leads to", "--set subnet"},
		{"a VPN over the same addresses", map[string]any{"/proc/net/route": routes("tun0 007D19AC 00FFFFFF")}, "subnet", Problem, "172.25.125.0/24 leads to tun0", "--set subnet"},
		{"a VPN within it", map[string]any{"/proc/net/route": routes("tun0 807D19AC 80FFFFFF")}, "subnet", Problem, "172.25.125.128/25 leads to tun0", "--set subnet"},
		{"no table of routes", map[string]any{"/proc/net/route": nil}, "subnet", OK, "is free", ""},
		{"no agency files", map[string]any{"./.data/agency-1.csv": false, "./.data/agency-2.csv": false}, "files", Problem, "./.data/agency-1.csv, ./.data/agency-2.csv", "`composer data extract`"},
		{"no agency files, and no Docker", map[string]any{"./.data/agency-1.csv": false, "docker version": exec.ErrNotFound}, "files", Warning, "`composer run` invents agency files", "composer data"},
		{"no configuration", map[string]any{"./config.ini": false}, "files", Problem, "./config.ini", "provide"},
		{"a directory of others", map[string]any{".": os.ErrPermission}, "directory", Problem, "permission denied", "composer render"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			answers := healthy()
			maps.Copy(answers, tt.answers)
			findings := Examine(t.Context(), machine(answers), lab(t), time.Second)
			right := true
			seen := false
			for _, f := range findings {
				right = right && f.Status != Problem
				if f.Check != tt.check {
					continue
				}
				seen = true
				if f.Status != tt.status || !strings.Contains(f.Found, tt.found) || !strings.Contains(f.Next, tt.next) || (tt.next == "") != (f.Next == "") && tt.status != Warning {
					t.Errorf("got %+v", f)
				}
			}
			if !seen || right != isRight(findings) || tt.status == Problem && right {
				t.Errorf("got %+v", findings)
			}
		})
	}
}

// An image is found by each of its names.
func TestLongImageNames(t *testing.T) {
	for _, name := range []string{"busybox", "library/busybox", "docker.io/library/busybox:latest"} {
		l := lab(t)
		l.Netcat = name
		if findings := Examine(t.Context(), machine(healthy()), l, time.Second); !slices.Contains(findings, Finding{"netcat", OK, name, ""}) {
			t.Errorf("%s: got %+v", name, findings)
		}
	}
}

func TestWithoutStage(t *testing.T) {
	l := lab(t)
	l.Project, l.Err, l.Next = nil, errors.New("unknown stage"), "list them"
	findings := Examine(t.Context(), machine(healthy()), l, time.Second)
	if findings[0].Status != Problem || findings[0].Found != "unknown stage" || findings[0].Next != "list them" || isRight(findings) || len(findings) != 8 {
		t.Errorf("got %+v", findings)
	}
}

// The built-in lab's 1022 clients and their server fit. Containers of another network take no place.
func TestContainersOfABridge(t *testing.T) {
	on := func(network string) (s types.ServiceConfig) {
		s.Networks = map[string]*types.ServiceNetworkConfig{network: nil}
		return s
	}
	var host types.ServiceConfig
	host.NetworkMode = "host"
	three := on("testing_net")
	three.Scale = new(3)
	for _, test := range []struct {
		on, other, more int
		extra           types.ServiceConfig
		want            Finding
	}{
		{1023, 0, 0, host, Finding{"bridge", OK, "1023 containers on one network, and a Linux bridge takes 1023", ""}},
		{1024, 0, 0, host, Finding{"bridge", Problem, "1024 containers on the network testing_net, and a Linux bridge takes 1023", "start fewer replicas: -n"}},
		{700, 600, 800, host, Finding{"bridge", OK, "803 containers on one network, and a Linux bridge takes 1023", ""}},
		{1000, 0, 1025, host, Finding{"bridge", Problem, "1028 containers on the network default, and a Linux bridge takes 1023", "start fewer replicas: -n"}},
		{1020, 0, 0, three, Finding{"bridge", OK, "1023 containers on one network, and a Linux bridge takes 1023", ""}},
	} {
		l := lab(t)
		for number, network := range map[int]string{test.on: "testing_net", test.other: "other"} {
			for i := range number {
				l.Project.Services[fmt.Sprintf("%s%d", network, i)] = on(network)
			}
		}
		for i := range test.more { // with the three of the lab, which name no network
			l.Project.Services[fmt.Sprintf("more%d", i)] = types.ServiceConfig{}
		}
		l.Project.Services["extra"] = test.extra
		if findings := Examine(t.Context(), machine(healthy()), l, time.Second); !slices.Contains(findings, test.want) {
			t.Errorf("got %+v, want %+v", findings, test.want)
		}
	}
}

// What is said of a bundle of one's own has nothing of the built-in lab.
func TestOwnBundle(t *testing.T) {
	l := lab(t)
	l.Bundle = "mine"
	service := types.ServiceConfig{Name: "a"}
	service.Image = "nginx"
	l.Project.Services = types.Services{"a": service}
	findings := Examine(t.Context(), machine(healthy()), l, time.Second)
	for _, want := range []Finding{
		{"images", Warning, "missing: nginx:latest", "`docker compose up` pulls the images of a registry; build the others"},
		{"files", OK, "0 mounted files, none missing", ""},
	} {
		if !slices.Contains(findings, want) {
			t.Errorf("got %+v, want %+v", findings, want)
		}
	}
	if slices.ContainsFunc(findings, func(f Finding) bool { return f.Check == "netcat" }) {
		t.Errorf("got %+v", findings)
	}
}

// A program that hangs, and whose children keep its output open, is left to itself.
func TestCommand(t *testing.T) {
	if out, err := Command(t.Context(), "echo", "x"); out != "x\n" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
	if _, err := Command(t.Context(), "no-such-program-here"); !errors.Is(err, exec.ErrNotFound) {
		t.Error(err)
	}
	if _, err := Command(t.Context(), "sh", "-c", "echo; echo why >&2; echo more >&2; exit 3"); err == nil || err.Error() != "why" {
		t.Error(err)
	}
	if _, err := Command(t.Context(), "false"); err == nil || err.Error() != "exit status 1" {
		t.Error(err)
	}
	fifo := filepath.Join(t.TempDir(), "ready")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if _, err := os.Stat(fifo); err == nil {
				cancel()
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	began := time.Now()
	if _, err := Command(ctx, "sh", "-c", "(trap '' TERM; sleep 60) & touch "+fifo+"; sleep 60"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if time.Since(began) > 30*time.Second {
		t.Error("it was waited for")
	}
}

// A fault of a check reaches the caller, who reports it. In its own goroutine it would end the process.
func TestTogetherPassesPanicsOn(t *testing.T) {
	defer func() {
		if fault := fmt.Sprint(recover()); !strings.Contains(fault, "a fault") || !strings.Contains(fault, "doctor_test.go") {
			t.Errorf("got %s", fault)
		}
	}()
	together(func() []Finding { return nil }, func() []Finding { panic("a fault") })
}

func isRight(findings []Finding) bool {
	return !slices.ContainsFunc(findings, func(f Finding) bool { return f.Status == Problem })
}
