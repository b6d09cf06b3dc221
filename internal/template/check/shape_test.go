package check

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/template/render"
)

// bodyLines are what a service of the property test may have, right and wrong. N is a number, and O the name of a service.
var bodyLines = []string{
	"container_name: cN", "container_name: 'c N'", "hostname: hN", "image: y:N", "image: 'Y N'", "build: ./bN", "build: {context: ./bN, args: {A: 'N'}}",
	"environment: {A: 'N', B: N}", "environment: ['A=N', 'B=N']", "environment: ['A=N', 'A=N']", "environment: {A: [N]}", "environment: {A: 0N}", "environment: ['AN']",
	"environment: {A: '$X'}", "environment: {A: '${X'}", "labels: {a: 'N'}", "labels: ['a=N', 'a=1']", "command: [a, 'N', '--x=N']", "command: a N", "command: \"a 'N\"", "command: [a, N]",
	"ports: ['800N:80']", "ports: ['N:N', '1:1']", "ports: [N, 1]", "ports: ['7000N:80']", "ports: ['1-N:2-5']", "ports: [{target: N, published: '9N'}]", "ports: [{target: 8000N}]", "ports: ['0N:80']", "ports: ['127.0.0.1:9N:80/udp']",
	"expose: [N, 3]", "expose: ['N', '3']", "volumes: ['vN:/d']", "volumes: ['v1:/d', 'vN:/d']", "volumes: ['./d:/a', './N:/a']", "volumes: ['./N:/a:ro']", "volumes: ['./N:/a:q']", "volumes: [{type: bind, source: ./N, target: /a}]",
	"volumes: [{type: volume, source: vN, target: /a}]", "volumes: ['/N']", "volumes: ['N:b']", "configs: [cN]", "configs: [{source: cN, target: /cN}]", "secrets: [cN]", "depends_on: [O]", "depends_on: [O, O]", "depends_on: {O: {condition: service_started}}",
	"depends_on: {O: {condition: service_sN}}", "depends_on: [s1, s2]", "networks: {n: {ipv4_address: 10.0.0.N}}", "networks: {n: {ipv4_address: 10.0.0.99N}}", "networks: [n]", "networks: [nN]", "networks: {n: {aliases: [aN, a1]}}", "networks: {n: {}}",
	"healthcheck: {test: [CMD, 'N'], interval: Ns}", "healthcheck: {test: ['N']}", "healthcheck: {test: [CMD-SHELL, 'N'], retries: N}", "mem_limit: Nm", "mem_limit: N", "mem_limit: Nx", "cpus: 'N'", "network_mode: 'service:O'", "links: [O]",
	"env_file: ./eN", "env_file: [eN, e1]", "user: N", "scale: N", "1: x", "restart: alwaysN", "tmpfs: [/tN, /t1]", "extra_hosts: ['a:10.0.0.N']", "x-a: N", "ulimits: {nofile: N}", "stop_grace_period: Ns", "logging: {options: {max-size: 'N'}}", "deploy: {replicas: N}",
}

// A document that is right by its shapes is right as a whole, and one that is wrong by the rules is wrong as a whole.
func TestShapesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.IntRange(1, 6)
		kinds := rapid.SliceOfN(rapid.SliceOfN(rapid.IntRange(0, len(bodyLines)-1), 0, 3), 1, 2).Draw(t, "kinds")
		count := rapid.IntRange(2, 5).Draw(t, "services")
		var text strings.Builder
		text.WriteString("services:\n")
		for i := range count {
			fmt.Fprintf(&text, "  s%d:\n    stdin_open: true\n", i+1)
			seen := map[string]bool{"image": true}
			own := "    image: x\n"
			for _, at := range kinds[i%len(kinds)] {
				line := bodyLines[at]
				key, _, _ := strings.Cut(line, ":")
				if seen[key] && key != "image" || key == "image" && own == "" {
					continue
				}
				seen[key] = true
				for strings.Contains(line, "N") {
					line = strings.Replace(line, "N", strconv.Itoa(number.Draw(t, "n")), 1)
				}
				for strings.Contains(line, "O") {
					line = strings.Replace(line, "O", fmt.Sprintf("s%d", number.Draw(t, "other")), 1)
				}
				if key == "image" {
					own = ""
				}
				text.WriteString("    " + line + "\n")
			}
			text.WriteString(own)
		}
		text.WriteString("networks: {n: {ipam: {config: [{subnet: 10.0.0.0/16}]}}}\nvolumes:\n  v1:\n  v2:\n  v3: {}\nconfigs: {c1: {file: ./1}, c2: {file: ./2}, c3: {content: x}}\nsecrets: {c1: {file: ./1}, c2: {environment: X}}\n")
		_, ok, byShapes := shaped(t.Context(), render.Document{Bytes: []byte(text.String())}, composeNodes)
		if !ok {
			return
		}
		if _, err := whole(t.Context(), []byte(text.String())); (err == nil) != (byShapes == nil) {
			t.Fatalf("%s\nby shapes: %v\nas a whole: %v", text.String(), byShapes, err)
		}
	})
}

