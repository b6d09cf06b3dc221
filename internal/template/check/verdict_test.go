package check

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/template/render"
)

func sameVerdict(t interface {
	Helper()
	Errorf(string, ...any)
}, doc render.Document,
) {
	t.Helper()
	wantReport, want := whole(context.Background(), doc.Bytes)
	report, err := Document(context.Background(), doc)
	if (want == nil) != (err == nil) {
		t.Errorf("got %v, a whole load says %v:\n%s", err, want, doc.Bytes)
	}
	if diff := cmp.Diff(wantReport.Sources, report.Sources); diff != "" {
		t.Errorf("reports differ (-whole +sampled):\n%s\n%s", diff, doc.Bytes)
	}
}

// FuzzVerdict changes replicas of a right document at random: what Document says
// is what a load of everything says.
func FuzzVerdict(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(propertySameVerdict))
}

func TestSameVerdict(t *testing.T) { rapid.Check(t, propertySameVerdict) }

func propertySameVerdict(t *rapid.T) {
	n := rapid.IntRange(0, 6).Draw(t, "n")
	mutate := func(text, label string) string {
		parts := strings.Split(text, "\n")
		for range rapid.IntRange(0, 2).Draw(t, label) {
			at := rapid.IntRange(0, len(parts)-1).Draw(t, "at")
			number := rapid.SampledFrom(smallNumbers).Draw(t, "number")
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				parts[at] = strings.ReplaceAll(rapid.SampledFrom(lines).Draw(t, "line"), "@", number)
			case 1:
				parts[at] += "\n" + strings.ReplaceAll(rapid.SampledFrom(lines).Draw(t, "line"), "@", number)
			case 2:
				parts[at] = strings.Replace(parts[at], "~", number, 1)
			case 3:
				parts = append(parts[:at], parts[at+1:]...)
				if len(parts) == 0 {
					return ""
				}
			}
		}
		return strings.Join(parts, "\n")
	}
	common := mutate(one, "of all")
	replicas := make([]string, n)
	for i := range replicas {
		replicas[i] = common
		if rapid.IntRange(0, 3).Draw(t, "other") == 0 {
			replicas[i] = mutate(common, "of one")
		}
	}
	sameVerdict(t, document(
		mutate(head, "of the head"), n, func(id int) string { return replicas[id-1] }, mutate(tail, "of the tail")))
}
