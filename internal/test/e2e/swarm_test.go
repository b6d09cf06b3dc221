//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Six agencies on three nodes, of which one loses its engine, so that its clients go on beside their replacements, and
// another, the server's, all its processes. A fourth node only manages, and serves the agencies' files by HTTP. All prove who
// they are by a secret of the Swarm. In the end the engine takes a thousand clients at once.
func TestSwarm(t *testing.T) {
	c := newCluster(t, "swarm-env.sh", "SWARM_ENV")
	c.explain, c.stack = c.swarmState, "lab"
	const agencies, bets, many = 6, 900, 1000
	c.lottery(many, bets, 2)
	began := time.Now()
	c.up("4")
	c.run("", c.script, "load", serverImage, clientImage)
	t.Logf("four nodes with images after %v", time.Since(began))
	for node := 2; node <= 4; node++ {
		c.run("", "docker", "node", "demote", c.node(node))
	}
	c.run("", "docker", "node", "update", "--availability", "drain", c.node(1))

	byURL := append(c.swarmSecrets(agencies), "--set", "cluster.agencies="+c.serveOn(1))
	c.deploy(agencies, append(paced(500*time.Millisecond), byURL...)...)
	c.until("a tenth of the bets", 2*time.Minute, func() bool { return len(c.stored()) > agencies*bets/10 })
	server := c.nodesOf("server")[0]
	clients := c.nodesOf("client")
	if used := slices.Compact(slices.Sorted(slices.Values(clients))); len(used) < 3 {
		t.Errorf("the clients run on the nodes %v, want three", used)
	}
	at := slices.IndexFunc(clients, func(node int) bool { return node != server })
	if at < 0 {
		t.Fatalf("all clients run on node %d, and so does the server", server)
	}
	c.run("", c.script, "crash", strconv.Itoa(clients[at]))
	t.Logf("node %d lost its engine after %v, with %d of %d bets stored", clients[at], time.Since(began), len(c.stored()), agencies*bets)
	c.until("replacements", 2*time.Minute, func() bool { return !slices.Contains(c.nodesOf("client"), clients[at]) })
	c.until("three quarters of the bets", 2*time.Minute, func() bool { return len(c.stored()) > agencies*bets*3/4 })
	stored := len(c.stored())
	c.run("", c.script, "kill", strconv.Itoa(server))
	c.endProcesses(fmt.Sprintf("n%d", server))
	t.Logf("node %d, the server's, is killed after %v, with %d of %d bets stored", server, time.Since(began), stored, agencies*bets)
	c.until("all clients to be done", 3*time.Minute, func() bool { return c.done() == agencies })
	t.Logf("all clients are done after %v", time.Since(began))
	if moved := c.nodesOf("server"); len(moved) != 1 || moved[0] == server {
		t.Errorf("the server runs on the nodes %v, and before on %d", moved, server)
	}
	c.checkBets(agencies)
	if draw, err := os.ReadFile(filepath.Join(c.dir, "bets", "bets.csv.draw")); err != nil || len(draw) == 0 {
		t.Errorf("the draw is not stored: %v", err)
	}
	c.run("", "docker", "stack", "rm", c.stack)
	c.many(many, byURL)
}

// many deploys a stack with so many clients, waits until each has a node, and reports how far they are after a while.
func (c *cluster) many(clients int, flags []string) {
	c.t.Helper()
	c.stack = "many" // the network of the first stack goes once all nodes have said so, and two of them cannot
	began := time.Now()
	c.deploy(clients, append(flags, "--set", "subnet=10.99.0.0/24")...)
	waiting := func(states map[string]int) int { return states["New"] + states["Pending"] }
	c.until("a node for all tasks", time.Minute, func() bool {
		states, all := c.states("client")
		return all >= clients && waiting(states) == 0
	})
	c.t.Logf("%d tasks have a node after %v", clients, time.Since(began))
	time.Sleep(20 * time.Second)
	states, _ := c.states("client")
	c.t.Logf("the states of the tasks after %v: %v", time.Since(began), states)
	// Not the stack: its network is in use until a thousand tasks have ended. It goes with the nodes.
	c.run("", "docker", "service", "rm", c.stack+"_client", c.stack+"_server")
}

// states returns how many tasks of a service that are meant to run are in each state, and how many there are.
func (c *cluster) states(service string) (states map[string]int, all int) {
	states = map[string]int{}
	for _, task := range c.tasks(service) {
		if fields := strings.Fields(task); len(fields) > 3 && fields[2] == "Running" {
			states[fields[3]]++
			all++
		} else if len(fields) > 2 && fields[1] == "Running" { // without a node
			states[fields[2]]++
			all++
		}
	}
	return states, all
}

