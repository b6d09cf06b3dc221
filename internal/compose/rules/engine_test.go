package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// judged returns the problems of a service a with a body in flow style, beside services b and p, as PATH RULE.
func judged(t *testing.T, body string) []string {
	t.Helper()
	if !strings.HasPrefix(body, "image:") {
		body = "image: x, " + body
	}
	var found []string
	for p := range Check(read(t, fmt.Sprintf("services: {a: {%s}, b: {image: x}, p: {image: x, profiles: [q], healthcheck: {disable: true}}}\nvolumes: {v: {}}\nnetworks: {n: {}}\nsecrets: {s: {file: x}}\n", body))) {
		found = append(found, strings.TrimPrefix(strings.Join(p.Path, "."), "services.a.")+" "+p.Rule.Name)
	}
	return found
}

// Each bad body breaks one rule at its path; the engine and Compose take the good ones.
func TestBodies(t *testing.T) {
	for _, tt := range []struct {
		want string
		bad  []string
		good []string
	}{
		{
			"network_mode exclusive-networks",
			[]string{"network_mode: host, networks: [n]", "network_mode: '${M}', networks: {n: }"},
			[]string{"network_mode: host, networks: []", "networks: [n]"},
		},
		{"ports shared-network", []string{"network_mode: 'service:b', ports: ['80:80']", "network_mode: 'container:x', ports: ['80']"}, []string{"network_mode: none, ports: ['80:80']", "network_mode: 'service:b', ports: []"}},
		{"hostname shared-network", []string{"network_mode: 'service:b', hostname: h"}, []string{"network_mode: host, hostname: h", "network_mode: 'service:b', domainname: h"}},
		{"links shared-network", []string{"network_mode: 'service:b', links: [b]", "network_mode: host, links: [b]"}, []string{"network_mode: none, links: [b]"}},
		{"mac_address shared-network", []string{"network_mode: host, mac_address: '02:42:ac:11:00:05'"}, nil},
		{"dns shared-network", []string{"network_mode: 'service:b', dns: 1.1.1.1"}, []string{"network_mode: host, dns: 1.1.1.1", "network_mode: 'service:b', dns_search: a.b"}},
		{"expose shared-network", []string{"network_mode: 'service:b', expose: ['80']"}, nil},
		{"extra_hosts shared-network", []string{"network_mode: 'service:b', extra_hosts: ['a:1.1.1.1']"}, []string{"network_mode: host, extra_hosts: ['a:1.1.1.1']"}},
		{"sysctls.net.core.somaxconn shared-network", []string{"network_mode: host, sysctls: {net.core.somaxconn: 9}"}, []string{"network_mode: host, sysctls: {kernel.shmmax: 9}"}},
		{"sysctls.net/core/somaxconn shared-network", []string{"network_mode: host, sysctls: {net/core/somaxconn: 9}"}, []string{"network_mode: bridge, sysctls: {net/core/somaxconn: 9}"}},
		{"sysctls.0 shared-network", []string{"network_mode: host, sysctls: [net.ipv4.ip_forward=1]"}, []string{"network_mode: none, sysctls: [net.ipv4.ip_forward=1]"}},
		{"ports host-network-ports", []string{"network_mode: host, ports: ['80:80']"}, nil},
		{"depends_on.0 disabled-dependency", []string{"depends_on: [p]"}, []string{"depends_on: {p: {condition: service_started, required: false}}", "profiles: [r], depends_on: [p]"}},
		{"links.0 disabled-dependency", []string{"links: ['p:q']"}, nil},
		{"volumes_from.0 disabled-dependency", []string{"volumes_from: ['p:ro']"}, []string{"volumes_from: ['container:p']"}},
		{"pid disabled-dependency", []string{"pid: 'service:p'"}, []string{"pid: 'container:p'"}},
		{"ipc disabled-dependency", []string{"ipc: 'service:p'"}, nil},
		{"uts undefined-service", []string{"uts: 'service:none'"}, []string{"extends: p", "build: {additional_contexts: {a: 'service:${P}'}}"}},
		{"depends_on.none undefined-service", []string{"depends_on: {none: {condition: service_started, required: false}}"}, []string{"depends_on: ['${B}']"}},
		{"depends_on.p.condition disabled-healthcheck", []string{"profiles: [q], depends_on: {p: {condition: service_healthy}}"}, nil},
		{"depends_on.b.condition no-healthcheck", []string{"depends_on: {b: {condition: service_healthy}}"}, []string{"depends_on: {b: {condition: service_started}}"}},
		{"depends_on.0 undefined-service", []string{"depends_on: ['']", "depends_on: ['${D:-}']"}, nil},
		{"links.0 undefined-service", []string{"links: ['']", "links: ['b:c:d']", "links: ['container:b']"}, []string{"links: ['b:c']", "volumes_from: ['container:b']"}},
		{"configs.0 undefined-file", []string{"configs: [{target: /x}]", "configs: [{}]", "configs: ['']"}, nil},
		{"build.additional_contexts.0 specification", []string{"build: {context: ., additional_contexts: [q]}", "build: {context: ., additional_contexts: ['']}"}, []string{"build: {context: ., additional_contexts: [q=x]}", "build: {context: ., additional_contexts: {q: null}}"}},
		{"ports.0 specification", []string{"ports: [081]", "ports: [80.0]", "ports: [1e2]"}, []string{"ports: ['081']"}},
		{"build.additional_contexts.q disabled-dependency", []string{"build: {context: ., additional_contexts: {q: 'service:c'}}, depends_on: []}, c: {build: ., profiles: [q]"}, nil},
		{"oom_score_adj specification", []string{"oom_score_adj: '5000'", "oom_score_adj: '-1001'"}, []string{"oom_score_adj: '-1000'", "oom_score_adj: '${O}'"}},
		{"cpu_percent specification", []string{"cpu_percent: '101'"}, []string{"cpu_percent: '100'", "cpu_count: '2'"}},
		{"blkio_config.weight invalid-limit", []string{"blkio_config: {weight: 5}"}, []string{"blkio_config: {weight: 10}"}},
		{"ports.0.target specification", []string{"ports: [{target: 0}]", "ports: [{target: '0x50'}]"}, []string{"ports: [{target: 0x50}]", "ports: [{target: 80.0}]"}},
		{"ports.0.published specification", []string{"ports: [{target: 80, published: '0x50'}]", "ports: [{target: 80, published: 081}]"}, []string{"ports: [{target: 80, published: 0x50}]", "ports: [0x50, 8_1]"}},
		{"env_file specification", []string{"env_file: ''", "env_file: '${E:-}'"}, []string{"env_file: x", "env_file: '${E}'", "env_file: []"}},
		{"env_file.0 specification", []string{"env_file: ['']"}, []string{"env_file: [{path: x, required: false}]"}},
		{"env_file.0.path specification", []string{"env_file: [{path: ''}]"}, []string{"env_file: [{path: '', required: false}]", "env_file: [{path: '', required: FALSE}]"}},
		{"ports.0.host_ip specification", []string{"ports: [{target: 80, host_ip: ''}]"}, []string{"ports: [{target: 80, host_ip: '::1'}]"}},
		{"build.additional_contexts.q specification", []string{"build: {context: ., additional_contexts: {q: true}}"}, []string{"build: {context: ., additional_contexts: {q: 'true'}}"}},
		{"depends_on.b.restart specification", []string{"depends_on: {b: {condition: service_started, restart: x}}"}, []string{"depends_on: {b: {condition: service_started, restart: 'Yes'}}"}},
		{"pid specification", []string{"pid: "}, []string{"pid: ''", "pid: host"}},
		{"depends_on.c.condition disabled-healthcheck", []string{"depends_on: {c: {condition: service_healthy}}}, c: {image: x, healthcheck: {disable: yes}"}, nil},
		{"image invalid-image", []string{"image: X", "image: 'x:'", "image: 'x y'", "image: 'https://x/y'", "image: 'x@sha256:12'"}, []string{"image: 'localhost:5000/a/b:1.2_3-x'", "image: '${X}:'", "image: 'x:${T:-1}'", "image: " + strings.Repeat("ab", 32)}},
		{"volumes.0 invalid-mount", []string{"volumes: ['/x:rel']", "volumes: [rel/x]", "volumes: ['/x:/']", "volumes: ['v:/x']", "volumes: ['/y:C:/x']", "volumes: ['/x:/a/..']", "volumes: [{type: volume, target: rel}]", "volumes: [{type: bind, target: /x}]", "volumes: [{type: tmpfs, source: x, target: /x}]", "tmpfs: /x, volumes: ['/y:/x/']"}, []string{
			`volumes: ['C:\x:D:\y']`, `volumes: [{type: volume, source: v, target: 'C:\y'}], working_dir: 'C:\y'`, `image: 'mcr.microsoft.com/dotnet/framework/aspnet:4.8', working_dir: 'C:\y'`, "volumes: ['/x:${T}']", "volumes: ['/x:/y', '/z:/y']", "tmpfs: ['/x:size=1m'], volumes: [/y]", "volumes: [{type: bind, source: '${S}', target: /x}]",
		}},
		{"tmpfs invalid-mount", []string{"tmpfs: rel", "tmpfs: /"}, []string{"tmpfs: '${T}'"}},
		{"working_dir relative-working-dir", []string{"working_dir: rel", "working_dir: ./rel", `working_dir: 'C:\x'`}, []string{"working_dir: /rel", "working_dir: ''", "working_dir: '${W}'", `working_dir: 'C:\x', isolation: process`, `working_dir: 'C:\x', platform: windows/amd64`}},
		{"cap_add.0 unknown-capability", []string{"cap_add: [FOO]", "cap_add: [SIGTERM]"}, []string{"cap_add: [net_admin, CAP_KILL, cap_chown, ALL, all, BPF, '${C}']"}},
		{"cap_drop.1 unknown-capability", []string{"cap_drop: [ALL, CAP_FOO]"}, nil},
		{"stop_signal unknown-signal", []string{"stop_signal: SIGFOO", "stop_signal: '0'", "stop_signal: SIGRTMIN+16"}, []string{"stop_signal: term", "stop_signal: SIGINT", "stop_signal: '15'", "stop_signal: SIGRTMIN+3", "stop_signal: RTMAX-14"}},
		{"mem_limit invalid-limit", []string{"mem_limit: 1k", "mem_limit: 6291455"}, []string{"mem_limit: 6m", "mem_limit: 0", "mem_limit: '${M}'"}},
		{"deploy.resources.limits.memory invalid-limit", []string{"deploy: {resources: {limits: {memory: 1M}}}"}, []string{"deploy: {resources: {limits: {memory: 1G}, reservations: {memory: 1G}}}"}},
		{"mem_reservation invalid-limit", []string{"mem_reservation: 1m", "mem_limit: 10m, mem_reservation: 20m"}, []string{"mem_limit: '${M}', mem_reservation: 20m", "mem_limit: 20m, mem_reservation: 20m"}},
		{"memswap_limit invalid-limit", []string{"mem_limit: 20m, memswap_limit: 10m", "memswap_limit: 10m"}, []string{"memswap_limit: -1", "mem_limit: '${M}', memswap_limit: 10m", "mem_limit: 20m, memswap_limit: 20m"}},
		{"shm_size invalid-limit", []string{"shm_size: -1"}, []string{"shm_size: 64m"}},
		{"cpus invalid-limit", []string{"cpus: 0.001", "cpus: -1"}, []string{"cpus: 0.01", "cpus: '${C}'", "cpus: 0"}},
		{"cpu_quota invalid-limit", []string{"cpu_quota: 10", "cpus: 1, cpu_quota: 50000"}, []string{"cpu_quota: 50000", "cpu_quota: -1"}},
		{"cpuset invalid-limit", []string{"cpuset: x"}, []string{"cpuset: 0-2,4", "cpuset: '1'"}},
		{"cpu_shares invalid-limit", []string{"cpu_shares: 1"}, []string{"cpu_shares: 1024"}},
		{"mem_swappiness invalid-limit", []string{"mem_swappiness: 101"}, []string{"mem_swappiness: -1", "mem_swappiness: 100"}},
		{"sysctls.vm.max_map_count host-sysctl", []string{"sysctls: {vm.max_map_count: 262144}"}, []string{"sysctls: {net.core.somaxconn: 1, kernel.shmmax: 1, fs.mqueue.msg_max: 1}"}},
		{"sysctls.0 host-sysctl", []string{"sysctls: [fs.file-max=1]"}, []string{"sysctls: [net.ipv4.ip_forward=1, '${S}']"}},
		{"security_opt.0 unlisted-value", []string{"security_opt: [foo]", "security_opt: ['foo:bar']"}, []string{"security_opt: [no-new-privileges, 'no-new-privileges:true', 'seccomp:unconfined', apparmor=x, 'label:disable', systempaths=unconfined]"}},
		{"mac_address invalid-host", []string{"mac_address: foo"}, []string{"mac_address: '02:42:ac:11:00:05'", "mac_address: '${M}'"}},
		{"healthcheck.interval invalid-limit", []string{"healthcheck: {interval: 1us}", "healthcheck: {interval: -1s}"}, []string{"healthcheck: {interval: 0s, timeout: 1ms}"}},
		{"ulimits.nofile invalid-limit", []string{"ulimits: {nofile: {soft: 20, hard: 10}}"}, []string{"ulimits: {nofile: {soft: 20, hard: -1}, nproc: 3}"}},
		{"ulimits.nofiles unlisted-value", []string{"ulimits: {nofiles: 3}"}, []string{"ulimits: {NOFILE: 3}"}},
		{"ipc unlisted-value", []string{"ipc: foo"}, []string{"ipc: host", "ipc: shareable", "ipc: 'container:x'", "ipc: '${I}'"}},
		{"ports.0.protocol unlisted-value", []string{"ports: [{target: 80, protocol: tpc}]"}, []string{"ports: [{target: 80, protocol: udp}]"}},
		{"extra_hosts.0 invalid-host", []string{"extra_hosts: ['h:name']", "extra_hosts: ['h=1.2.3.999']", "extra_hosts: ['h=1.2.3.4,x']"}, []string{"extra_hosts: ['h:1.2.3.4', 'i=::1', 'j:::1', 'k:[::1]', 'l:host-gateway', 'm:${A}', 'n=1.1.1.1,::1']"}},
		{"extra_hosts.h invalid-host", []string{"extra_hosts: {h: name}", "extra_hosts: {h: [1.2.3.4, x]}"}, []string{"extra_hosts: {h: 1.2.3.4, i: '::1', j: ['::1']}"}},
		{"hostname invalid-host", []string{"hostname: " + strings.Repeat("h", 65)}, []string{"hostname: " + strings.Repeat("h", 64), "hostname: a_b"}},
		{"dns.0 invalid-dns", []string{"dns: [name]"}, []string{"dns: [1.1.1.1, '::1', '${D}']"}},
		{"logging.options.foo invalid-logging", []string{"logging: {driver: json-file, options: {foo: x}}", "logging: {driver: local, options: {foo: x}}"}, []string{"logging: {driver: fluentd, options: {foo: x}}", "logging: {options: {foo: x}}"}},
		{"logging.options.max-file invalid-logging", []string{"logging: {driver: json-file, options: {max-file: '0'}}", "logging: {driver: json-file, options: {max-size: 1m, max-file: x}}"}, []string{"logging: {driver: json-file, options: {max-size: 1m, max-file: '3', mode: non-blocking}}"}},
		{"environment.0 quoted-environment", []string{`environment: [A="b c"]`, "environment: [A='b']", `environment: [A="$B"]`}, []string{`environment: ['A="b"']`, `environment: {A: "b"}`, `environment: [A="b" "c"]`, `environment: ["A=b"]`}},
		{"build.args.0 quoted-environment", []string{`build: {args: [A="b"]}`}, nil},
		{"labels.0 quoted-environment", []string{`labels: [A="b"]`}, nil},
		{"ports.0 specification", []string{"ports: ['18080:0']", "ports: ['x:80']", "ports: ['80:80/foo']", "ports: ['80:80/tcp/udp']", "ports: ['300.1.1.1:80:80']"}, []string{"ports: ['80', '81:81/udp', '${P}:80', '127.0.0.1::80']"}},
		{"ports.0 specification", []string{"ports: [{published: '80'}]", "ports: ['']"}, []string{"ports: [{target: 80}]"}},
		{"volumes.0.bind.propagation unlisted-value", []string{"volumes: [{type: bind, source: /x, target: /y, bind: {propagation: slaev}}]"}, []string{"volumes: [{type: bind, source: /x, target: /y, bind: {propagation: rslave}}]", "volumes: ['/x:/y:rshared']"}},
		{"isolation unlisted-value", []string{"isolation: foo"}, []string{"isolation: default", "isolation: hyperv", "isolation: '${I}'"}},
		{"platform unlisted-value", []string{"platform: a/b/c/d", "platform: linux/", "platform: /arm64"}, []string{"platform: linux/arm64/v8", "platform: linux", "platform: '${P}'"}},
		{"environment.1 invalid-environment", []string{"environment: [A=b, =x]"}, []string{"environment: [A, 'B=', 'C==']"}},
		{"models.0 undefined-file", []string{"models: [llm]"}, nil},
		{"build.secrets.0 undefined-file", []string{"build: {secrets: [t]}"}, nil},
		{"build.secrets.0.source undefined-file", []string{"build: {secrets: [{source: t}]}"}, nil},
		{"env_file.0.format unlisted-value", []string{"env_file: [{path: x, format: foo}]"}, []string{"env_file: [{path: x, format: raw}]", "env_file: [x]"}},
		{"secrets.0.mode specification", []string{"secrets: [{source: s, mode: x}]", "secrets: [{source: s, mode: '0999'}]"}, []string{"secrets: [{source: s, mode: 0440}]", "secrets: [{source: s, mode: '0440'}]"}},
		{"ports.0.target specification", []string{"ports: [{target: 70000}]", "ports: [{target: x}]", "ports: [{target: 0, published: '80'}]"}, nil},
		{"ports.0.host_ip specification", []string{"ports: [{target: 80, host_ip: foo}]"}, []string{"ports: [{target: 80, host_ip: '::1'}]"}},
		{"ports.0.published specification", []string{"ports: [{target: 80, published: '70000'}]"}, nil},
	} {
		for _, bad := range tt.bad {
			if found := judged(t, bad); !slices.Equal(found, []string{tt.want}) {
				t.Errorf("%s: got %q, want %s", bad, found, tt.want)
			}
		}
		for _, good := range tt.good {
			if found := judged(t, good); len(found) > 0 {
				t.Errorf("%s: got %q", good, found)
			}
		}
	}
}

