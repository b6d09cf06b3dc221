package local_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/local"
	"github.com/tp0-lab/composer/internal/lab/service"
	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
	"github.com/tp0-lab/composer/templates"
)

// stubborn stands for the server: it does not end on a signal.
const stubbornVariable = "LOCAL_TEST_STUBBORN"

// labVariable has the test binary be a program with a lab, in this directory.
const labVariable = "LOCAL_TEST_LAB"

func TestMain(m *testing.M) {
	os.Setenv("GORACE", "atexit_sleep_ms=0") // the janitors'
	switch {
	case len(os.Args) > 1 && os.Args[1] == local.Argument:
		if os.Getenv(stubbornVariable) != "" {
			os.Exit(local.ServeAs(os.Args[2:], stubborn, stubborn))
		}
		os.Exit(local.Serve(os.Args[2:]))
	case os.Getenv(labVariable) != "":
		fmt.Println(labUntilKilled(os.Getenv(labVariable)))
		os.Exit(1)
	default:
		os.Exit(m.Run())
	}
}

func stubborn(_ context.Context, m service.Machine) error {
	fmt.Fprintln(m.Stdout, "begun")
	time.Sleep(time.Minute)
	return nil
}

func options(network local.Network, output *bytes.Buffer, notes *[]string) local.RunOptions {
	return local.RunOptions{
		Output: output,
		Options: local.Options{
			Network:       network,
			InventMissing: true,
			Now:           time.Now,
			Note:          func(s string) { *notes = append(*notes, s) },
		},
	}
}

// run runs a Compose file in a directory of its own, with files, in the usual network.
func run(t *testing.T, text string, files map[string]string) (sum local.Summary, output string, notes []string, err error) {
	t.Helper()
	return runIn(t, local.DefaultNetwork(), text, files)
}

