//go:build e2e

package verify

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A configuration file that is in an image costs no second build, and stages with the same sources share images.
func TestImagesAreBuiltOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		dockerfile string
		builds     int
	}{
		"a copy":             {"FROM busybox\nCOPY server/config.ini /etc/config.ini\nCMD cat /etc/config.ini\n", 1},
		"a copy of it all":   {"FROM busybox AS all\nCOPY . /all\nFROM busybox\nCOPY --from=all --chown=5:5 /all/server /srv\nUSER 5\nCMD cat /srv/config.ini\n", 1},
		"what is made of it": {"FROM busybox\nCOPY . .\nRUN (echo; cat server/config.ini) >/made && rm -r server\nCMD cat /made\n", 4},
	} {
		t.Run(name, func(t *testing.T) {
			builds := 0
			e, err := newDockerEngine(t.Context(), Options{Now: time.Now, Building: func(string) { builds++ }})
			if err != nil {
				t.Fatal(err)
			}
			defer e.close(context.WithoutCancel(t.Context()))
			s := checkout(t, "ej1", map[string]string{"server/Dockerfile": tt.dockerfile, "server/config.ini": "PORT = 0"})
			at, err := s.open(t.Context(), "ej1")
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{"PORT = 1", "PORT = 2", "PORT = 3", "PORT = 2"} {
				if err := at.write(at.serverConfig, []byte(text)); err != nil {
					t.Fatal(err)
				}
				image, err := e.image(t.Context(), at, "server", at.serverConfig)
				if err != nil {
					t.Fatal(err)
				}
				out, err := docker(t.Context(), stepLimit, "run", "--rm", image).output(maxOutput)
				if err != nil || strings.TrimSpace(string(out)) != text {
					t.Errorf("%q, %v; want %q", out, err, text)
				}
			}
			if builds != tt.builds {
				t.Errorf("%d builds, want %d", builds, tt.builds)
			}
		})
	}
}

// The program of Docker's plugin is Compose, and reaches the engine by itself.
func TestComposeItself(t *testing.T) {
	line, err := findCompose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if line[0] == "docker" {
		t.Skip("docker is a script here, or does not tell where the plugin is")
	}
	if err := command(t.Context(), stepLimit, line[0], "ls", "--all").finish(); err != nil {
		t.Error(err)
	}
}