// swarmSecrets makes the secrets of the lab, and returns the flags for them.
func (c *cluster) swarmSecrets(agencies int) []string {
	c.t.Helper()
	dir := filepath.Join(c.dir, "secrets")
	c.run("", c.composer, "data", "secrets", "-n", strconv.Itoa(agencies), "-o", dir)
	c.run("", "docker", "secret", "create", "lottery-master", filepath.Join(dir, "master.secret"))
	return []string{"--set", "auth=true"}
}

// deploy deploys ej8 as a stack.
func (c *cluster) deploy(clients int, more ...string) {
	c.t.Helper()
	file := filepath.Join(c.dir, "stack.yaml")
	if err := os.WriteFile(file, []byte(c.render("swarm", "ej8", clients, more...)), 0o644); err != nil {
		c.t.Fatal(err)
	}
	c.run("", "docker", "stack", "deploy", "--detach=true", "--resolve-image", "never", "-c", file, c.stack)
}

// serveOn runs composer data serve on a node until the test ends, and returns the URL of the files.
func (c *cluster) serveOn(node int) (url string) {
	c.t.Helper()
	address := strings.TrimSpace(c.run("", "docker", "-H", c.socket(node), "info", "-f", "{{.Swarm.NodeAddr}}")) + ":8080"
	serve := exec.Command("nsenter", "--net=/run/netns/swe-n"+strconv.Itoa(node), c.composer, "data", "serve", "--listen", address, filepath.Join(c.dir, "data"))
	var said strings.Builder
	serve.Stderr = &said
	if err := serve.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = serve.Process.Signal(syscall.SIGTERM)
		if err := serve.Wait(); err != nil {
			c.t.Errorf("data serve: %v\n%s", err, said.String())
		}
	})
	return "http://" + address + "/agency-{id}.csv"
}

// swarmState returns the tasks of the lab, and the last lines of all containers on nodes that answer.
func (c *cluster) swarmState() string {
	var b strings.Builder
	for _, service := range []string{"server", "client"} {
		out, _ := c.try("", "docker", "service", "ps", "--no-trunc", "--format", "{{.Name}} {{.Node}} {{.DesiredState}} {{.CurrentState}} {{.Error}}", c.stack+"_"+service)
		b.WriteString(out)
	}
	for node := 1; node <= 4; node++ {
		ids, err := c.try("", "docker", "-H", c.socket(node), "ps", "-aq")
		if err != nil {
			continue
		}
		for _, id := range linesOf(ids) {
			command := exec.Command("docker", "-H", c.socket(node), "logs", "--tail", "5", id)
			logs, _ := command.CombinedOutput()
			name, _ := c.try("", "docker", "-H", c.socket(node), "inspect", "-f", "{{.Name}} {{.State.Status}} {{.State.ExitCode}}", id)
			fmt.Fprintf(&b, "node %d: %s%s", node, name, logs)
		}
	}
	return b.String()
}

// node returns the ID of a node.
func (c *cluster) node(i int) string {
	c.t.Helper()
	return strings.TrimSpace(c.run("", "docker", "-H", c.socket(i), "info", "-f", "{{.Swarm.NodeID}}"))
}

func (c *cluster) socket(i int) string {
	return "unix://" + filepath.Join(c.dir, "state", fmt.Sprintf("n%d", i), "sock")
}

// tasks returns the node and the state of each task of a service that is meant to run or done, by lines.
func (c *cluster) tasks(service string) []string {
	out, err := c.try("", "docker", "service", "ps", "--no-trunc", "--format", "{{.Name}} {{.Node}} {{.DesiredState}} {{.CurrentState}}", c.stack+"_"+service)
	if err != nil {
		return nil // the manager is busy
	}
	return linesOf(out)
}

// nodesOf returns the numbers of the nodes on which the tasks of a service run.
func (c *cluster) nodesOf(service string) (nodes []int) {
	for _, task := range c.tasks(service) {
		fields := strings.Fields(task)
		node := 0
		if len(fields) > 3 && fields[2] == "Running" && fields[3] == "Running" {
			if _, err := fmt.Sscanf(fields[1], "n%d", &node); err == nil {
				nodes = append(nodes, node)
			}
		}
	}
	return nodes
}

// done returns how many numbers of clients have a task that has done its work.
func (c *cluster) done() int {
	names := map[string]bool{}
	for _, task := range c.tasks("client") {
		if fields := strings.Fields(task); len(fields) > 3 && fields[3] == "Complete" {
			names[fields[0]] = true
		}
	}
	return len(names)
}
