package verify

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/course/report"
	"github.com/tp0-lab/composer/internal/course/words"
	"github.com/tp0-lab/composer/internal/lab/local"
)

// checkout makes a git repository whose branch has files, and returns sites of it.
func checkout(t *testing.T, branch string, files map[string]string) *sites {
	t.Helper()
	dir := t.TempDir()
	gitIn(t, dir, "init", "-q", "-b", branch)
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	gitIn(t, dir, "add", "-A")
	gitIn(t, dir, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-m", "all")
	s, err := newSites(Options{Repo: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close() })
	return s
}

func gitIn(t *testing.T, dir string, args ...string) string {
	t.Helper()
	c := exec.Command("git", args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// What the course does not ask for is left out in a checkout, until it is asked for.
func TestCheckoutIsSparedWhatGoesBeyondTheCourse(t *testing.T) {
	s := checkout(t, "ej6", map[string]string{"server/Dockerfile": "FROM scratch\n"})
	ran := false
	scenario := Scenario{Stage: "ej6", Name: "odd-names", Beyond: "nobody asks", run: func(*trial) { ran = true }}
	got := runOne(t.Context(), scenario, nil, s, Options{Now: time.Now})
	if ran || got.Status != report.Unasked || got.Reason != "nobody asks; `--beyond` checks it all the same" {
		t.Errorf("ran: %v, %s: %s", ran, got.Status, got.Reason)
	}
	for _, o := range []Options{{Names: []string{"odd-names"}}, {Beyond: true}} {
		ran = false
		o.Now = time.Now
		got = runOne(t.Context(), scenario, nil, s, o)
		if !ran || got.Status != report.Passed {
			t.Errorf("%+v, ran: %v, %s", o, ran, got.Status)
		}
	}
}

// Scenarios of a checkout that run at once do not see each other's files. None is left after them.
func TestScenariosHaveTheirOwnFiles(t *testing.T) {
	s := checkout(t, "ej6", map[string]string{"server/config.ini": "", "client/config.yaml": "batch:\n  maxAmount: 70\n"})
	begun, dirs := make(chan string, 2), make([]string, 0, 2)
	both := make(chan struct{})
	run := func(tr *trial) {
		if text := tr.read("a"); text != "" || tr.site.maxAmount != 70 {
			t.Errorf("it begins with %q, maxAmount %d", text, tr.site.maxAmount)
		}
		begun <- tr.site.dir
		<-both
		tr.write("a", tr.site.dir)
		if text := tr.read("a"); text != tr.site.dir {
			t.Errorf("%q, want its own text", text)
		}
	}
	var ended sync.WaitGroup
	for range 2 {
		ended.Go(func() {
			runOne(t.Context(), Scenario{Stage: "ej6", Name: "x", run: run}, nil, s, Options{Now: time.Now})
		})
	}
	for range 2 {
		select {
		case dir := <-begun:
			dirs = append(dirs, dir)
		case <-time.After(time.Minute):
			t.Fatal("a scenario does not begin")
		}
	}
	close(both)
	ended.Wait()
	left, err := filepath.Glob(filepath.Join(s.dir, "ej6*"))
	if err != nil || filepath.Dir(dirs[0]) == filepath.Dir(dirs[1]) || len(left) != 1 {
		t.Errorf("%v, %v: %v left, want the branch alone", err, dirs, left)
	}
}

// A client that is told to wait for nothing between its batches is made to wait,
// or nobody could stop it half-way.
func TestConfigureSlowsBatches(t *testing.T) {
	for name, text := range map[string]string{
		"none":          "batch:\n  period: \"0s\"\n",
		"in other case": "Batch:\n  Period: 0\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := checkout(t, "ej8", map[string]string{"server/config.ini": "", "client/config.yaml": text})
			got := ""
			run := func(tr *trial) {
				tr.configure(usualServer, usualClient)
				got = tr.read("client/config.yaml")
			}
			runOne(t.Context(), Scenario{Stage: "ej8", Name: "x", run: run}, nil, s, Options{Now: time.Now})
			if want := "batch:\n    maxAmount: 10\n    period: 150ms\n"; !strings.HasPrefix(got, want) {
				t.Errorf("want %q in\n%s", want, got)
			}
		})
	}
}

// A checkout's own keys stay, and so does what its branch ships as maxAmount.
func TestConfigureKeepsTheKeysOfACheckout(t *testing.T) {
	s := checkout(t, "ej6", map[string]string{
		"server/config.ini":  "[default2]\nA = 1\n[DEFAULT]\nserver_port = 1\nSERVER_AGENCIES = 5\r\n[OTHER]\nSERVER_PORT = 2",
		"client/config.yaml": "# id: 1\nserver:\n  address: x\nBatch:\n  filename: agency.csv\n  maxamount: 70\nextra: [1]\n",
	})
	var dir string
	run := func(tr *trial) {
		dir = tr.site.dir
		for range 2 {
			tr.configure(serverKeys{7, "INFO", 0}, clientKeys{3, "20ms", "DEBUG", 10, ""})
		}
		if ini := tr.read("server/config.ini"); ini != "[DEFAULT]\nSERVER_PORT = 12345\nSERVER_IP = server\nSERVER_LISTEN_BACKLOG = 7\nLOGGING_LEVEL = INFO\n"+
			"SERVER_AGENCIES = 5\n[default2]\nA = 1\n[OTHER]\nSERVER_PORT = 2\n" {
			t.Errorf("config.ini:\n%s", ini)
		}
		want := "batch:\n    filename: agency.csv\n    maxAmount: 10\nextra:\n    - 1\nlog:\n    level: DEBUG\nloop:\n    amount: 3\n    period: 20ms\nserver:\n    address: server:12345\n"
		if diff := cmp.Diff(want, tr.read("client/config.yaml")); diff != "" {
			t.Errorf("config.yaml (-want +got):\n%s", diff)
		}
		if tr.site.maxAmount != 70 {
			t.Errorf("maxAmount %d, want 70", tr.site.maxAmount)
		}
	}
	if got := runOne(t.Context(), Scenario{Stage: "ej6", Name: "x", run: run}, nil, s, Options{Now: time.Now}); got.Status != report.Passed || dir == "" {
		writeProblems(t.Output(), got, words.English)
		t.Error(got.Status)
	}
}

func TestSays(t *testing.T) {
	const want = "action: test_echo_server | result: success"
	tests := []struct {
		name, output string
		alone, says  bool
	}{
		{"alone", want + "\n", true, true},
		{"among others, where it is to be alone", "Testing\n" + want + "\n", true, false},
		{"among others", "Testing\n" + want + "\n", false, true},
		{"the other one", strings.Replace(want, "success", "fail", 1), false, false},
		{"in colour, after other text", "-e \x1b[0;32m" + want + "\x1b[0m\n", false, true},
		{"the other one in colour", "\x1b[0;31m" + strings.Replace(want, "success", "fail", 1) + "\x1b[0m\n", false, false},
		{"twice", want + "\n" + want + "\n", false, true},
		{"twice, where it is to be alone", want + "\n" + want + "\n", true, false},
		{"both", want + "\n" + strings.Replace(want, "success", "fail", 1), false, false},
		{"neither", "Testing\n", false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := says(tt.output, want, tt.alone); got != tt.says {
				t.Errorf("says %v of %q", got, tt.output)
			}
		})
	}
}

