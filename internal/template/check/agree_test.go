package check

import (
	"testing"

	"github.com/tp0-lab/composer/internal/compose/lint"
	"github.com/tp0-lab/composer/internal/template/render"
)

// Lint and check read one rule book: a document has errors for both or for none.
func TestLintAgrees(t *testing.T) {
	const subnets = "services: {a: {image: x, networks: [n, m]}}\nnetworks: {n: {ipam: {config: [{subnet: 10.5.0.0/16}]}}, m: {ipam: {config: [{subnet: "
	for text, wrong := range map[string]bool{
		"services: {a: {image: x, ports: ['80:80']}, b: {image: x, ports: ['80:81']}}\n":                                      true,
		"services: {a: {image: x, ports: ['127.0.0.1:80:80']}, b: {image: x, ports: ['127.0.0.2:80:81']}}\n":                  false,
		"services: {a: {image: x, ports: ['80:80', '80:81']}}\n":                                                              true,
		"services: {a: {image: x, ports: ['80-81:80']}, b: {image: x, ports: ['80-81:80']}}\n":                                false,
		"services: {a: {image: x, scale: 2, ports: ['80:80']}}\n":                                                             false,
		"services: {a: {image: x, container_name: w1, profiles: [p]}, b: {image: x, container_name: w1, profiles: [q]}}\n":    false,
		"services: {a: {image: x, container_name: w1, profiles: [p]}, b: {image: x, container_name: w1, profiles: [p, q]}}\n": true,
		"services: {a: {image: x, container_name: 'ñ'}}\n":                                                                    true,
		"services: {a: {image: x, hostname: h}, b: {image: x, hostname: h}}\n":                                                false,
		subnets + "10.5.1.0/24}]}}}\n": true,
		subnets + "10.6.1.0/24}]}}}\n": false,
		subnets + "10.6.1.7/24}]}}}\n": true,
		"services: {a: {image: x, scale: 2, networks: {n: {ipv4_address: 10.5.0.9}}}}\nnetworks: {n: {ipam: {config: [{subnet: 10.5.0.0/16}]}}}\n": true,
		"services: {a: {image: x, scale: 6, networks: [n]}}\nnetworks: {n: {ipam: {config: [{subnet: 10.5.0.0/29}]}}}\n":                           true,
		"services: {a: {image: x, scale: 1024}}\n":                     true,
		"services: {a: {image: x, scale: 1024, network_mode: none}}\n": false,
	} {
		_, checked := Document(t.Context(), render.Document{Bytes: []byte(text)})
		found, err := lint.Check(t.Context(), lint.Source{Text: []byte(text)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		linted := false
		for _, f := range found {
			linted = linted || f.Severity == lint.Error
		}
		if linted != wrong || (checked != nil) != wrong {
			t.Errorf("%sgot %v, and from lint %v, want an error: %v", text, checked, found, wrong)
		}
	}
}
