package check

import (
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/template/render"
)

// What depends on variables is no reason to refuse a document, wherever it is.
func TestVariables(t *testing.T) {
	service := func(text string) string { return "services: {a: {image: x, " + text + "}, b: {image: x}}\n" }
	for _, text := range []string{
		// The anchor is in what is left out.
		"x-tag: &t ${TAG}\nservices: {a: {image: *t, privileged: *t}}\n",
		service(`ports: [{target: &p 80, published: "${P}"}], expose: [*p]`),
		service(`command: [&c "${P}"], entrypoint: [*c]`),
		"services: {a: {image: &i \"${P}\", container_name: *i}}\n",
		"x-port: &p {target: 80, published: \"${P}\"}\nservices: {a: {image: x, ports: [*p]}}\n",
		"x-base: &b {image: x, privileged: \"${ROOT}\"}\nservices: {a: {<<: *b}, b: {<<: [*b]}}\n",
		// Not to be left out.
		service(`ulimits: {nofile: {soft: "${S}", hard: 10}}`),
		service(`depends_on: {b: {condition: "${C}"}}`),
		service(`healthcheck: {test: ["${KIND}", x]}`),
		service(`extends: {service: "${S}"}`),
		service(`build: {context: "${X}", args: ["A=${X}"], secrets: ["${S}"]}`),
		service(`deploy: {resources: {limits: {cpus: "${C}"}, reservations: {devices: [{capabilities: ["${G}"]}]}}}`),
		"services: {a: {extends: \"${S}\"}, b: {provider: {type: \"${T}\"}}}\n",
		"services: {a: {image: x}}\nmodels: {m: {model: \"${M}\"}}\n",
		"services: {a: {image: x}}\nconfigs: {c: {external: \"${E}\"}}\nsecrets: {c: {external: \"${E}\", name: c}}\n",
		// Of whom nobody knows the subnets.
		"services: {a: {image: x, networks: {n: {ipv4_address: 10.0.0.5}}}}\nnetworks: {n: {ipam: {config: [{subnet: \"${NET}\"}]}}}\n",
		"services: {a: {image: x, networks: {n: {ipv4_address: 10.0.0.5}}}}\nnetworks: {n: {external: \"${E}\"}}\n",
		// Several in one scalar.
		"services: {a: {image: \"${REGISTRY:-docker.io}/x:${TAG}\", privileged: \"${A:-x}${B}\"}}\n",
		"services: {a: {image: \"${A:-${B}}\"}, b: {image: \"${C:+x}\"}}\n",
		// Several documents, and comments.
		"services: {a: {image: \"${X}\"}}\n---\nservices: {b: {image: \"${X}\"}}\n",
		"services: # a\n  a: # b\n    # c\n    image: ${X} # d\n  # e\n\n  b: {image: x, # f\n   command: [a, # g\n ]}\n",
	} {
		if _, err := Document(t.Context(), render.Document{Bytes: []byte(text)}); err != nil {
			t.Errorf("%s%v", text, err)
		}
	}
}

// What does not is.
func TestKnownBesideVariables(t *testing.T) {
	for text, want := range map[string]string{
		"x-v: ${X}\nservices: {a: {image: x, ports: [\"${P}:80\", 1:99999999]}}\n":                                                                               "99999999",
		"services:\n  a:\n    image: ${X}\n    privileged: soon\n":                                                                                               "line 4 of the document, \"privileged: soon\": ",
		"services:\n  a:\n    image: ${X}\n    ports: [{target: 80, publishd: \"${P}\"}]\n":                                                                      "line 4 of the document, ",
		"services:\n  a: {image: \"${X}\", depends_on: [b]}\n  b: {image: x, depends_on: [a, \"$X\"]}\n":                                                         "services wait for each other",
		"services:\n  a: {image: \"${X-}\"}\n":                                                                                                                   "line 2 of the document, \"a: {image: \\\"${X-}\\\"}\": service \"a\" has neither an image nor a build context",
		"services:\n  a: {image: \"${X:-x}\", privileged: \"${P:-maybe}\"}\n":                                                                                    `"maybe" is not a boolean: write true or false`,
		"services:\n  a: {image: \"${X}\", networks: {n: {ipv4_address: 10.0.0.5}}}\nnetworks: {n: {name: \"${N}\", ipam: {config: [{subnet: 10.1.0.0/24}]}}}\n": "is in no subnet of network n",
		"services:\n  a: &a {image: \"${X}\", x-a: *a}\n":                                                                                                        "contains itself",
		"${X}":       "want a mapping with services",
		"[\"${X}\"]": "want a mapping with services",
		"# ${X}\n":   "there is nothing in it",
	} {
		if _, err := Document(t.Context(), render.Document{Bytes: []byte(text)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%sgot %v, want %s", text, err, want)
		}
	}
}
