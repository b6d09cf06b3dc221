package render

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/values"
)

// A value of a kind, for all or for one of its replicas, is read by its name, or with all values of the kind.
func TestUnreadValues(t *testing.T) {
	const unread = "no template reads it: have x"
	for text, want := range map[string]string{
		`{{ range .Kinds.filter }}{{ .Values.filter.x }}{{ end }}`:              unread,
		`{{ .Counts.filter }}{{ .Values.filter.x }}`:                            unread,
		`{{ range .Kinds.filter }}{{ toYaml .Values.filter }}{{ end }}`:         "",
		`{{ .Values.filter.x }}{{ toJson (index .Values "filter") }}`:           "",
		`{{ .Values.filter.x }}{{ with .Values }}{{ toJson .filter }}{{ end }}`: "",
		`{{ .Values.filter.x }}{{ .Values.filter.memry }}`:                      "",
	} {
		for _, set := range []string{"filter.memry=9g", "replicas.filter2.memry=9g"} {
			b, err := bundle.Open(kinds("# " + text))
			if err != nil {
				t.Fatal(err)
			}
			b.Overlay = &values.Overlay{}
			b.Overlay.AddKey("--set", values.YAML, set)
			e, err := New(b)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, p := range e.UnreadValues("one") {
				got += p.What
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, --set %s (-want +got):\n%s", text, set, diff)
			}
		}
	}
}
