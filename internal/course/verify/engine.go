package verify

import (
	"context"
	"time"
)

// engine starts Compose files, and is what tells Docker from processes.
type engine interface {
	// build makes what the labs of a site need, out of its tree as it is now.
	// A tree that did not change costs nothing.
	build(ctx context.Context, s *site) error
	// start makes a lab of the site's Compose file, with nothing running yet, whose services have those variables in addition
	// to the file's (by service and name). All that they log goes to j. The caller
	// calls down.
	start(ctx context.Context, s *site, variables map[string]map[string]string, j *journal) (lab, error)
	// close removes what build made.
	close(ctx context.Context) error
}

// lab is a Compose project.
type lab interface {
	// up starts services and those they depend on; all if none is named.
	up(ctx context.Context, services ...string) error
	// stop asks services to stop, and kills them ten seconds later, all at once.
	stop(ctx context.Context, services ...string) error
	// kill kills them at once (SIGKILL).
	kill(ctx context.Context, services ...string) error
	// pause and resume stop services in their tracks, and let them go on.
	pause(ctx context.Context, services ...string) error
	resume(ctx context.Context, services ...string) error
	// exitCode waits for the end of a service.
	exitCode(ctx context.Context, service string) (int, error)
	// bets returns the server's file of bets; nil if there is none.
	bets(ctx context.Context) ([]byte, error)
	// settle sees to it that all that was logged by now is in the journal.
	settle(ctx context.Context) error
	// skew is how far the times of two containers' lines may be off.
	skew() time.Duration
	// hold opens a connection to the server's port and says nothing on it.
	// release it with the function.
	hold(ctx context.Context, port int) (release func(), err error)
	// talk sends a message to the server's port from within the lab's network,
	// ends its side of the connection, and returns all that comes back.
	talk(ctx context.Context, port int, message []byte) ([]byte, error)
	// down removes all that start and up have made.
	down(ctx context.Context) error
}

// containers is a lab with a network of containers, which the scenarios get that
// say docker.
type containers interface {
	// check runs validar-echo-server.sh with a shell, and returns what it says,
	// and the end of what it complains of on stderr.
	check(ctx context.Context, shell ...string) (said, complaints string, err error)
	// impostor puts something else in the server's place: a program for
	// busybox's nc to run on each connection. stop it with the function.
	impostor(ctx context.Context, port int, program string) (stop func(), err error)
}

// exitText is the text of the line that stands for a container's end.
const exitText = "exited with code "