// A profile that is enabled has its services.
func TestEnabledProfiles(t *testing.T) {
	p := read(t, "services: {a: {image: x, depends_on: [b]}, b: {image: x, profiles: [p, q]}}")
	for profiles, want := range map[string]int{"": 1, "r": 1, "q": 0, "*": 0} {
		p.Profiles = []string{profiles}
		if found := slices.Collect(Check(p)); len(found) != want {
			t.Errorf("%q: got %v", profiles, found)
		}
	}
}

// A variable that is empty by default leaves its key out, as an empty value does.
func TestEmptyByDefault(t *testing.T) {
	for _, key := range []string{
		"platform", "isolation", "network_mode", "ipc", "restart", "stop_signal", "working_dir", "mac_address", "mem_limit", "memswap_limit", "shm_size", "cpuset",
		"cpu_period", "cpus",
	} {
		for _, value := range []string{"'${X:-}'", "'${X-}'"} {
			if found := judged(t, key+": "+value); len(found) > 0 {
				t.Errorf("%s: %s: got %q", key, value, found)
			}
		}
	}
}

// Addresses of a network's pool are in its subnet.
func TestPools(t *testing.T) {
	for pool, want := range map[string]string{
		"gateway: 10.6.0.1": "gateway", "gateway: x": "gateway", "ip_range: 10.6.0.0/28": "ip_range", "ip_range: 10.5.0.0": "ip_range",
		"aux_addresses: {a: 10.5.0.9, b: 10.6.0.9}":                                          "aux_addresses.b",
		"gateway: 10.5.0.9, ip_range: 10.5.0.16/28, aux_addresses: {a: 10.5.0.9, b: '${B}'}": "",
	} {
		var found []string
		for p := range Check(read(t, "services: {a: {image: x}}\nnetworks: {n: {ipam: {config: [{subnet: 10.5.0.0/24, "+pool+"}]}}}\n")) {
			found = append(found, p.Rule.Name+" "+strings.TrimPrefix(strings.Join(p.Path, "."), "networks.n.ipam.config.0."))
		}
		if want == "" && len(found) > 0 || want != "" && !slices.Equal(found, []string{"outside-subnet " + want}) {
			t.Errorf("%s: got %q, want %s", pool, found, want)
		}
	}
}
