//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/bundle"
	"github.com/tp0-lab/composer/internal/render"
	"github.com/tp0-lab/composer/templates"
)

func TestComposeTakesEveryStage(t *testing.T) {
	b, err := bundle.Open(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := render.New(b)
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range b.Stages {
		for _, n := range []int{0, 1, 5, 300} {
			doc, err := engine.Render(stage.Name, n)
			if err != nil {
				t.Fatal(err)
			}
			config := exec.Command("docker", "compose", "-f", "-", "config", "-q")
			config.Stdin = bytes.NewReader(doc.Bytes)
			if out, err := config.CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%s -n %d: %v\n%s", stage.Name, n, err, out)
			}
		}
	}
}

func TestImagesAreSmallAndUnprivileged(t *testing.T) {
	for _, image := range []string{serverImage, clientImage} {
		out, err := exec.Command("docker", "image", "inspect", "-f", "{{.Size}} {{.Config.User}} {{.Config.WorkingDir}}", image).Output()
		if err != nil {
			t.Fatal(err)
		}
		var size int
		var user, dir string
		if _, err := fmt.Sscan(string(out), &size, &user, &dir); err != nil {
			t.Fatal(err)
		}
		if size >= 8_000_000 || user != "65532:65532" || dir != "/" {
			t.Errorf("%s: %d bytes, user %s, working directory %s", image, size, user, dir)
		}
	}
}

func TestEchoExchangesMessages(t *testing.T) {
	for _, tt := range []struct {
		stage       string
		n, messages int
	}{{"ej1", 1, 1}, {"ej1", 1, 3}, {"ej1", 5, 5}, {"ej2", 1, 3}, {"ej3", 5, 3}, {"ej4", 5, 3}} {
		t.Run(fmt.Sprintf("%s_%dx%d", tt.stage, tt.n, tt.messages), func(t *testing.T) {
			l := newLab(t, tt.stage, tt.n, fmt.Sprintf("CLI_LOOP_AMOUNT=%d", tt.messages), "CLI_LOOP_PERIOD=50ms")
			l.compose("up", "-d")
			seen := l.follow(func(seen []line) bool { return count(seen, "", "action: loop_finished") == tt.n })
			for i := 1; i <= tt.n; i++ {
				client := fmt.Sprintf("client%d", i)
				for m := 1; m <= tt.messages; m++ {
					message := fmt.Sprintf("msg: [CLIENT %d] Message N°%d", i, m)
					if count(seen, client, "action: receive_message | result: success", message) != 1 || count(seen, "server", "action: receive_message | result: success", message) != 1 {
						t.Errorf("%s was not exchanged once:\n%s", message, show(seen))
					}
				}
				if code := l.exitCode(client); code != "0" {
					t.Errorf("%s exited with %s", client, code)
				}
			}
			if count(seen, "", "result: fail") > 0 {
				t.Errorf("something failed:\n%s", show(seen))
			}
		})
	}
}

func TestNoClients(t *testing.T) {
	l := newLab(t, "ej1", 0)
	l.compose("up", "-d")
	l.follow(func(seen []line) bool {
		return count(seen, "server", "action: accept_connections | result: in_progress") == 1
	})
}

func TestConfigurationChangesWithoutARebuild(t *testing.T) {
	l := newLab(t, "ej2", 1)
	for _, tt := range []struct {
		server serverKeys
		client clientKeys
	}{
		{serverKeys{8, "DEBUG"}, clientKeys{5, "100ms", "DEBUG", 10}},
		{serverKeys{16, "DEBUG"}, clientKeys{2, "250ms", "INFO", 10}},
	} {
		l.write("services/server/config.ini", serverConfig(tt.server))
		l.write("services/client/config.yaml", clientConfig(tt.client))
		l.compose("up", "-d")
		seen := l.follow(func(seen []line) bool { return count(seen, "client1", "action: loop_finished") == 1 })
		wantServer := fmt.Sprintf("action: config | result: success | port: 12345 | listen_backlog: %d | logging_level: %s", tt.server.backlog, tt.server.level)
		wantClient := fmt.Sprintf("action: config | result: success | client_id: 1 | server_address: server:12345 | loop_amount: %d | loop_period: %s | log_level: %s", tt.client.amount, tt.client.period, tt.client.level)
		if count(seen, "server", wantServer) != 1 || count(seen, "client1", wantClient) != 1 {
			t.Errorf("want %s\nand %s in\n%s", wantServer, wantClient, show(seen))
		}
		if got := count(seen, "client1", "action: receive_message | result: success"); got != tt.client.amount {
			t.Errorf("%d messages, want %d", got, tt.client.amount)
		}
		l.compose("down", "-t", "2")
	}
}