func shaped(ctx context.Context, doc render.Document, limit nodeLimits) (Report, bool, error) {
	s, alike := newSample(doc)
	return byShape(ctx, s, alike, limit)
}

// The reduction has one service of each shape, and what it names.
func TestReduce(t *testing.T) {
	const text = `name: p
services:
  a1: {image: "x:1", ports: ["8001:80"], volumes: ["v1:/d"], depends_on: {b1: {condition: service_started}, b2: {condition: service_started}}}
  a2: {image: "x:2", ports: ["8002:80"], volumes: ["v2:/d"], depends_on: {b2: {condition: service_started}, b1: {condition: service_started}}}
  a3: {image: "x:3", ports: ["80:80"], volumes: ["v3:/d"], depends_on: {b2: {condition: service_started}}}
  b1: {image: y, environment: [A=1]}
  b2: {image: y, environment: [A=2]}
volumes:
    v1:
    v2:
    v3:
    v4: {external: true}
`
	root, ok := parse([]byte(text))
	if !ok {
		t.Fatal("not read")
	}
	r := reduction{root: root, limit: composeNodes}
	parts, ok := r.reduce()
	const want = `name: p
services:
    a1: {image: "x:1", ports: ["8001:80"], volumes: ["v1:/d"], depends_on: {waited-for-by-composer-0: {condition: service_started}}}
    a3: {image: "x:3", ports: ["80:80"], volumes: ["v3:/d"], depends_on: {waited-for-by-composer-0: {condition: service_started}}}
    b1: {image: y, environment: [A=1]}
    waited-for-by-composer-0:
        image: image
volumes:
    v1:
    v3:
    v4: {external: true}
`
	if !ok || len(parts) != 1 || string(parts[0]) != want {
		t.Errorf("got %v\n%s", ok, parts)
	}
}

// What reaches beyond a service rules a reduction out.
func TestNotReduced(t *testing.T) {
	for name, text := range map[string]string{
		"one of each":         "services: {a: {image: x}, b: {image: x, tty: true}}",
		"a key twice":         "services: {a: {image: x}, b: {image: x, image: x}}",
		"a tag":               "services: {a: {image: x}, b: {image: !!str x}}",
		"an alias":            "services: {a: {image: &i x}, b: {image: *i}}",
		"jobs":                "services: {a: {image: x}, b: {image: x}}\njobs: {}",
		"include":             "services: {a: {image: x}, b: {image: x}}\ninclude: []",
		"extends":             "services: {a: {image: x}, b: {image: x}, c: {extends: a}}",
		"a missing volume":    "services: {a: {image: x, volumes: ['v:/d']}, b: {image: x, volumes: ['w:/d']}}\nvolumes: {v: }",
		"a missing service":   "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [c]}}",
		"a circle":            "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}",
		"waiting for oneself": "services: {a: {image: x, depends_on: [a]}, b: {image: x, depends_on: [a]}}",
		"a number as a key":   "services: {a: {image: x}, b: {image: x, labels: {1: x}}}",
		"two documents":       "services: {a: {image: x}, b: {image: x}}\n---\nname: x",
	} {
		if _, ok, err := shaped(t.Context(), render.Document{Bytes: []byte(text + "\n")}, composeNodes); ok || err != nil {
			t.Errorf("%s: it was reduced, error %v", name, err)
		}
	}
}

// A document with more nodes than compose-go reads is checked in parts, and what is wrong has its place.
func TestManyNodes(t *testing.T) {
	var text strings.Builder
	text.WriteString("services:\n")
	for i := range 9 {
		fmt.Fprintf(&text, "  s%d:\n    image: x\n    environment:\n      VAR%d: x\n    depends_on: [s%d]\n", i, i, i+1)
	}
	text.WriteString("  s9:\n    image: x\n")
	few := nodeLimits{whole: 30, part: 20}
	if _, ok, err := shaped(t.Context(), render.Document{Bytes: []byte(text.String())}, few); !ok || err != nil {
		t.Errorf("got %v, error %v", ok, err)
	}
	root, _ := parse([]byte(text.String()))
	r := reduction{root: root, limit: few}
	if parts, _ := r.reduce(); len(parts) != 5 {
		t.Errorf("got %d parts", len(parts))
	}
	text.WriteString("    stop_grace_period: long\n")
	_, ok, err := shaped(t.Context(), render.Document{Bytes: []byte(text.String())}, few)
	if !ok || err == nil {
		t.Fatalf("got %v, error %v", ok, err)
	}
	err = explain(t.Context(), []byte(text.String()), err)
	if want := `line 49 of the document, "stop_grace_period: long": `; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
