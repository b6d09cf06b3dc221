package verify

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A refused batch has an answer of its own. That is known only beside the answer to a batch that the server stores.
func TestRefusedAudibly(t *testing.T) {
	const stored = "2," + goodName + ",Sosa," + goodDocument + ",1990-01-06,6\n"
	bad := func(answer string) *link {
		return &link{client: "10.0.0.3", sent: []byte("|" + badName + "|"), answered: []byte(answer)}
	}
	good := func(client, answer string) *link {
		return &link{client: client, sent: []byte("|" + goodName + "|"), answered: []byte(answer)}
	}
	for name, tt := range map[string]struct {
		links    []*link
		file     string
		problems int
	}{
		"alike":                        {[]*link{bad("ok"), good("10.0.0.4", "ok")}, stored, 1},
		"alike, from the same address": {[]*link{bad("ok"), good("10.0.0.3", "ok")}, stored, 1},
		"alike, and both are refused":  {[]*link{bad("no"), good("10.0.0.4", "no")}, "", 0},
		"another":                      {[]*link{bad("no"), good("10.0.0.4", "ok")}, stored, 0},
		"another on a later connection that asks for nothing": {[]*link{bad("no"), good("10.0.0.4", "ok"), {client: "10.0.0.3"}}, stored, 0},
		"none to the bad one": {[]*link{bad(""), good("10.0.0.4", "ok")}, stored, 0},
		"none at all":         {[]*link{bad(""), good("10.0.0.4", "")}, stored, 0},
	} {
		tr := &trial{ctx: t.Context(), site: &site{stage: "ej6"}, journal: newJournal(), lab: scriptedLab{diskLab{text: tt.file}}}
		refusedAudibly(tr, &relay{links: tt.links})
		if diff := cmp.Diff(tt.problems, len(tr.problems)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