// check runs validar-echo-server.sh with that shell and returns its output.
func (l *lab) check(shell ...string) string {
	l.t.Helper()
	script, err := os.ReadFile(root + "/validar-echo-server.sh")
	if err != nil {
		l.t.Fatal(err)
	}
	l.write("validar-echo-server.sh", string(script))
	ctx, cancel := context.WithTimeout(l.t.Context(), 75*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, shell[0], append(shell[1:], "validar-echo-server.sh")...)
	c.Dir = l.dir
	c.Env = append(os.Environ(), "COMPOSE_PROJECT_NAME="+project)
	out, err := c.Output()
	if ctx.Err() != nil {
		l.t.Fatalf("the check hangs: %v", err)
	}
	return string(out)
}

func TestEchoCheck(t *testing.T) {
	const success, fail = "action: test_echo_server | result: success\n", "action: test_echo_server | result: fail\n"
	l := newLab(t, "ej3", 0)
	if got := l.check("sh"); got != fail {
		t.Errorf("without a network: %q", got)
	}
	l.compose("up", "-d")
	shells := [][]string{{"sh"}, {"bash"}}
	for _, more := range [][]string{{"dash"}, {"busybox", "sh"}} {
		if _, err := exec.LookPath(more[0]); err == nil {
			shells = append(shells, more)
		}
	}
	for _, shell := range shells {
		if got := l.check(shell...); got != success {
			t.Errorf("%v: %q", shell, got)
		}
	}
	l.compose("stop", "-t", "2", "server")
	if got := l.check("sh"); got != fail {
		t.Errorf("without a server: %q", got)
	}
	for name, answer := range map[string]string{"lies": "echo nonsense", "is silent": "sleep 20"} {
		id, err := exec.Command("docker", "run", "-d", "--rm", "--network", project+"_testing_net", "--network-alias", "server",
			"busybox:latest", "sh", "-c", "nc -lk -p 12345 -e "+answer).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := l.check("sh"); got != fail {
			t.Errorf("a server that %s: %q", name, got)
		}
		if err := exec.Command("docker", "rm", "-f", strings.TrimSpace(string(id))).Run(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSIGTERM(t *testing.T) {
	for _, tt := range []struct {
		name    string
		targets []string
	}{{"client", []string{"client1"}}, {"server", []string{"server"}}, {"both", []string{"server", "client1"}}} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, "ej4", 1, "CLI_LOOP_AMOUNT=500", "CLI_LOOP_PERIOD=150ms")
			l.compose("up", "-d")
			l.follow(func(seen []line) bool { return count(seen, "client1", "action: receive_message") == 3 })
			began := time.Now()
			l.compose(append([]string{"stop", "-t", "10"}, tt.targets...)...)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			for _, service := range tt.targets {
				if code := l.exitCode(service); code != "0" {
					t.Errorf("%s exited with %s:\n%s", service, code, l.logs(service))
				}
				lines := []string{"action: receive_signal | result: success", "action: shutdown_" + strings.TrimRight(service, "1") + " | result: success"}
				if service == "server" {
					lines = append(lines, "action: close_server_socket | result: success")
				}
				for _, want := range lines {
					if strings.Count(l.logs(service), want) != 1 {
						t.Errorf("%s: want one %q in\n%s", service, want, l.logs(service))
					}
				}
			}
		})
	}
}
