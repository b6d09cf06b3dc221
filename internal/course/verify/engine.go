package verify

import (
	"context"
	"time"
)

// engine runs labs: in containers or as processes.
type engine interface {
	// build builds the images of a site from its tree as it is now. An unchanged tree costs nothing.
	build(ctx context.Context, s *site) error
	// reserve waits while another lab has names or addresses that the site's lab needs, and that only one lab of a
	// machine can have. The caller calls release after the lab is down.
	reserve(ctx context.Context, s *site) (release func())
	// start makes a lab of the site's Compose file; up starts its services. The services get the variables (by service
	// and name) in addition to those of the Compose file. The log lines of the lab go to j. The caller calls down.
	start(ctx context.Context, s *site, variables map[string]map[string]string, j *journal) (lab, error)
	// close removes the images that build has made.
	close(ctx context.Context) error
}

// lab is a Compose project.
type lab interface {
	// up starts the named services and their dependencies, or all services if no name is given.
	up(ctx context.Context, services ...string) error
	// stop sends services SIGTERM, all at once, and kills them ten seconds later.
	stop(ctx context.Context, services ...string) error
	// interrupt kills, pauses or unpauses a service at once, as the subcommand of docker compose does.
	interrupt(ctx context.Context, subcommand, service string) error
	// exitCode waits for the end of a service.
	exitCode(ctx context.Context, service string) (int, error)
	// bets returns the server's file of bets; nil without one.
	bets(ctx context.Context) ([]byte, error)
	// settle waits until every line that was logged before is in the journal.
	settle(ctx context.Context) error
	// skew is the largest error of the difference between the times of two containers' lines.
	skew() time.Duration
	// hold opens a silent connection to the server's port, which release closes.
	hold(ctx context.Context, port int) (release func(), err error)
	// talk sends a message to the server's port from the lab's network, ends its side of the connection, and returns
	// the whole answer.
	talk(ctx context.Context, port int, message []byte) ([]byte, error)
	// relay starts a relay between the lab's clients and the server's port. The caller closes it.
	relay(ctx context.Context, port int) (*relay, error)
	// descriptors returns the number of files and sockets that a running service has open. It may be too high by a
	// constant.
	descriptors(ctx context.Context, service string) (int, error)
	// down removes every part of the lab.
	down(ctx context.Context) error
}

// containers is a lab in containers. A scenario with docker set runs only there.
type containers interface {
	// check runs validar-echo-server.sh with a shell and returns its stdout and the end of its stderr.
	check(ctx context.Context, shell ...string) (printed, complaints string, err error)
	// has reports whether a program is installed where check runs the script.
	has(ctx context.Context, program string) bool
	// listening reports whether the server listens on its port. It also returns true if this cannot be found out.
	listening(ctx context.Context) bool
	// running returns the id of the server's running container; "" if it does not run.
	running(ctx context.Context) (id string, err error)
	// impostor replaces the server, until stop, by busybox's nc, which runs a program for each connection.
	impostor(ctx context.Context, port int, program string) (stop func(), err error)
}

// exitText is the beginning of the line in the journal about a container's end.
const exitText = "exited with code "
