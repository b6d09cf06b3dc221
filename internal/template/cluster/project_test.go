package cluster

import (
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/compose/graph"
)

// A drawing of manifests has each kind once, with its count, and what it mounts.
func TestProject(t *testing.T) {
	text := strings.Replace(goodManifests, "hostPath: {path: /srv}", "persistentVolumeClaim: {claimName: bets}", 1)
	project, err := Project([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var drawn strings.Builder
	if err := graph.New(project, "x", false).WriteMermaid(&drawn); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2 services, 1 network, 1 volume", "<b>client ×5</b><br>client:1<br>bets → /data", "<b>server</b><br>server:1"} {
		if !strings.Contains(drawn.String(), want) {
			t.Errorf("want %q in\n%s", want, &drawn)
		}
	}
	if _, err := Project([]byte("a: [")); err == nil || !strings.HasPrefix(err.Error(), "1:5: ") {
		t.Errorf("got %v", err)
	}
}
