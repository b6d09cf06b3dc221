package lint

import (
	"slices"
	"strings"
	"testing"
)

// Messages name no types of Go, and what they say to write is right. Compose refuses each of these values of a service.
func TestHints(t *testing.T) {
	for value, want := range map[string]string{
		"ulimits: {nofile: 1.0}":                       "1:44: error: services.a.ulimits.nofile must be a whole number, without a point, and not so large [specification]",
		"ulimits: {nofile: 1e3}":                       "1:44: error: services.a.ulimits.nofile must be a whole number, without a point, and not so large [specification]",
		"ulimits: {nofile: {soft: 1.0, hard: 2}}":      "1:36: error: service a: a number has a point, and must be a whole number without one [specification]",
		"ulimits: {nofile: true}":                      "1:44: error: services.a.ulimits.nofile must be a whole number, a string or a mapping [specification]",
		"ulimits: {nofile: x}":                         `1:44: error: services.a.ulimits.nofile: "x" is not a whole number [specification]`,
		"build: {context: ., ulimits: {nofile: 5.0}}":  "1:26: error: services.a.build.ulimits.nofile must be a whole number, without a point, and not so large [specification]",
		"build: {context: ., ssh: [a=b, c]}":           `1:57: error: service a: invalid ssh key "c" [specification]`,
		"build: {dockerfile: a, dockerfile_inline: b}": `1:26: error: service "a": its build has both dockerfile and dockerfile_inline: leave one out [specification]`,
		"cpus: 1, deploy: {resources: {limits: {}}}":   "1:32: error: services.a: cpus and deploy.resources.limits.cpus are not the same: write only the second [specification]",
		"scale: 2, deploy: {replicas: 3}":              "1:33: error: services.a: scale and deploy.replicas are not the same: write only the second [specification]",
		"networks: {default: {aliases: '${X:-}'}}":     "1:56: error: services.a.networks.default.aliases must be a list [specification]",
		"mem_limit: qa0":                               `1:37: error: services.a.mem_limit: "qa0" is not a size such as 64m [specification]`,
		"cpus: many":                                   `1:32: error: services.a.cpus: "many" is not a number [specification]`,
		"tty: maybe":                                   `1:31: error: services.a.tty: "maybe" is not a boolean: write true or false [specification]`,
		"tty: 1":                                       "1:31: error: services.a.tty must be a boolean or a string: write true [specification]",
		"init: ''":                                     `1:32: error: services.a.init: "" is not a boolean: write true or false [specification]`,
		"stop_grace_period: 90":                        "1:45: error: services.a.stop_grace_period must be a string: write 90s for seconds [specification]",
		"stop_grace_period: 0x1E":                      "1:45: error: services.a.stop_grace_period must be a string: write 30s for seconds [specification]",
		"stop_grace_period: 1.5":                       "1:45: error: services.a.stop_grace_period must be a string: write 1.5s for seconds [specification]",
		"stop_grace_period: true":                      "1:45: error: services.a.stop_grace_period must be a string [specification]",
		"stop_grace_period: '90'":                      `1:45: error: services.a.stop_grace_period: "90" has a number without a unit: write 30s or 1m30s, for example [specification]`,
		"mem_limit: abc":                               `1:37: error: services.a.mem_limit: "abc" is not a size such as 64m [specification]`,
		"cpu_count: 2.5":                               "1:37: error: services.a.cpu_count must be a string or a whole number [specification]",
		"oom_score_adj: 5000":                          "1:41: error: services.a.oom_score_adj: 5000 is more than 1000 [specification]",
		"oom_score_adj: '5000'":                        "1:41: error: service a: oom_score_adj: 5000 is more than 1000 [specification]",
		"restart: false":                               `1:35: error: services.a.restart must be a string: write "no", or one of always, on-failure and unless-stopped [specification]`,
		"gpus: 1":                                      "1:32: error: services.a.gpus must be a string or a list: write all, or a list of devices [specification]",
		"user: 1000":                                   `1:32: error: services.a.user must be a string: write "1000" [specification]`,
		"ports: null":                                  "1:33: error: services.a.ports must be a list: leave it out, or write its value [specification]",
		"command: [a, null]":                           "1:39: error: services.a.command.1 must be a string: the item is empty [specification]",
		"container_name: b":                            `1:42: error: services.a.container_name: "b" is not a name: Docker takes letters, digits, '_', '.' and '-', at least two, the first a letter or digit [specification]`,
		"pull_policy: every_":                          `1:39: error: services.a.pull_policy: "every_" is not one of always, build, daily, if_not_present, missing, never, refresh, weekly, or a time such as every_12h [specification]`,
		"expose: [80.5]":                               "1:35: error: services.a.expose.0: 80.5 is not a port of a container [specification]",
		"group_add: [1.5]":                             "1:38: error: services.a.group_add.0 must be a string: put it in quotes [specification]",
		"blkio_config: {weight: '300'}":                "1:49: error: services.a.blkio_config.weight must be a whole number, without quotes and point [specification]",
		"command: \"a 'b\"":                            "1:35: error: services.a.command: a quote has no end, or a backslash is at the end [specification]",
		"depends_on: {b: {}}":                          "1:42: error: services.a.depends_on.b lacks condition [specification]",
		"volumes: [{type: tmpfs, target: /a, tmpfs: {mode: '1777'}}]": "1:36: error: services.a.volumes.0.tmpfs.mode must be a whole number, without quotes and point [specification]",
	} {
		got := check(t, "services: {a: {image: x, "+value+"}, b: {image: y}}\n")
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s:\ngot  %s\nwant [%s]", value, slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, "note") }), want)
		}
	}
}

// What is wrong with a secret is said at the secret.
func TestPlaceOfPart(t *testing.T) {
	got := check(t, "services: {a: {image: x}}\nsecrets:\n  s: {driver: d}\n")
	if len(got) != 1 || !strings.HasPrefix(got[0], `3:3: error: secret "s" must declare`) {
		t.Error(got)
	}
}

// An alias that does not fit is reported where it is used, and what is wrong within an anchor there.
func TestAliasThatDoesNotFit(t *testing.T) {
	for text, want := range map[string]string{
		"x-a: &a {k: v}\nservices: {a: {image: x, ports: *a}}\n":          "2:33: error: services.a.ports must be a list [specification]",
		"x-a: &a 5\nservices: {a: {image: x, user: *a}}\n":                `2:32: error: services.a.user must be a string: write "5" [specification]`,
		"x-a: &a 5\nservices: {a: {image: x, cap_add: [*a]}}\n":           `2:36: error: services.a.cap_add.0 must be a string: write "5" [specification]`,
		"x-a: &a sometimes\nservices: {a: {image: x, tty: *a}}\n":         `2:26: error: services.a.tty: "sometimes" is not a boolean: write true or false [specification]`,
		"x-a: &a soon\nservices: {a: {image: x, pull_policy: *a}}\n":      `2:39: error: services.a.pull_policy: "soon" is not one of always, build, daily, if_not_present, missing, never, refresh, weekly, or a time such as every_12h [specification]`,
		"x-a: &a {test: 5}\nservices: {a: {image: x, healthcheck: *a}}\n": `1:16: error: services.a.healthcheck.test must be a string or a list: write "5" [specification]`,
		"services: {a: {image: x, user: &a 5}}\n":                         `1:32: error: services.a.user must be a string: write "5" [specification]`,
	} {
		if got := check(t, text); len(got) != 1 || got[0] != want {
			t.Errorf("%s:\ngot  %s\nwant [%s]", text, got, want)
		}
	}
}
