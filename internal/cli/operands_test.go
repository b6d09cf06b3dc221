package cli

import (
	"strings"
	"testing"
)

func TestOperandsLast(t *testing.T) {
	commands := newApp(&Streams{}).Commands
	for _, test := range []struct{ line, want string }{
		{"diff ej5 ej6 -n 1 --json", "diff -n 1 --json ej5 ej6"},
		{"diff ej5 -n 1 ej6", "diff -n 1 ej5 ej6"},
		{"diff ej5 --set=a=b ej6", "diff --set=a=b ej5 ej6"},
		{"diff --json ej5 ej6", "diff --json ej5 ej6"},
		{"lint a.yaml - --strict", "lint --strict a.yaml -"},
		{"lint --strict -- --a.yaml b.yaml", "lint --strict -- --a.yaml b.yaml"},
		{"lint a.yaml -- -x --strict", "lint -- a.yaml -x --strict"},
		{"lint a.yaml --nope b.yaml", "lint --nope a.yaml b.yaml"},
		{"lint a.yaml --format", "lint --format"},
		{"config check a.yaml --json", "config check --json a.yaml"},
		{"config nope --json", "config nope --json"},
		{"nope ej5 --json", "nope ej5 --json"},
		{"help config show", "help config show"},
		{"render -n5 -n client=7 -x5", "render -n 5 -n client=7 -x5"},
		{"render -nclient=7 -oa.yaml -n=5", "render -n client=7 -o a.yaml -n=5"},
		{"render -n 5 --replicas client=7 --replicas=a=1 -nb=2", "render -n 5 -n client=7 -n=a=1 -n b=2"},
		{"data generate --force -f", "data generate --force --force"},
		{"render -stage ej5 -o- -h", "render -stage ej5 -o - -h"},
		{"data generate -f5 -oa -b1,2", "data generate -f5 -o a -b 1,2"},
		{"", ""},
	} {
		got, err := operandsLast(commands, append([]string{"composer"}, strings.Fields(test.line)...))
		if err != nil {
			t.Errorf("%s: %v", test.line, err)
			continue
		}
		if strings.Join(got[1:], " ") != test.want {
			t.Errorf("%s: got %q, want %q", test.line, got[1:], test.want)
		}
	}
}