func TestListens(t *testing.T) {
	const head = "  sl  local_address rem_address   st tx_queue rx_queue\n"
	tests := []struct {
		name, line string
		want       bool
	}{
		{"it does", "   0: 00000000:3039 00000000:0000 0A 00000000:00000000", true},
		{"so it does in IPv6", "   0: 00000000000000000000000000000000:3039 00000000000000000000000000000000:0000 0A 0", true},
		{"a connection", "   0: 0100007F:3039 0100007F:A3C2 01 00000000:00000000", false},
		{"another port", "   0: 00000000:3038 00000000:0000 0A 00000000:00000000", false},
		{"the other end", "   0: 0100007F:A3C2 00000000:3039 0A 00000000:00000000", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := listens([]byte(head+tt.line+"\n"), 12345); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// A checkout's networks may have any names; its script may know them.
func TestNetworkNames(t *testing.T) {
	load := func(text string) *types.Project {
		p, err := local.Load(t.Context(), []byte(text), "c.yaml", t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	const services = "services:\n  server: {image: s, networks: [red]}\nnetworks:\n"
	script := filepath.Join(t.TempDir(), "tp0") // as openBranch names it
	if err := errors.Join(os.Mkdir(script, 0o755), os.WriteFile(filepath.Join(script, "validar-echo-server.sh"), []byte("docker run --network tp0_red"), 0o644)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, stage, dir, file, want string
	}{
		{"the lab's own, without a word that a script of ej3 may look for", "ej4", script, "name: tp0\n" + services + "  red: {}\n", "lab_1"},
		{"the lab's own, in spite of a name", "ej4", script, services + "  red: {name: mi_red_de_prueba}\n", "lab_1"},
		{"no script", "ej3", t.TempDir(), services + "  red: {}\n", "lab_red"},
		{"what a script looks for", "ej3", script, "name: tp0\n" + services + "  red: {}\n", "tp0_red"},
		{"without a project name", "ej3", script, services + "  red: {}\n", "tp0_red"},
		{"with another project's name", "ej3", script, "name: mi_tp0\n" + services + "  red: {}\n", "mi_tp0_red"},
		{"with a name of its own", "ej3", script, services + "  red: {name: mi_red_de_prueba}\n", "mi_red_de_prueba"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := &site{stage: tt.stage, dir: tt.dir}
			if err := at.locate(); err != nil {
				t.Fatal(err)
			}
			defer at.root.Close()
			if got := networkNames(at, load(tt.file), "lab", knowsProject(at)); got["red"] != tt.want {
				t.Errorf("got %q; want %q", got["red"], tt.want)
			}
		})
	}
}

// A lab with volumes stays composer's own project, whatever its script knows: the project's volumes may be somebody's.
func TestProjectName(t *testing.T) {
	for file, want := range map[string]string{
		"name: mi_tp0\nservices: {server: {image: s}}\n":                                       "mi_tp0",
		"services: {server: {image: s}}\n":                                                     "tp0",
		"name: tp0\nservices: {server: {image: s, volumes: [bets:/v]}}\nvolumes: {bets: {}}\n": "lab",
		"name: tp0\nservices: {server: {image: s, volumes: ['./server:/v']}}\nnetworks: {}\n":  "tp0",
	} {
		p, err := local.Load(t.Context(), []byte(file), "c.yaml", t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := projectName(&site{dir: filepath.Join("parent", "tp0")}, p, "lab"); got != want {
			t.Errorf("%q: got %q, want %q", file, got, want)
		}
	}
}

// From ej5 on, what fails of a checkout's own actions is its own affair.
func TestNothingFailedOfACheckout(t *testing.T) {
	tests := []struct {
		name, stage, line string
		ours, fails       bool
		code              int // of the server's end
	}{
		{"an action of its own", "ej7", "action: winners_request | result: fail", false, false, 0},
		{"a client that asks too early", "ej7", "action: consulta_ganadores | result: fail", false, false, 0},
		{"a batch", "ej7", "action: apuesta_recibida | result: fail | cantidad: 3", false, true, 0},
		{"the echo stages", "ej4", "action: winners_request | result: fail", false, true, 0},
		{"this project", "ej7", "action: winners_request | result: fail", true, true, 0},
		{"a server that crashes", "ej6", "", false, true, 2},
		{"a server that ends", "ej6", "", false, false, 0},
		{"a server after the draw", "ej7", "", false, false, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := &trial{ctx: t.Context(), site: &site{stage: tt.stage, ours: tt.ours}, journal: newJournal(), lab: endedLab{code: tt.code}}
			tr.journal.add(report.Line{Container: "server", Text: "2026-01-01 00:00:00 INFO     " + tt.line})
			tr.nothingFailed()
			if got := len(tr.problems) > 0; got != tt.fails {
				t.Errorf("fails: %v", got)
			}
		})
	}
}

// endedLab is a lab whose services have ended with a code.
type endedLab struct {
	lab
	code int
}

func (l endedLab) exitCode(context.Context, string) (int, error) { return l.code, nil }

// The agencies' files get to where a Compose file looks for them, or their lack
// is told before Docker makes directories of them.
func TestSupply(t *testing.T) {
	tests := []struct{ name, stage, source, file, want string }{
		{"where they are", "ej6", "./.data/agency-1.csv", ".data/agency-1.csv", ""},
		{"in another folder", "ej6", "./.data/dataset/agency-1.csv", ".data/dataset/agency-1.csv", ""},
		{"a whole folder", "ej6", "./client/.data", "client/.data/agency-1.csv", ""},
		{"an agency that there is not", "ej6", "./.data/agency-2.csv", "", "client1 has .data/agency-2.csv mounted, which is not there: the file of the agency N is .data/agency-N.csv"},
		{"another name", "ej6", "./.data/bets1.csv", "", "client1 has .data/bets1.csv mounted, which is not there: the file of the agency N is .data/agency-N.csv"},
		{"a folder of something else", "ej6", "./logs", "", ""},
		{"outside", "ej6", "../.data", "", ""},
		{"before there are agencies", "ej5", "./.data/agency-2.csv", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "site")
			if err := os.MkdirAll(filepath.Join(dir, ".data"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, ".data/agency-1.csv"), []byte("a"), 0o644); err != nil {
				t.Fatal(err)
			}
			text := "services:\n  client1:\n    image: c\n    volumes: ['" + tt.source + ":/there']\n"
			p, err := local.Load(t.Context(), []byte(text), "c.yaml", dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			s := &site{stage: tt.stage, dir: dir}
			if err := s.locate(); err != nil {
				t.Fatal(err)
			}
			defer s.root.Close()
			if err := supply(s, p); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if tt.file != "" {
				if text, err := os.ReadFile(filepath.Join(dir, tt.file)); err != nil || string(text) != "a" {
					t.Errorf("%s holds %q, %v", tt.file, text, err)
				}
			}
			if _, err := os.Stat(filepath.Join(dir, "../.data")); err == nil {
				t.Error("something was written outside of the site")
			}
		})
	}
}

// What is shown for a line that one container lacks is what that container said
// instead, and not what another said later.
func TestAboutPrefersTheContainer(t *testing.T) {
	tr := &trial{journal: newJournal()}
	for _, text := range []string{"client1 0", "client2 1"} {
		name, n, _ := strings.Cut(text, " ")
		for range 6 {
			tr.journal.add(report.Line{Container: "server", Text: "action: send_winners | result: success"})
		}
		tr.journal.add(report.Line{Container: name, Text: "2026-01-01 00:00:00 INFO     action: consulta_ganadores | result: success | cant_ganadores " + n})
	}
	shown := tr.about(line("client1", "consulta_ganadores", "cant_ganadores", "0"))
	for _, l := range shown {
		if l.Container == "client1" {
			return
		}
	}
	t.Errorf("client1 is not in %v", shown)
}

// What a checkout's links lead to outside of it is neither read nor written.
func TestLinksStayInTheCheckout(t *testing.T) {
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := checkout(t, "ej1", map[string]string{"server/Dockerfile": "FROM scratch\n"})
	site, err := s.open(t.Context(), "ej1")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, filepath.Join(site.dir, "server/config.ini")); err != nil {
		t.Fatal(err)
	}
	if err := site.write("server/config.ini", []byte("ours")); err == nil {
		t.Error("it is written through a link that leads out")
	}
	if text, _ := os.ReadFile(victim); string(text) != "precious" {
		t.Errorf("the file outside holds %q", text)
	}
}

// A script that does not end is ended, with all that it has started.
func TestScriptThatHangs(t *testing.T) {
	s := checkout(t, "ej1", map[string]string{"server/Dockerfile": "FROM scratch\n", "generar-compose.sh": "sleep 300 & sleep 300\n"})
	site, err := s.open(t.Context(), "ej1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if err := site.generate(ctx, 1); err == nil || time.Since(begin) > 20*time.Second {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
}

// A script may edit the Compose file that its branch has, anew for each scenario.
func TestScriptEditsTheShippedFile(t *testing.T) {
	s := checkout(t, "ej1", map[string]string{
		"server/Dockerfile": "FROM scratch\n", composeFile: "shipped\n",
		"generar-compose.sh": "set -e; grep -qx shipped $1; echo $2 >>$1\n",
	})
	site, err := s.open(t.Context(), "ej1")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"shipped\n2\n", "shipped\n3\n"} {
		if err := site.generate(t.Context(), int(want[8]-'0')); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(site.dir, composeFile)); string(got) != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

// A script that needs a program which this machine lacks proves nothing.
func TestScriptWithoutItsProgramIsTrouble(t *testing.T) {
	for name, script := range map[string]string{"no file": "no-such-program $1\nexit 0\n", "an empty one": "no-such-program >$1\ntrue\n"} {
		t.Run(name, func(t *testing.T) {
			s := checkout(t, "ej1", map[string]string{"server/Dockerfile": "FROM scratch\n", "generar-compose.sh": script})
			site, err := s.open(t.Context(), "ej1")
			if err != nil {
				t.Fatal(err)
			}
			if err := site.generate(t.Context(), 1); !isTrouble(err) || !strings.Contains(err.Error(), "no-such-program") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A branch that is not there is no verdict, and neither is a run that checks nothing.
func TestNothingIsNoSuccess(t *testing.T) {
	s := checkout(t, "ej1", map[string]string{"server/Dockerfile": "FROM scratch\n"})
	scenario := Scenario{Stage: "ej6", Name: "x", run: func(*trial) {}}
	if got := runOne(t.Context(), scenario, nil, s, Options{Now: time.Now, Stages: []string{"ej6"}}); got.Status != report.Skipped {
		t.Errorf("%s: %s", got.Status, got.Reason)
	}
	got, err := Run(t.Context(), Options{Names: []string{"check-good-server"}, Now: time.Now})
	if err != nil || got.Verdict() != report.Unjudged {
		t.Errorf("%s, %v", got.Verdict(), err)
	}
}

// Of what a script prints, the reason is the line that names what the machine lacks.
func TestTroubleLine(t *testing.T) {
	const lack = `Error Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host`
	for output, want := range map[string]string{
		"DEPRECATED: old builder\n  " + lack + "\nexit 1\n": lack,
		"bash: nc: command not found\n":                     "bash: nc: command not found\n",
	} {
		if got := troubleLine(output); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
