package render

import "testing"

func TestLists(t *testing.T) {
	const wrong = "1:7: <"
	for text, want := range map[string]string{
		`{{ formatEach "%s:9001" (.Names "joiner") | join "," }}`:                          `"joiner1:9001,joiner2:9001,joiner3:9001"`,
		`{{ formatEach "%[2]d-%[3]d@%[1]s" (list "a" "b") | join " " }}`:                   `"0-1@a 1-2@b"`,
		`{{ list "a" "b" | formatEach "%[4]s.%[1]s:%[5]d" "c1" 80 | join " " }}`:           `"c1.a:80 c1.b:80"`,
		`{{ formatEach "%s" "c1" (list "a") | join " " }}`:                                 wrong + `formatEach "%s" "c1" (list "a")>: error calling formatEach: the format "%s" has no place for the text "c1": write %[1]s for the item, %[4]s for the value behind the format`,
		`{{ formatEach "%s" | join " " }}`:                                                 wrong + `formatEach "%s">: error calling formatEach: want a format and a list, as in (formatEach "%s:9001" LIST)`,
		`{{ formatEach "%02d" (until 3) | join " " }}`:                                     `"00 01 02"`,
		`{{ formatEach "%d" (list "a") | join " " }}`:                                      wrong + `formatEach "%d" (list "a")>: error calling formatEach: the format "%d" does not fit the text "a": %d writes a whole number, %s text, and each wants an argument`,
		`{{ formatEach "x" .Values | join " " }}`:                                          wrong + `formatEach "x" .Values>: error calling formatEach: want a list, not a map of 4 keys`,
		`{{ range $i := until 3 }}{{ end }}{{ len (shard (list) 0 2) }}`:                   `0`,
		`"{{ range $i := until 3 }}{{ shard (until 8) $i 3 | join "" }} {{ end }}"`:        `"01 234 567 "`,
		`"{{ range $i := until 3 }}{{ roundRobin (until 8) $i 3 | join "" }} {{ end }}"`:   `"036 147 25 "`,
		`"{{ range $i := until 3 }}[{{ roundRobin (list "x") $i 3 | join "" }}]{{ end }}"`: `"[x][][]"`,
		`{{ shard (until 8) 3 3 | join "" }}`:                                              wrong + `shard (until 8) 3 3>: error calling shard: want the number of a share, from 0, and the number of shares, as in .Index and .Replicas, not 3 of 3`,
		`{{ shard (until 8) 0 0 | join "" }}`:                                              wrong + `shard (until 8) 0 0>: error calling shard: want the number of a share, from 0, and the number of shares, as in .Index and .Replicas, not 0 of 0`,
		`{{ position (.Names "joiner") "joiner2" }}`:                                       `1`,
		`{{ position (until 5) (sub 4 1) }}`:                                               `3`,
		`{{ position (.Names "joiner") "x" }}`:                                             wrong + `position (.Names "joiner") "x">: error calling position: the text "x" is not in the list`,
	} {
		if len(want) > len(wrong) && want[:len(wrong)] == wrong {
			if got := renderBody(t, "a: "+text); got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", text, got, want)
			}
			continue
		}
		if got := renderBody(t, "a: "+text); got != "a: "+want {
			t.Errorf("%s:\ngot  %s\nwant a: %s", text, got, want)
		}
	}
}
