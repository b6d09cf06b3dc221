package lint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The set security: each line is a body of a service, and the rules that it breaks, each with the text at its place.
func TestSecurity(t *testing.T) {
	const quiet = "image: x:1, security_opt: ['no-new-privileges:true'], "
	for body, want := range map[string]string{
		quiet:                              "",
		"image: x:1":                       "new-privileges a",
		"image: x:1, security_opt: ['$A']": "",
		"image: x:1, security_opt: [no-new-privileges]":                                                                        "",
		"image: x:1, security_opt: ['no-new-privileges=false']":                                                                "unconfined 'no-new-privileges=false'",
		"image: x:1, security_opt: ['seccomp:unconfined']":                                                                     "new-privileges a, unconfined 'seccomp",
		quiet[:len(quiet)-3] + ", 'apparmor=unconfined', 'label:disable'], ":                                                   "unconfined 'apparmor=unconfined', unconfined 'label",
		"image: x:1, privileged: true":                                                                                         "privileged true",
		"image: x:1, privileged: '${P:-true}'":                                                                                 "privileged '${P",
		quiet + "privileged: false":                                                                                            "",
		"image: x:1, privileged: 'true'":                                                                                       "privileged 'true'",
		quiet + "volumes: ['/var/run/docker.sock:/var/run/docker.sock:ro']":                                                    "engine-socket '/var/run/docker.sock",
		quiet + "volumes: ['/run/podman/podman.sock:/x']":                                                                      "engine-socket '/run/podman/podman.sock",
		quiet + "volumes: [{type: bind, source: /run/containerd/containerd.sock, target: /x}]":                                 "engine-socket /run/containerd/containerd.sock",
		quiet + "volumes: ['~/docker.sock.d:/x', '/srv/x:/x2', 'vol:/etc']":                                                    "",
		quiet + "use_api_socket: true":                                                                                         "engine-socket true",
		quiet + "network_mode: host":                                                                                           "host-namespace host",
		quiet + "pid: host, ipc: host, uts: host, userns_mode: host, cgroup: host":                                             "host-namespace host, host-namespace host, host-namespace host, host-namespace host, host-namespace host",
		quiet + "pid: 'container:a', network_mode: none, ipc: '${X}'":                                                          "",
		quiet + "cap_add: [sys_admin, CAP_NET_ADMIN, NET_BIND_SERVICE, ALL, '$X']":                                             "dangerous-capability sys_admin, dangerous-capability CAP_NET_ADMIN, dangerous-capability ALL",
		quiet + "volumes: ['/:/h:ro', /etc/../etc/:/e, /etc/shadow:/s, /proc/1/ns:/p, /var/lib/docker/x:/d, /dev:/d2]":         "host-mount '/, host-mount /etc/../etc/, host-mount /etc/shadow, host-mount /proc/1/ns, host-mount /var/lib/docker/x, host-mount /dev",
		quiet + "volumes: ['/etc/localtime:/etc/localtime', /home/ana/site:/site, /usr/share/x:/x, /var/www:/w, '${HOME}:/h']": "",
		quiet + "ports: ['8080:80', 80, '0.0.0.0:1:1', '[::]:2:2', '127.0.0.1:3:3']":                                           "port-on-all-interfaces '8080, port-on-all-interfaces 80, port-on-all-interfaces '0.0.0.0, port-on-all-interfaces '[",
		quiet + "ports: [{target: 81, published: '81'}, {target: 82, host_ip: 127.0.0.1}, {target: 83, host_ip: '$A'}, {target: 84, host_ip: 0.0.0.0}]":                                          "port-on-all-interfaces 81, port-on-all-interfaces 84",
		quiet + "ports: ['${P}:84', '${A}:5:5', '${Q:-127.0.0.1:6}:6', '${R-127.0.0.1}:7:7', '$Z']":                                                                                              "port-on-all-interfaces '${P, port-on-all-interfaces '$Z'",
		"security_opt: ['no-new-privileges:true'], image: nginx":                                                                                                                                 "unpinned-image nginx",
		"security_opt: ['no-new-privileges:true'], image: 'registry:5000/nginx'":                                                                                                                 "unpinned-image 'registry",
		"security_opt: ['no-new-privileges:true'], image: 'registry:5000/nginx:latest'":                                                                                                          "unpinned-image 'registry",
		"security_opt: ['no-new-privileges:true'], image: 'nginx:${TAG:-latest}'":                                                                                                                "unpinned-image 'nginx",
		"security_opt: ['no-new-privileges:true'], image: 'nginx:${TAG}'":                                                                                                                        "",
		"security_opt: ['no-new-privileges:true'], image: 'x@sha256:" + fmt.Sprintf("%064d", 1) + "'":                                                                                            "",
		"security_opt: ['no-new-privileges:true'], image: x, build: .":                                                                                                                           "",
		quiet + "environment: {DB_PASSWORD: ñandú, API_TOKEN: '', PGPASSWORD: s3, AWS_SECRET_ACCESS_KEY: k, OLD_PASS: x}":                                                                        "secret-in-environment ñandú, secret-in-environment s3, secret-in-environment k, secret-in-environment x",
		quiet + "environment: ['JWT_SECRET=abc', 'SECRET_KEY_BASE=x', 'TOKEN=$T', DB_PASSWORD, 'A_TOKEN=']":                                                                                      "secret-in-environment 'JWT_SECRET=abc', secret-in-environment 'SECRET_KEY_BASE=x'",
		quiet + "environment: {DB_PASSWORD: '${X}', DB_PASSWORD_FILE: /run/secrets/x, MYSQL_ALLOW_EMPTY_PASSWORD: 'yes', TOKEN_LIFETIME: 5m, USE_TOKEN: true, PWD: /x, SSL_PRIVATE_KEY: /k.pem}": "",
		quiet + "environment: {DB_PASSWORD: '${P:-hunter2}', A_TOKEN: '${T}', B_TOKEN: '${T:?}', C_TOKEN: '${T:-}', D_TOKEN: '${T:-${U}}', E_PASSWORD: '${F:-/run/x}'}":                          "secret-in-environment '${P",
		quiet + "environment: {DATABASE_URL: 'postgres://a:b@db/x', OTHER_URL: 'postgres://a@db/x'}":                                                                                             "secret-in-environment 'postgres",
		quiet + "build: {context: ., args: {NPM_TOKEN: abc}, privileged: true}":                                                                                                                  "secret-in-environment abc, privileged true",
	} {
		text := "services:\n  a: {" + body + "}\nvolumes: {vol: {}}\n"
		var got strings.Builder
		for _, f := range checkWith(t, Source{Name: "f", Dir: t.TempDir(), Text: []byte(text)}, levels(On, "security")) {
			if bookOf()[f.Rule].Set != "security" {
				t.Errorf("%s: %v", body, f)
			}
			line := []rune(strings.Split(text, "\n")[f.Line-1])
			at := string(line[f.Column-1:])
			got.WriteString(", " + f.Rule + " " + at[:max(strings.IndexAny(at, ",]}:"), 1)])
		}
		if diff := cmp.Diff(want, strings.TrimPrefix(got.String(), ", ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
		if found := checkSource(t, Source{Name: "f", Dir: ".", Text: []byte(text)}); len(found) > 0 {
			t.Errorf("%s: without the set: %v", body, found)
		}
	}
	text := "services: {a: {image: 'x:1', security_opt: ['no-new-privileges:true']}}\nvolumes: {v: {driver_opts: {type: none, o: bind, device: /etc}}}\n"
	found := checkWith(t, Source{Name: "f", Dir: ".", Text: []byte(text)}, levels(On, "security"))
	if len(found) != 1 || found[0].String() != "f:2:58: warning: volume v: /etc belongs to the host's system [host-mount]" {
		t.Errorf("got %v", found)
	}
}
