package local_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/lab/local"
)

// A mount may lead nowhere but into the project's directory, by no link and no path of a file that is still to be made.
func TestMountsInsideOfTheProject(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need rights there")
	}
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir, other := filepath.Join(top, "project"), filepath.Join(top, "project-other")
	for _, d := range []string{filepath.Join(dir, "sub", "deep"), filepath.Join(dir, "clean"), filepath.Join(dir, "transit"), filepath.Join(dir, "away"), other} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{filepath.Join(dir, "file"), filepath.Join(other, "file")} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{
		"clean/in": "../file", "clean/self": ".", "clean/circle": "circle", "transit/in": "../sub", "sub/deep/out": "../../../project-other/file", "link": other, "away/none": filepath.Join(other, "new"),
		"chain": "link", "alias": dir,
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for source, leads := range map[string]string{
		"./file": "", "./clean": "", "./transit": filepath.Join(other, "file"), "./alias/file": "", "..": top, "../project-other": other, "/etc": "/etc", "./link": other, "./chain/file": filepath.Join(other, "file"),
		"./sub": filepath.Join(other, "file"), "./away": filepath.Join(other, "new"), "./away/none": filepath.Join(other, "new"),
		"./sub/../../new/file": filepath.Join(top, "new", "file"),
	} {
		for name, text := range map[string]string{
			"mount":  "services: {x: {image: server, volumes: ['" + source + ":/x']}}\n",
			"secret": "services: {x: {image: server, secrets: [s]}}\nsecrets: {s: {file: " + source + "}}\n",
		} {
			project, err := local.Load(t.Context(), []byte(text), "compose.yaml", dir, nil)
			if err != nil {
				t.Fatalf("%s: %v", source, err)
			}
			lab, err := local.New(project, local.Options{Now: time.Now, Inside: dir})
			if err == nil {
				_ = lab.Close()
			}
			outside := new(local.OutsideError)
			if errors.As(err, &outside) != (leads != "") || outside.Leads != leads {
				t.Errorf("%s %s: got %v, want %q", name, source, err, leads)
			}
		}
	}
}
