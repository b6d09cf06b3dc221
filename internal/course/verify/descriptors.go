package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// Numbers of a scenario about descriptors.
const (
	moreTalks = 20
	// leakAt is the increase of descriptors from which on the server counts as leaking those of ended connections. A
	// smaller increase may be the server's own need.
	leakAt = moreTalks / 2
)

// descriptorScenario returns the scenario that counts a server's descriptors.
func descriptorScenario(stage string) Scenario {
	return Scenario{
		Stage: stage, Name: "descriptors",
		Title: fmt.Sprintf("the server has as many descriptors open after %d more connections as before", moreTalks),
		run: func(t *trial) {
			talks := recorded(t, stage)
			before := openDescriptors(t)
			for range moreTalks {
				for _, l := range talks {
					replay(t, l)
				}
			}
			limit := time.Now().Add(min(t.patience, meanwhile))
			now := openDescriptors(t)
			for now >= before+leakAt && time.Now().Before(limit) && t.ctx.Err() == nil {
				time.Sleep(startPoll)
				now = openDescriptors(t)
			}
			if now >= before+leakAt {
				t.problem(fmt.Sprintf("about %d descriptors after %d more connections, which have all ended", before, moreTalks*len(talks)),
					strconv.Itoa(now), t.about(pattern{container: "server"}))
			}
		},
	}
}

// recorded starts a server, has a client talk to it, and returns the bytes of the conversation.
func recorded(t *trial, stage string) []link {
	if stage <= "ej4" {
		startServer(t)
		r := t.relayed(usualServer, usualClient, false)
		talk := link{sent: []byte("hola\n"), answered: []byte("hola"), client: r.address}
		replay(t, talk)
		return []link{talk}
	}
	keys := usualClient
	keys.amount = 1
	t.configure(usualServer, keys)
	t.agencies([]int{1}, []int{0})
	if stage == "ej5" {
		t.sent = nil // the client's bet is in variables
	}
	t.begin(1, "server")
	r := t.relayed(usualServer, keys, false)
	t.up("client1")
	t.exited(0, "client1")
	t.usedRelay(r)
	return r.carried()
}

// openDescriptors counts the server's descriptors.
func openDescriptors(t *trial) int {
	n, err := t.lab.descriptors(t.ctx, "server")
	if err != nil {
		t.skip("the server's descriptors cannot be counted: " + err.Error())
	}
	return n
}

// replay sends to the server the bytes that a client has sent on a connection. It then waits until the answer is as
// long as the one to the client, the connection ends, or two seconds pass: the answer may differ, such as one that says
// that the server has the bets already.
func replay(t *trial, l link) {
	ctx, cancel := context.WithTimeout(t.ctx, 2*time.Second)
	defer cancel()
	conn, err := t.relays[len(t.relays)-1].dial(ctx)
	if err != nil {
		t.skip("the server takes no more connections: " + err.Error())
	}
	defer conn.Close() // all is read
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	if _, err := io.Copy(conn, bytes.NewReader(l.sent)); err != nil && !errors.Is(err, net.ErrClosed) {
		return // the server has ended the connection
	}
	_, _ = io.CopyN(io.Discard, conn, int64(len(l.answered)))
}
