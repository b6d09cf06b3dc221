package release

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const root = "../../.."

// releaseFlags returns the flags with which .goreleaser.yaml builds the program. Its -X flags, which name a version, are left out.
func releaseFlags(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Builds []struct{ Flags, Ldflags []string }
	}
	if err := yaml.Unmarshal(content, &config); err != nil {
		t.Fatal(err)
	}
	one := config.Builds[0]
	return append(one.Flags, "-ldflags="+one.Ldflags[0])
}

// build builds the program from the sources in dir as a release does.
func build(t *testing.T, dir, to string) {
	t.Helper()
	c := exec.Command("go", append(append([]string{"build"}, releaseFlags(t)...), "-o", to, "./composer")...)
	c.Dir, c.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// The image of composer is built with the flags of a release.
func TestImageHasTheReleasesFlags(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(root, "composer/Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	flags := releaseFlags(t)
	for _, flag := range []string{flags[0], flags[len(flags)-2], "-s -w", "-funcalign=8"} {
		if !strings.Contains(string(content), flag+" ") {
			t.Errorf("composer/Dockerfile builds without %s", flag)
		}
	}
}

// Two builds of the same sources, in directories of other names, are the same bytes.
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("it links the program twice")
	}
	var sums [2][sha256.Size]byte
	for i := range sums {
		dir := filepath.Join(t.TempDir(), strings.Repeat("x", i+1))
		for _, name := range []string{"composer", "internal", "services", "templates", "go.mod", "go.sum"} {
			from, to := filepath.Join(root, name), filepath.Join(dir, name)
			info, err := os.Stat(from)
			if err == nil && info.IsDir() {
				err = os.CopyFS(to, os.DirFS(from))
			} else if err == nil {
				var text []byte
				text, err = os.ReadFile(from)
				err = errors.Join(err, os.WriteFile(to, text, 0o644))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		program := filepath.Join(t.TempDir(), "composer")
		build(t, dir, program)
		text, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = sha256.Sum256(text)
		const most = 20_000_000 // on linux/amd64; see `make footprint`
		if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" && len(text) > most {
			t.Errorf("the program has %d bytes, at most %d are wanted", len(text), most)
		}
	}
	if sums[0] != sums[1] {
		t.Error("two builds of the same sources differ")
	}
}

// The program alone, in an empty directory and without any other program, does all that needs no sources, and says in one
// sentence what does.
func TestAloneInAnEmptyDirectory(t *testing.T) {
	if testing.Short() {
		t.Skip("it links the program")
	}
	program := filepath.Join(t.TempDir(), "compose-lab")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	build(t, root, program)
	dir := t.TempDir()
	for _, tt := range []struct {
		line string
		code int
		want string // in stdout after 0, else the whole of stderr
	}{
		{"version", 0, "compose-lab "},
		{"init mine", 0, ""},
		{"render --bundle mine -o mine.yaml", 0, ""},
		{"render --stage ej8 -n 3 -o compose.yaml", 0, ""},
		{"lint compose.yaml mine.yaml", 0, ""},
		{"graph -f compose.yaml --format svg", 0, "<svg"},
		{"diff ej5 ej6", 0, "CLI_MODE"},
		{"values --stage ej6", 0, "client"},
		{"config show --service server", 0, "SERVER_PORT"},
		{"run --stage ej8 -n 2 --set client.linger=0s", 0, "consulta_ganadores"},
		{"verify --stage ej5 --scenario single-bet-1", 0, "1 passed, 0 failed"},
		{"data extract", 0, ""},
		{"data check", 0, "agency-5.csv: 1000 bets"},
		{"config init -o services/server/config.ini", 0, ""},
		{"data generate -n 2 --bets 10", 0, ""},
		{"data extract -o two", 0, ""},
		{"verify --engine docker --stage ej1", 3, "there is no project here to build them from"},
		{"deliver", 1, "git"},
	} {
		c := exec.Command(program, strings.Fields(tt.line)...)
		c.Dir, c.Env = dir, []string{"HOME=" + dir, "TMPDIR=" + t.TempDir(), "PATH="}
		var stdout, stderr bytes.Buffer
		c.Stdout, c.Stderr = &stdout, &stderr
		err := c.Run()
		code := -1
		if c.ProcessState != nil {
			code = c.ProcessState.ExitCode()
		}
		said := stdout.String()
		if tt.code != 0 {
			said = stderr.String()
			if strings.Count(said, "\n") != 1 {
				t.Errorf("%s: stderr is not one sentence:\n%s", tt.line, said)
			}
		}
		if code != tt.code || !strings.Contains(said, tt.want) {
			t.Errorf("%s: %v, code %d, want %d and %q\n%s%s", tt.line, err, code, tt.code, tt.want, &stdout, &stderr)
		}
	}
}
