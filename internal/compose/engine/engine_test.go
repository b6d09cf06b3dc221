package engine

import "testing"

func TestOf(t *testing.T) {
	for text, want := range map[string]string{
		"services: {a: {image: x}}":                                                   "",
		"services: {a: {image: x, deploy: {replicas: 3}}}":                            "",
		"services: {a: {image: x, deploy: {endpoint_mode: dnsrr}}}":                   "",
		"services: {a: {image: x, deploy: {placement: {constraints: [a]}}}}":          "",
		"services: {a: {image: x, environment: {ID: \"{{ .Task.Slot }}\"}}}":          "swarm",
		"services: {a: {image: x, environment: [\"ID={{.Task.Slot}}\"]}}":             "swarm",
		"services: {a: {image: x}}\nnetworks: {n: {driver: overlay}}":                 "swarm",
		"services: {a: {image: x}}\nnetworks: {n: {driver: overlay, external: true}}": "",
		"# x\n---\napiVersion: v1\nkind: Service\n":                                   "kubernetes",
		"apiVersion: v1\nkind: x\nservices: {}\n":                                     "",
		"a: [":  "",
		"":      "",
		"- a\n": "",
	} {
		kind, found := Of([]byte(text))
		if kind.Target != want || found != (want != "") {
			t.Errorf("%q: got %v, want %q", text, kind, want)
		}
	}
	if got, want := Kubernetes.Explain("a.yaml"), "this is a Kubernetes file: `kubectl apply -f a.yaml` takes it"; got != want {
		t.Errorf("got %s", got)
	}
}