func runIn(t *testing.T, network local.Network, text string, files map[string]string) (sum local.Summary, output string, notes []string, err error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	project, err := local.Load(t.Context(), []byte(text), "compose.yaml", dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	sum, err = local.Run(t.Context(), project, options(network, &out, &notes))
	return sum, out.String(), notes, err
}

func stage(t *testing.T, name string, n int) string {
	t.Helper()
	b, err := bundle.Open(templates.FS)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := render.New(b)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := engine.Render(name, n)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(
		"CLI_LINGER: \"2s\"", "CLI_LINGER: \"0s\"",
		// The race detector has a program sleep a second before it exits.
		"    environment:\n", "    environment:\n      GORACE: atexit_sleep_ms=0\n",
	).Replace(string(doc.Bytes))
}

func TestStages(t *testing.T) {
	const quick = "server:\n  address: server:12345\nloop:\n  amount: 2\n  period: 1ms\nbatch:\n  maxAmount: 100\n"
	for _, tt := range []struct {
		stage                   string
		network                 local.Network
		n                       int
		messages, bets, winners int
		table                   string
	}{
		{"ej2", local.DefaultNetwork(), 2, 4, 0, 0, "client  messages"},
		{"ej4", local.Ports, 1, 2, 0, 0, "client  messages"},
		{"ej5", local.DefaultNetwork(), 2, 0, 2, 0, "agency  bets"},
		{"ej6", local.DefaultNetwork(), 2, 0, 2000, 0, "agency  bets"},
		{"ej7", local.DefaultNetwork(), 3, 0, 3000, 4, "agency  bets"},
		{"ej8", local.Ports, 3, 0, 3000, 4, "agency  bets"},
		{"ej8", local.DefaultNetwork(), 1, 0, 1000, 3, "agency  bets"},
	} {
		t.Run(tt.stage+" by "+string(tt.network), func(t *testing.T) {
			t.Parallel()
			sum, output, notes, err := runIn(t, tt.network, stage(t, tt.stage, tt.n), map[string]string{"services/client/config.yaml": quick})
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			messages := 0
			for _, s := range sum.Services {
				if s.Kind == local.Client {
					messages += s.Messages
				}
			}
			if !sum.OK || messages != tt.messages || sum.Bets != tt.bets || sum.Winners != tt.winners || len(sum.Services) != tt.n+1 {
				t.Errorf("got %+v\n%s", sum, output)
			}
			var table bytes.Buffer
			if err := sum.WriteTable(&table); err != nil || !strings.Contains(table.String(), tt.table) {
				t.Errorf("%v\n%s", err, table.String())
			}
			if made := strings.Contains(strings.Join(notes, "\n"), "1000 invented bets"); made != (tt.bets > tt.n) {
				t.Errorf("notes %q", notes)
			}
			// What is logged because of something else comes behind it.
			if drawn, told := strings.Index(output, "action: sorteo"), strings.Index(output, "action: consulta_ganadores"); told >= 0 && told < drawn {
				t.Errorf("winners before the draw:\n%s", output)
			}
			if !strings.HasPrefix(output, "server ") && !strings.HasPrefix(output, "client") || !strings.Contains(output, "client1 exited with code 0\n") {
				t.Errorf("output:\n%s", output)
			}
		})
	}
}

// A file that is mounted into a mounted directory is seen in its place, and a message about it names the user's file.
func TestMountInAMount(t *testing.T) {
	const text = "services:\n  client:\n    image: client\n    environment: {CLI_ID: 1}\n    volumes: [./data:/data, ./other.yaml:/data/../config.yaml]\n"
	_, output, _, err := run(t, text, map[string]string{"data/x": "", "other.yaml": "loop: {amount: many}\n"})
	if err == nil || !strings.Contains(output, string(filepath.Separator)+"other.yaml:1") {
		t.Errorf("%v\n%s", err, output)
	}
}

// A run makes up files only where none of their kind is there, and its summary says so.
func TestFilesMadeUp(t *testing.T) {
	text := stage(t, "ej6", 2)
	if _, _, _, err := run(t, text, map[string]string{".data/agency-1.csv": "Ana,Paz,1,1990-01-01,1\r\n"}); err == nil || !strings.Contains(err.Error(), "agency-2.csv") {
		t.Errorf("with one of two agency files: %v", err)
	}
	sum, output, notes, err := run(t, text, map[string]string{"services/client/config.yaml": "lop: {amount: 1}\nbatch: {period: 0s}\n"})
	all := strings.Join(sum.Notes, "\n")
	if err != nil || !strings.Contains(all, "invented bets for each") || !strings.Contains(all, "config.ini is missing") || strings.Contains(all, "config.yaml is missing") {
		t.Errorf("%v, %q\n%s", err, sum.Notes, output)
	}
	if at := strings.Join(notes, "\n"); !strings.Contains(at, "invented bets") {
		t.Errorf("notes at the start: %q", notes)
	}
	if strings.Count(all, "config.yaml:1:7: unknown key lop.amount") != 1 {
		t.Errorf("unknown keys: %q", sum.Notes)
	}
}

// A port on which no service listens is refused with the ports on which the service does listen.
func TestRefusedPortIsExplained(t *testing.T) {
	for _, network := range []local.Network{local.DefaultNetwork(), local.Ports} {
		text := strings.Replace(stage(t, "ej5", 1), "CLI_LINGER: \"0s\"", "CLI_RETRY_LIMIT: 1ms\n      CLI_SERVER_ADDRESS: server:9", 1)
		_, output, _, err := runIn(t, network, text, nil)
		if err == nil || !strings.Contains(output, "connection refused; server listens on port 12345") {
			t.Errorf("%s: %v\n%s", network, err, output)
		}
	}
}

// Somebody listens on the server's port on all addresses.
func TestPortThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	text := strings.Replace(stage(t, "ej5", 1), "SERVER_MODE: \"lottery\"", "SERVER_MODE: lottery\n      SERVER_PORT: \""+port+"\"", 1)
	text = strings.Replace(text, "CLI_LINGER: \"0s\"", "CLI_SERVER_ADDRESS: server:"+port, 1)
	if sum, output, _, err := run(t, text, nil); err != nil || sum.Bets != 1 {
		t.Errorf("%v, %+v\n%s", err, sum, output)
	}
}

func TestFailuresAreTold(t *testing.T) {
	text := stage(t, "ej5", 2)
	for _, tt := range []struct{ name, text, want string }{
		{"a client", strings.Replace(text, "DOCUMENTO: \"30904461\"", "DOCUMENTO: \"\"", 1), "client1 exited with code 1"},
		{"the server", strings.Replace(text, "SERVER_MODE: \"lottery\"", "SERVER_MODE: \"lotto\"", 1), "server exited with code 1 while clients were running"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			sum, output, _, err := run(t, tt.text, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) || sum.OK {
				t.Errorf("got %v, %+v\n%s", err, sum, output)
			}
		})
	}
}

// events are what a lab has logged.
type events struct {
	mu   sync.Mutex // guards seen
	seen []local.Event
}

func (e *events) log(event local.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = append(e.seen, event)
}

func (e *events) wait(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		e.mu.Lock()
		found := slices.ContainsFunc(e.seen, func(event local.Event) bool { return strings.Contains(event.Text, text) })
		e.mu.Unlock()
		if found {
			return
		}
	}
	t.Fatalf("no %q in %v", text, e.seen)
}

