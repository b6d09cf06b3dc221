package lint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

var listedRules = []Rule{
	{
		Name: "unlisted-value", Severity: Error, What: "a value is not in the specification's list",
		Why: "Compose takes it, and Docker refuses it when it makes the container or the service: `invalid restart policy`. Values of which Compose itself knows the list are of the rule `specification`.",
	},
}

// listed are the values of a service that the specification's text lists and its schema does not.
var listed = []struct {
	path   []string
	values []string
	more   []string // what Compose takes besides
}{
	{[]string{"deploy", "mode"}, []string{"replicated", "global", "replicated-job", "global-job"}, nil},
	{[]string{"deploy", "endpoint_mode"}, []string{"vip", "dnsrr"}, nil},
	{[]string{"deploy", "restart_policy", "condition"}, []string{"any", "on-failure", "none"}, []string{"no", "always", "unless-stopped"}},
	{[]string{"deploy", "update_config", "failure_action"}, []string{"continue", "rollback", "pause"}, nil},
	{[]string{"deploy", "rollback_config", "failure_action"}, []string{"continue", "pause"}, nil},
}

// restarts are the policies of `restart`. Compose reads those of deploy, too.
var restarts = []string{"no", "always", "on-failure", "unless-stopped"}

func checkListed(d *document) {
	for _, s := range d.project.Services {
		d.checkRestart(s)
		for _, l := range listed {
			at := yamltree.Get(s.Body, l.path...)
			if text, ok := known(at); ok && !slices.Contains(l.values, text) && !slices.Contains(l.more, text) {
				d.report("unlisted-value", at, "services.%s.%s: %q is none of %s%s", s.Name, strings.Join(l.path, "."), text,
					strings.Join(l.values, ", "), suggestion(text, l.values))
			}
		}
	}
}

func (d *document) checkRestart(s rules.Service) {
	at := yamltree.Get(s.Body, "restart")
	text, ok := known(at)
	policy, times, limited := strings.Cut(text, ":")
	if !ok || policy == "any" || policy == "none" {
		return
	}
	switch n, err := strconv.Atoi(times); {
	case !slices.Contains(restarts, policy):
		d.report("unlisted-value", at, "services.%s.restart: %q is none of %s%s", s.Name, text, strings.Join(restarts, ", "), suggestion(policy, restarts))
	case limited && policy != "on-failure":
		d.report("unlisted-value", at, "services.%s.restart: %q: only on-failure has a number of times, such as on-failure:3", s.Name, text)
	case limited && (err != nil || n < 0):
		d.report("unlisted-value", at, "services.%s.restart: %q: want a number of times, such as on-failure:3", s.Name, text)
	}
}
