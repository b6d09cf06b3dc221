package engine

import "testing"

func TestOf(t *testing.T) {
	const overlay = "\nnetworks: {n: {driver: overlay}}"
	for text, want := range map[string]Kind{
		"services: {a: {image: x}}":                                                                                       {},
		"services: {a: {image: x, deploy: {replicas: 3}}}":                                                                {},
		"services: {a: {image: x, deploy: {endpoint_mode: dnsrr}}}":                                                       LikelyStack,
		"services: {a: {image: x, deploy: {placement: {constraints: [a]}}}, b: {image: y}}":                               LikelyStack,
		"services: {a: {image: x, deploy: {mode: global}}}":                                                               LikelyStack,
		"services: {a: {image: x, deploy: {mode: replicated}}}":                                                           {},
		"services: {a: {image: x, deploy: {update_config: {}}}, b: {image: y, restart: always}}":                          {},
		"services: {a: {build: ., image: x, deploy: {update_config: {}}}}":                                                {},
		"services: {a: {image: x, deploy: {mode: global, restart_policy: {condition: always}}}}":                          {},
		"services: {a: {image: x, deploy: {mode: global}, depends_on: [b]}, b: {image: y}}":                               LikelyStack,
		"services: {a: {image: x, deploy: {mode: global}, depends_on: {b: {condition: service_started}}}, b: {image: y}}": {},
		"name: x\nservices: {a: {image: x, deploy: {update_config: {}}}}":                                                 {},
		"services: {a: {deploy: {update_config: {}}}}":                                                                    {},
		"services: {a: {image: x, environment: {ID: \"{{ .Task.Slot }}\"}}}":                                              Stack,
		"services: {a: {environment: [\"ID={{.Task.Slot}}\"]}}":                                                           Stack,
		"services: {a: {image: x, hostname: '{{printf \"%s-%s\" .Service.Name .Node.ID}}'}}":                              Stack,
		"services: {a: {image: x, logging: {options: {tag: \"{{.Name}}\"}}, labels: {a: '{{.Node}}'}}}":                   {},
		"services: {a: {image: x, command: ['{{ with node }}{{ .Node.Address }}{{ end }}']}}":                             {}, // consul-template
		"services: {a: {image: x, labels: {a: '{{ .Node.Name }}'}}}":                                                      {},
		"services: {a: {image: x, command: ['--id={{ .Task.Slot }}']}}":                                                   Stack,
		"services: {a: {image: x, volumes: ['/data/{{ .Node.ID }}:/data']}}":                                              Stack,
		"services: {a: {image: x}}" + overlay:                                                                             Stack,
		"services: {a: {build: .}}" + overlay:                                                                             Stack,
		"services: {a: {image: x}}\nnetworks: {n: {driver: overlay, external: true}}":                                     {},
		"services: {a: {image: x}}\nnetworks: {n: {driver: overlay, attachable: true}}":                                   {},
		"services: {a: {networks: [n]}}" + overlay:                                                                        {}, // laid over a file with more
		overlay: {},
		"# x\n---\napiVersion: v1\nkind: Service\n": Kubernetes,
		"apiVersion: v1\nkind: x\nservices: {}\n":   {},
		"a: [":  {},
		"":      {},
		"- a\n": {},
	} {
		kind, found := Of([]byte(text))
		if kind != want || found != (want != Kind{}) {
			t.Errorf("%q: got %v, want %v", text, kind, want)
		}
	}
	for file, want := range map[string]string{"a.yaml": "-f a.yaml", "stdin": "-f -", "a b.yaml": "-f 'a b.yaml'"} {
		if got, want := Kubernetes.Explain(file), "this is a Kubernetes file: `kubectl apply "+want+"` takes it"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