func TestStopKillsWhatStays(t *testing.T) {
	const text = "services:\n  server: {image: server, stop_grace_period: 100ms, environment: {" + stubbornVariable + ": 1}}\n"
	project, err := local.Load(t.Context(), []byte(text), "compose.yaml", t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var seen events
	lab, err := local.New(project, local.Options{Now: time.Now, Log: seen.log})
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	if err := lab.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen.wait(t, "begun")
	if err := errors.Join(lab.Pause("server"), lab.Unpause("server")); err != nil {
		t.Error(err)
	}
	lab.Stop(t.Context(), "server")
	if code, err := lab.Wait(t.Context(), "server"); err != nil || code != 128+int(syscall.SIGKILL) {
		t.Errorf("code %d, %v", code, err)
	}
	if err := lab.Up(t.Context(), "nobody"); err == nil || err.Error() != "no such service: nobody" {
		t.Errorf("got %v", err)
	}
}

// labUntilKilled starts a lab of three clients that have much to do.
func labUntilKilled(dir string) error {
	project, err := local.Load(context.Background(), []byte(os.Getenv("TEXT")), "compose.yaml", dir, nil)
	if err != nil {
		return err
	}
	lab, err := local.New(project, local.Options{Now: time.Now, InventMissing: true, Log: func(e local.Event) {
		if strings.Contains(e.Text, "receive_message") {
			fmt.Println("works")
		}
	}})
	if err == nil {
		err = lab.Up(context.Background())
	}
	if err != nil {
		return err
	}
	fmt.Println("directory", filepath.Dir(filepath.Dir(lab.Path("server", "/"))))
	select {}
}

func TestNothingOutlivesAKill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := exec.Command(self)
	program.Env = append(os.Environ(), labVariable+"="+t.TempDir(), "TEXT="+stage(t, "ej1", 3))
	out, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	buffer := make([]byte, 4096)
	said := ""
	for !strings.Contains(said, "works") || !strings.Contains(said, "directory") {
		n, err := out.Read(buffer)
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		said += string(buffer[:n])
	}
	_, rest, _ := strings.Cut(said, "directory ")
	dir, _, _ = strings.Cut(rest, "\n")
	if len(processesOf(t, dir)) < 4 {
		t.Fatalf("processes %v of %q", processesOf(t, dir), dir)
	}
	if err := program.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = program.Wait()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, err := os.Stat(dir)
		if os.IsNotExist(err) && len(processesOf(t, dir)) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %s (%v), processes %v", dir, err, processesOf(t, dir))
		}
	}
}

// processesOf returns the processes whose command line names dir.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte(dir)) {
			found = append(found, file)
		}
	}
	return found
}

// One service waits for another that has to have done well.
func TestDependencyThatHasToBeDone(t *testing.T) {
	text := strings.Replace(stage(t, "ej5", 2), "    depends_on:\n      - server\n\n  client2:", "    depends_on: [server]\n\n  client2:", 1)
	i := strings.LastIndex(text, "    depends_on:\n      - server\n")
	text = text[:i] + "    depends_on: {server: {condition: service_started}, client1: {condition: service_completed_successfully}, seed: {condition: service_completed_successfully, required: false}}\n" +
		text[i+len("    depends_on:\n      - server\n"):]
	text = strings.Replace(text, "services:\n", "services:\n  seed: {image: client, profiles: [never]}\n", 1)
	sum, output, _, err := run(t, text, nil)
	if err != nil || sum.Bets != 2 {
		t.Fatalf("%v, %+v\n%s", err, sum, output)
	}
	if strings.Index(output, "client1 exited") > strings.Index(output, "client2  |") {
		t.Errorf("client2 began before client1 had ended:\n%s", output)
	}
}

// A service sees its own environment and no other.
func TestEnvironmentIsTheFilesOwn(t *testing.T) {
	t.Setenv("CLI_ID", "99")
	sum, output, _, err := run(t, "services:\n  client: {image: client}\n", nil)
	if err == nil || sum.OK || !strings.Contains(output, "CLI_ID is not set") {
		t.Errorf("%v, %+v\n%s", err, sum, output)
	}
}

func TestCloseTwice(t *testing.T) {
	project, err := local.Load(t.Context(), []byte("services: {server: {image: server}}"), "compose.yaml", t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	lab, err := local.New(project, local.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := lab.Close(); err != nil {
		t.Error(err)
	}
	if err := lab.Close(); err != nil {
		t.Error(err)
	}
	if err := lab.Up(t.Context()); err == nil {
		t.Error("a closed lab starts services")
	}
}
