//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/templates"
)

// A real API server takes what is rendered, and a real node runs it. The node has no DNS, so clients know the server by
// hostAliases.
func TestKubernetes(t *testing.T) {
	c := newCluster(t, "kube-env.sh", "KUBE_ENV")
	began := time.Now()
	c.run("", c.script, "build")
	t.Logf("built, or found in the cache, after %v", time.Since(began))
	began = time.Now()
	c.up("node")
	t.Run("dry run", func(t *testing.T) { c.in(t).dryRun() })
	t.Run("lottery", func(t *testing.T) { c.in(t).kubernetesLottery() })
	t.Logf("all of it took %v", time.Since(began))
}

// in returns c for a part of the test.
func (c *cluster) in(t *testing.T) *cluster {
	t.Helper()
	own := *c
	own.t = t
	return &own
}

func (c *cluster) dryRun() {
	b, err := bundle.Open(templates.FS)
	if err != nil {
		c.t.Fatal(err)
	}
	dry := []string{"kubectl", "apply", "--dry-run=server", "--validate=strict", "-f", "-"}
	for _, stage := range b.Stages {
		for _, n := range []int{1, 5, 1000} {
			for _, more := range []string{"cluster.config=true", "cluster.bets=", "cluster.agencies_claim=agencies", "cluster.agencies=http://files:8080/agency-{id}.csv"} {
				if more != "cluster.bets=" && n != 5 {
					continue
				}
				if _, err := c.try(c.render("kubernetes", stage.Name, n, "--set", more), dry...); err != nil {
					c.t.Errorf("%s -n %d --set %s: %v", stage.Name, n, more, err)
				}
			}
		}
	}
}

func (c *cluster) kubernetesLottery() {
	const agencies, bets = 5, 300
	c.lottery(agencies, bets, 3)
	c.run("", c.script, "load", serverImage, clientImage)
	flags := paced(150 * time.Millisecond)
	document := c.render("kubernetes", "ej8", agencies, flags...)
	c.run(document, "kubectl", "apply", "-l", "app.kubernetes.io/name=server", "-f", "-")
	c.run("", "kubectl", "rollout", "status", "statefulset/server", "--timeout=60s")
	address := c.run("", "kubectl", "get", "pod", "server-0", "-o", "jsonpath={.status.podIP}")
	document = c.render("kubernetes", "ej8", agencies, append(flags, "--set", "cluster.server_address="+address)...)
	c.run(document, "kubectl", "apply", "-f", "-")

	c.until("a fifth of the bets", time.Minute, func() bool { return len(c.stored()) > agencies*bets/5 })
	third := "batch.kubernetes.io/job-completion-index=2"
	before := c.run("", "kubectl", "get", "pods", "-l", third, "-o", "name")
	c.run("", "kubectl", "delete", "pod", "-l", third, "--grace-period=1")
	if n := len(c.stored()); n == agencies*bets {
		c.t.Error("the pod was deleted when all was stored")
	}
	if out, err := c.try("", "kubectl", "wait", "--for=condition=complete", "job/client", "--timeout=120s"); err != nil {
		c.t.Fatalf("%v\n%s\n%s", err, out, c.run("", "kubectl", "get", "pods", "-o", "wide"))
	}
	after := c.run("", "kubectl", "get", "pods", "-l", third, "-o", "name")
	if after == before || strings.Count(after, "pod/") != 1 {
		c.t.Errorf("the pods of the third client are %q, and before it was deleted %q", after, before)
	}
	c.checkBets(agencies)
	for index := range agencies {
		logs := c.run("", "kubectl", "logs", "-l", fmt.Sprintf("batch.kubernetes.io/job-completion-index=%d", index), "--tail=-1")
		if !strings.Contains(logs, "action: consulta_ganadores | result: success | cant_ganadores: 3") {
			c.t.Errorf("client %d does not know its winners:\n%s", index+1, logs)
		}
	}
	if logs := c.run("", "kubectl", "logs", "server-0", "--tail=-1"); strings.Count(logs, "action: sorteo | result: success") != 1 {
		c.t.Errorf("there was not one draw:\n%s", logs)
	}
	c.run("", "kubectl", "delete", "job/client", "statefulset/server", "service/server", "--timeout=60s")
	c.run("", "kubectl", "wait", "--for=delete", "pod", "--all", "--timeout=60s") // the node takes their networks away
	if found, _ := filepath.Glob(filepath.Join(c.dir, "bets", "bets.csv.journal*")); len(found) > 0 {
		c.t.Logf("left beside bets.csv: %v", found)
	}
}
