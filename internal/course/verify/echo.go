package verify

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/text"
)

func echoScenarios() []Scenario {
	var all []Scenario
	for _, n := range []int{1, 2, 5} {
		for _, messages := range []int{1, 3, 5} {
			all = append(all, Scenario{
				Stage: "ej1", Name: fmt.Sprintf("echo-%d-by-%d", n, messages),
				Title: fmt.Sprintf("all messages of %s come back: %s each", text.Plural(n, "client"), text.Plural(messages, "message")),
				run:   func(t *trial) { exchange(t, n, messages) },
			})
		}
	}
	return append(all, Scenario{
		Stage: "ej1", Name: "compose-script",
		Title: "generar-compose.sh writes the file that it is told to, with as many clients, and anew each time",
		run:   func(t *trial) { writesAnew(t, "otro.yaml") },
	}, Scenario{
		Stage: "ej1", Name: "compose-script-path", Beyond: "the course gives generar-compose.sh a name",
		Title: "generar-compose.sh writes a file in another directory",
		run:   func(t *trial) { writesAnew(t, "client/otro.yaml") },
	}, Scenario{
		Stage: "ej1", Name: "echo-unaltered",
		Title: "lines with any text come back as they were",
		run:   func(t *trial) { unaltered(t, echoLines, false) },
	}, Scenario{
		Stage: "ej1", Name: "echo-without-a-line-end", Beyond: "the course's client ends each message with a line end",
		Title: "a message without a line end comes back as it was",
		run:   func(t *trial) { unaltered(t, []string{"sin fin de línea"}, false) },
	}, Scenario{
		Stage: "ej1", Name: "echo-beside-a-silent-peer", Beyond: "the course does not say what a silent peer does to others",
		Title: "a peer that says nothing delays the next one only for a while",
		run:   func(t *trial) { unaltered(t, echoLines[:1], true) },
	}, Scenario{
		Stage: "ej1", Name: "no-clients", Beyond: "the course has at least one client",
		Title: "a Compose file for 0 clients starts the server alone",
		run: func(t *trial) {
			t.configure(usualServer, usualClient)
			t.begin(0)
			t.ready()
		},
	})
}

// echoLines are messages like those of the course's client, which end with a line end.
var echoLines = []string{"hola\n", "a | result: fail | b: c\n", strings.Repeat("0123456789", 100) + "\n", "\t ñandú \x01\x7f\n"}

// writesAnew runs generar-compose.sh several times for one file, with more clients and with fewer.
func writesAnew(t *trial, out string) {
	if t.site.builtIn {
		t.skip("there is no generar-compose.sh here: composer renders the stage itself")
	}
	t.configure(usualServer, usualClient)
	if err := t.site.root.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		t.unjudged("a directory cannot be made: " + err.Error())
	}
	for _, n := range []int{2, 4, 1} {
		t.must(fmt.Sprintf("generar-compose.sh writes %s for %s", out, text.Plural(n, "client")), func() error { return t.site.script(t.ctx, out, n) })
		expected := fmt.Sprintf("%s for %s has the services server and %s", out, text.Plural(n, "client"), strings.Join(clientNames(n), ", "))
		raw, err := files.ReadIn(t.site.root, out, project.MaxFile)
		if err != nil {
			t.fatal(expected, err.Error())
		}
		project, err := local.Load(t.ctx, raw, out, t.site.dir, nil)
		if err != nil {
			t.fatal(expected, err.Error())
		}
		var got []string
		for name, service := range project.Services {
			// A Compose file may have other services, such as a database. The course names containers.
			if name = cmp.Or(service.ContainerName, name); strings.HasPrefix(name, "client") || name == "server" {
				got = append(got, name)
			}
		}
		slices.SortFunc(got, text.NaturalCompare)
		if want := append(clientNames(n), "server"); !slices.Equal(got, want) {
			t.fatal(expected, orNone(strings.Join(got, ", ")))
		}
	}
}

