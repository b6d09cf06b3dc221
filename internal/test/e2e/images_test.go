//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os/exec"
	"testing"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/render"
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
