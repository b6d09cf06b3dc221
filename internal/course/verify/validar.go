package verify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

func checkScenarios() []Scenario {
	return []Scenario{
		{Stage: "ej3", Name: "check-good-server", docker: true, Title: "validar-echo-server.sh finds that a server which echoes is right", run: func(t *trial) {
			startServer(t)
			verdict(t, "success", t.shell())
		}},
		{Stage: "ej3", Name: "check-any-sh", docker: true, Title: "validar-echo-server.sh is POSIX: it works in shells that are not bash", run: func(t *trial) {
			startServer(t)
			shells := 0
			for _, shell := range [][]string{{"dash"}, {"busybox", "sh"}} {
				if t.containers().has(t.ctx, shell[0]) {
					verdict(t, "success", shell...)
					shells++
				}
			}
			if shells == 0 {
				t.unjudged("neither dash nor busybox is there to run the script")
			}
		}},
		{
			Stage: "ej3", Name: "check-other-port", docker: true, Beyond: "the course does not say where the script has the port from",
			Title: "validar-echo-server.sh takes the port from config.ini",
			run: func(t *trial) {
				t.configure(serverKeys{5, "DEBUG", otherPort}, usualClient)
				t.begin(1, "server")
				t.ready()
				verdict(t, "success", t.shell())
			},
		},
		{Stage: "ej3", Name: "check-no-server", docker: true, Title: "validar-echo-server.sh finds that a server which is down is wrong, and does not hang", run: func(t *trial) {
			downServer(t)
			verdict(t, "fail", t.shell())
			startsNone(t, "")
		}},
		{Stage: "ej3", Name: "check-lying-server", docker: true, Title: "validar-echo-server.sh finds that a server which answers something else is wrong", run: func(t *trial) {
			impostor(t, "echo nonsense")
		}},
		{Stage: "ej3", Name: "check-silent-server", docker: true, Title: "validar-echo-server.sh finds that a server which answers nothing for 20 s is wrong, and ends", run: func(t *trial) {
			impostor(t, "sleep 20") // the scenario's title names the seconds
		}},
		{Stage: "ej3", Name: "echo-unaltered", Title: "lines with any text come back as they were", run: func(t *trial) { unaltered(t, echoLines, false) }},
	}
}

// downServer starts a server, expects success from validar-echo-server.sh, and kills the server. Without that success,
// a later fail of the script would prove nothing.
func downServer(t *trial) {
	startServer(t)
	id := runningServer(t)
	verdict(t, "success", t.shell())
	startsNone(t, id)
	t.interrupt("kill", "server")
}

// startsNone ends the scenario if the running server is not the container with this id. Then the script has started or
// stopped a server, or the server has ended by itself, and the script's verdict is not about the scenario's server.
func startsNone(t *trial, id string) {
	if runningServer(t) != id {
		t.problems = nil
		t.unjudged("the server's container is another one, or has ended, after validar-echo-server.sh, so what the script says of a server that is down is not known")
	}
}

func runningServer(t *trial) string {
	id, err := t.containers().running(t.ctx)
	if err != nil {
		t.unjudged("the server's container cannot be found: " + err.Error())
	}
	return id
}

func impostor(t *trial, program string) {
	downServer(t)
	stop, err := t.containers().impostor(t.ctx, t.site.port, program)
	if err != nil {
		t.unjudged("nothing else can take the server's place: " + err.Error())
	}
	defer stop()
	verdict(t, "fail", t.shell())
	startsNone(t, "")
}

// containers returns the lab of a scenario whose field docker is set.
func (t *trial) containers() containers { return t.lab.(containers) }

// shell returns the shell for validar-echo-server.sh. The course asks for «un script de bash», and its public tests use
// sh: only check-any-sh checks the difference.
func (t *trial) shell() string {
	if t.site.ours {
		return "sh"
	}
	return "bash"
}

// verdict expects a result of validar-echo-server.sh. A checkout's script may print other lines, too.
func verdict(t *trial, result string, shell ...string) {
	want := "action: test_echo_server | result: " + result
	got, complaints, err := t.containers().check(t.ctx, shell...)
	if err == nil && says(got, want, t.site.ours) {
		return
	}
	if isTrouble(err) {
		t.unjudged("validar-echo-server.sh cannot be run: " + err.Error())
	}
	if err == nil && isTrouble(errors.New(complaints)) {
		t.unjudged("the script needs something that this machine cannot get: " + troubleLine(complaints))
	}
	seen := strings.TrimSpace(fmt.Sprintf("%q\n%s", got, complaints))
	if err != nil {
		seen = err.Error()
	}
	t.problem(fmt.Sprintf("%s validar-echo-server.sh says %q", strings.Join(shell, " "), want), seen, t.about(pattern{container: "server"}))
}

// says reports whether a script's output has the given verdict and no other one. With alone, the verdict must be the
// only line. Without alone, other text may stand before the verdict, and the verdict may be coloured and come twice.
func says(output, want string, alone bool) bool {
	var found []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if !alone {
			at := strings.Index(line, "action: test_echo_server")
			if at < 0 {
				continue
			}
			line = strings.TrimSpace(escapes().ReplaceAllString(line[at:], ""))
		}
		found = append(found, line)
	}
	if !alone {
		found = slices.Compact(found)
	}
	return strings.TrimSpace(strings.Join(found, "\n")) == want
}