func exchange(t *trial, n, messages int) {
	// The Compose file of ej1 sets the level DEBUG, which overrides the files.
	t.configure(serverKeys{5, "INFO", 0}, clientKeys{messages, "50ms", "INFO", 10, ""})
	t.begin(n)
	t.wait(n, pattern{action: "loop_finished", result: "success"})
	t.exited(0, t.clients()...)
	for i := 1; i <= n; i++ {
		t.logged(messages, pattern{container: clientName(i), action: "receive_message", result: "success"})
		for m := 1; m <= messages; m++ {
			text := fmt.Sprintf("[CLIENT %d] Message N°%d", i, m)
			t.logged(1, line(clientName(i), "receive_message", "msg", text))
			t.wait(1, line("server", "receive_message", "msg", text))
		}
	}
	t.logged(n*messages, line("server", "receive_message"))
	if t.site.ours {
		t.logged(1, line("server", "config", "logging_level", "DEBUG"))
		t.logged(n, pattern{action: "config", result: "success", fields: []string{"log_level", "DEBUG"}})
	}
	t.nothingFailed()
}

// unaltered expects each message to come back, maybe while another connection is silent.
func unaltered(t *trial, messages []string, besideSilence bool) {
	t.configure(usualServer, usualClient)
	t.begin(1, "server") // talk waits for the server
	if besideSilence {
		defer hold(t)()
	}
	for _, message := range messages {
		want := []byte(message)
		ctx, cancel := context.WithTimeout(t.ctx, t.patience)
		got, err := t.lab.talk(ctx, t.site.port, want)
		cancel()
		if !t.site.ours { // a checkout's server may drop the line end
			want, got = bytes.TrimRight(want, "\r\n"), bytes.TrimRight(got, "\r\n")
		}
		switch {
		case err != nil:
			t.problem(fmt.Sprintf("the server answers %q", message), err.Error(), t.about(pattern{container: "server"}))
			return // each other message would wait as long
		case !bytes.Equal(got, want):
			t.problem(fmt.Sprintf("%q comes back", message), fmt.Sprintf("%q", got), t.about(pattern{container: "server"}))
		}
	}
}

// hold opens a silent connection and returns the function that closes it.
func hold(t *trial) func() {
	release, err := t.lab.hold(t.ctx, t.site.port)
	if err != nil {
		t.unjudged("no connection to the server can be made: " + err.Error())
	}
	return release
}

func startServer(t *trial) {
	t.configure(usualServer, usualClient)
	t.begin(1, "server")
	t.ready()
}

func configScenarios() []Scenario {
	return []Scenario{{
		Stage: "ej2", Name: "files-change-without-a-rebuild",
		Title: "what both configuration files say counts at the next start, with no image built anew",
		run: func(t *trial) {
			changedFiles(t, serverKeys{8, "DEBUG", 0}, clientKeys{5, "100ms", "DEBUG", 10, ""})
			changedFiles(t, serverKeys{16, "DEBUG", otherPort}, clientKeys{2, "250ms", "INFO", 10, ""})
			changedFiles(t, serverKeys{16, "INFO", 0}, clientKeys{1, "50ms", "INFO", 10, ""})
		},
	}}
}

func changedFiles(t *trial, s serverKeys, c clientKeys) {
	t.journal = newJournal()
	t.configure(s, c)
	t.begin(1)
	defer t.end()
	t.wait(1, line("client1", "loop_finished"))
	t.exited(0, "client1")
	t.logged(c.amount, line("client1", "receive_message"))
	// A level in the Compose file, as in the course's skeleton, overrides the level in a configuration file.
	levelOf := func(service, variable string, key ...string) []string {
		if _, set := t.environment(service)[variable]; set {
			return nil
		}
		return key
	}
	switch level := levelOf("server", "LOGGING_LEVEL", "logging_level", s.level); {
	case s.level == "DEBUG":
		t.wait(1, line("server", "config", append([]string{"port", strconv.Itoa(t.site.port), "listen_backlog", strconv.Itoa(s.backlog)}, level...)...))
	case level != nil:
		t.logged(0, line("server", "config")) // the line has level DEBUG
	}
	identity := []string{"client_id", "1"}
	if !t.site.ours { // client_id is not in the file
		identity = nil
	}
	t.logged(1, line("client1", "config", append(append(identity,
		"server_address", "server:"+strconv.Itoa(t.site.port),
		"loop_amount", strconv.Itoa(c.amount), "loop_period", c.period,
	), levelOf("client1", "CLI_LOG_LEVEL", "log_level", c.level)...)...))
}
