package check

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
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
		agree(t, text, wrong)
	}
}

// agree checks a text with both, and that both find an error or none does.
func agree(t *testing.T, text string, wrong bool) {
	t.Helper()
	_, checked := Document(t.Context(), render.Document{Bytes: []byte(text)})
	linted := lintErrors(t.Context(), []byte(text))
	if len(linted) > 0 != wrong || (checked != nil) != wrong {
		t.Errorf("%sgot %v, and from lint %v, want an error: %v", text, checked, linted, wrong)
	}
}

// lintErrors returns the errors that lint finds in a text.
func lintErrors(ctx context.Context, text []byte) (errors []lint.Finding) {
	found, _ := lint.Check(ctx, lint.Source{Text: text}, nil)
	for _, f := range found {
		if f.Severity == lint.Error && f.Rule != "missing-file" { // render knows no place of the document's
			errors = append(errors, f)
		}
	}
	return errors
}

// Each rule's example in docs/lint.md breaks it for render as for lint, and the mended one for neither.
func TestLintAgreesOnEachRule(t *testing.T) {
	page, err := os.ReadFile("../../../docs/lint.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for _, section := range strings.Split(string(page), "\n#### `")[1:] {
		name, _, _ := strings.Cut(section, "`")
		rule := slices.IndexFunc(lint.Rules(), func(r lint.Rule) bool { return r.Name == name })
		examples := blocks.FindAllStringSubmatch(section, -1)
		if name == "missing-file" || len(examples) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			// a document is no part of a project
			agree(t, examples[0][1], lint.Rules()[rule].Severity == lint.Error || name == "part-of-project")
			agree(t, examples[1][1], false)
		})
	}
}
