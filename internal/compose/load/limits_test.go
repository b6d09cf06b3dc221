package load

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// layers returns 20 layers of services, of which each waits for all of the layer before it.
func layers(width int) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for layer := range 20 {
		for i := range width {
			fmt.Fprintf(&b, "  l%dk%d:\n    image: x\n", layer, i)
			for j := range width {
				if j == 0 && layer > 0 {
					b.WriteString("    depends_on:\n")
				}
				if layer > 0 {
					fmt.Fprintf(&b, "      - l%dk%d\n", layer-1, j)
				}
			}
		}
	}
	return b.String()
}

// compose-go would take hours, or gigabytes, for each of these.
func TestHuge(t *testing.T) {
	ports := func(services int) string {
		return strings.Join(append([]string{"services:\n"}, func() (all []string) {
			for i := range services {
				all = append(all, fmt.Sprintf("  s%d:\n    image: ñ\n    ports: [ñ, '${FROM:-1}-65535:1-65535/udp']\n", i))
			}
			return all
		}()...), "")
	}
	all := strings.Builder{}
	for i := range 40 {
		fmt.Fprintf(&all, "  s%d: {image: x, depends_on: [", i)
		for j := range i {
			fmt.Fprintf(&all, "s%d, ", j)
		}
		all.WriteString("]}\n")
	}
	for name, tt := range map[string]struct{ text, want string }{
		"layers":     {layers(7), ""},
		"each other": {"services:\n" + all.String(), ""},
		"circle":     {layers(7) + "  end:\n    image: ñ\n    depends_on: [l0k0, end]\n", "f.yaml:1348:24: dependency cycle detected: end -> end"},
		"undefined":  {layers(7) + "  end:\n    image: x\n    depends_on: {l19k6: {condition: service_started}, u: {condition: service_started}}\n", `f.yaml:1348:55: service "end" depends on undefined service "u"`},
		"ports":      {ports(10), "f.yaml:7:16: up to here the services have more than 100000 ports"},
		"nested":     {"services: {a: {image: '" + strings.Repeat("${A:-", 5000) + strings.Repeat("}", 5000) + "'}}", "f.yaml:1:23: more than 50 variables are nested"},
		"many":       {"services: {a: {image: '" + strings.Repeat("${A:-x}", 9000) + "'}}", "f.yaml:1:23: up to here there are too many variables in long lines"},
		"unclosed":   {"services: {a: {image: '" + strings.Repeat("${A:-", 5000) + "'}}", "f.yaml:1:23: up to here there are too many variables in long lines"},
		"command":    {"services: {a: {image: x, command: " + strings.Repeat("x", 100_000) + "}}", "f.yaml:1:35: up to here the commands are too long"},
		"hooks":      {"services: {a: {image: x, post_start: [{command: a}, {command: " + strings.Repeat("x", 100_000) + "}]}}", "f.yaml:1:63: up to here the commands are too long"},
		"arguments":  {"services: {a: {image: x, command: [" + strings.Repeat("x", 1_000_000) + "]}}", ""},
		"values":     {"x-a: [" + strings.Repeat("a, ", 100_000) + "]", "f.yaml:1:300001: up to here there are more than 100000 values"},
		"aliases":    {"x-a: &a [" + strings.Repeat("a, ", 1000) + "]\nx-b: [" + strings.Repeat("*a, ", 101) + "]", "f.yaml:2:403: up to here aliases add more than 100000 values"},
		"all alias":  {"x-a: &a [a, b, c, d, e, f, g, h, i, j]\nx-b: &b [" + strings.Repeat("*a, ", 10) + "]\nx-c: &c [" + strings.Repeat("*b, ", 10) + "]\nx-d: [" + strings.Repeat("*c, ", 5) + "]", "f.yaml:4:7: aliases make more than 99% of the values"},
		"documents":  {strings.Repeat("services: {a: {image: x}}\n---\n", 501) + "services: {}", "f.yaml:1001:1: more than 500 YAML documents"},
		"needs":      {"services: {a: {image: x}, b: {image: x, links: [" + strings.Repeat("a, ", 20_000) + "]}}", ""},
		"uses":       {"x-a: &a A=b\nservices: {a: {image: ñ, environment: [" + strings.Repeat("*a, ", 7000) + "]}}", `f.yaml:2:25340: up to here the anchor "a" has 6326 aliases`},
		"some uses":  {"x-a: &a [a, b]\nx-b: &b [" + strings.Repeat("*a, ", 20) + "]\nservices: {a: {image: x}}\nx-c: [" + strings.Repeat("*b, ", 350) + "]", ""},
		"tags":       {"services: {a: {image: x, command: [" + strings.Repeat("!override [], ", 5000) + "]}}", "f.yaml:1:62574: up to here there are too many values with !reset or !override"},
	} {
		_, err := Load(t.Context(), []byte(tt.text), Options{File: "f.yaml", Dir: t.TempDir(), Project: "p"})
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)):
			t.Errorf("%s: got %v, want %s", name, err, tt.want)
		}
	}
}

// What services wait for is checked here as compose-go does it.
func TestDependenciesLikeCompose(t *testing.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		b.WriteString("services:\n")
		for _, s := range []string{"a", "b", "c"} {
			fmt.Fprintf(&b, "  %s:\n    image: x\n", s)
			if rapid.IntRange(0, 3).Draw(t, "profile") == 0 {
				b.WriteString("    profiles: [p]\n")
			}
			for i, other := range rapid.SliceOfNDistinct(name, 0, 2, func(s string) string { return s }).Draw(t, "needs") {
				if i == 0 {
					b.WriteString("    depends_on:\n")
				}
				if other == s {
					continue // compose-go finds such a circle by chance only
				}
				fmt.Fprintf(&b, "      %s: {condition: service_healthy, required: %t, restart: true, x-a: 1}\n", other, rapid.IntRange(0, 3).Draw(t, "required") > 0)
			}
			if linked := name.Draw(t, "linked"); rapid.IntRange(0, 3).Draw(t, "link") == 0 && linked != s {
				fmt.Fprintf(&b, "    links: [%s]\n", linked)
			}
		}
		var profiles []string
		if rapid.Bool().Draw(t, "all") {
			profiles = []string{"p"}
		}
		want, theirs := loader.LoadWithContext(context.Background(), types.ConfigDetails{
			WorkingDir:  "/",
			ConfigFiles: []types.ConfigFile{{Filename: "/compose.yaml", Content: []byte(b.String())}},
			Environment: map[string]string{},
		}, func(o *loader.Options) {
			o.SetProjectName("p", false)
			o.Profiles, o.ResolvePaths, o.SkipResolveEnvironment, o.SkipResolveLabels = profiles, false, true, true
		})
		got, ours := Load(context.Background(), []byte(b.String()), Options{Project: "p", Profiles: profiles})
		if (theirs == nil) != (ours == nil) {
			t.Fatalf("compose-go says %v, and we %v, of\n%s", theirs, ours, b.String())
		}
		if theirs != nil {
			return
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-want +got):\n%s\n%s", diff, b.String())
		}
	})
}

// compose-go does not look at a context.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("a signal")
	cancel(reason)
	for range 20 {
		_, err := Load(ctx, []byte(layers(20)), Options{Project: "p"})
		if errors.Is(err, reason) {
			return
		}
	}
	t.Error("Load does not end with its context")
}
