package render

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

// renderBody returns a document of kinds, or its error without the stage and the file.
func renderBody(t *testing.T, text string, more ...string) string {
	t.Helper()
	b, err := bundle.Open(kinds(text, more...))
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(b)
	if err != nil {
		return strings.TrimPrefix(err.Error(), "parse templates: compose.yaml.tmpl:")
	}
	doc, err := e.Render("one", 2)
	if err != nil {
		return strings.TrimPrefix(err.Error(), "render stage one: compose.yaml.tmpl:")
	}
	return string(doc.Bytes)
}

// What is not there is the same error in every form.
func TestLookups(t *testing.T) {
	const joiner = `map has no entry for key "jonier", did you mean joiner?`
	for _, test := range []struct{ text, want string }{
		{"a:{{ range .Kinds.jonier }}\n  - x{{ end }}", "1:18: <.Kinds.jonier>: " + joiner},
		{"a:{{ range index .Kinds \"jonier\" }}\n  - x{{ end }}", `1:12: <index .Kinds "jonier">: ` + joiner},
		{"a:{{ range get .Kinds \"jonier\" }}\n  - x{{ end }}", `1:12: <get .Kinds "jonier">: ` + joiner},
		{"a:{{ range .Names \"jonier\" }}\n  - x{{ end }}", `1:12: <.Names>: ` + joiner},
		{`a: {{ .Counts.jonier }}`, `1:14: <.Counts.jonier>: ` + joiner},
		{`a: {{ index .Counts "jonier" }}`, `1:7: <index .Counts "jonier">: ` + joiner},
		{`a: {{ get .Counts "jonier" }}`, `1:7: <get .Counts "jonier">: ` + joiner},
		{`a: {{ (index .Values "jonier").x }}`, `1:8: <index .Values "jonier">: ` + joiner},
		{`a: {{ index .Values "joiner" "why" }}`, `1:7: <index .Values "joiner" "why">: map has no entry for key "why": have x; if it need not be there, write (get … "why")`},
		{`a: {{ index .Counts "joiner" }}{{/* */}}`, `a: 3`},
		{`a: {{ get .Counts "joiner" }}`, `a: 3`},
		{`a: {{ hasKey .Counts "joiner" }}`, `a: true`},
		{`a: {{ dig "joiner" 0 .Counts }}`, `a: 3`},
		{`a: {{ keys .Kinds | sortAlpha | join " " }}`, `a: "filter joiner sink"`},
		{"a:{{ range index .Kinds \"joiner\" }}\n  - {{ .Name }}{{ end }}", "a:\n  - joiner1\n  - joiner2\n  - joiner3"},
		{`a: {{ get .Values "nothing" }}`, `a: ""`},
	} {
		if got := renderBody(t, test.text); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.text, got, test.want)
		}
	}
}

// A kind without replicas is nothing in a condition, and an empty list to go through.
func TestKindWithoutReplicas(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`a: "{{ if .Kinds.sink }}x{{ end }}{{ if .Kinds.joiner }}y{{ end }}"`, `a: "y"`},
		{`a: "{{ with .Kinds.sink }}x{{ else }}none{{ end }}"`, `a: "none"`},
		{`a: {{ not .Kinds.sink }}`, `a: true`},
		{`a: {{ empty .Kinds.sink }}`, `a: true`},
		{`a: {{ empty .Kinds.joiner }}`, `a: false`},
		{`a: "{{ if and .Kinds.sink .Stage }}x{{ end }}"`, `a: ""`},
		{`a: "{{ if index .Kinds "sink" }}x{{ end }}"`, `a: ""`},
		{"a: b{{ if .Kinds.sink }}\nvolumes:{{ range .Kinds.sink }}\n  {{ .Name }}:{{ end }}{{ end }}", "a: b"},
		{"a:{{ range .Kinds.sink }}\n  - x{{ else }}\n  - none{{ end }}", "a:\n  - none"},
		{"a:{{ range index .Kinds \"sink\" }}\n  - x{{ else }}\n  - none{{ end }}", "a:\n  - none"},
		{"a:{{ range $r := .Kinds.sink }}\n  - {{ $r.Name }}{{ else }} []{{ end }}", "a: []"},
		{"a:{{ range $i, $r := .Kinds.sink }}\n  - x{{ end }}", "1:12: <$i, $r := .Kinds.sink>: replicas have one variable, as in {{ range $r := .Kinds.sink }}: the number from 0 is then $r.Index"},
		{`a: {{ len .Kinds.sink }}`, "1:7: <len .Kinds.sink>: these are replicas: write .Counts.sink for their number"},
		{`a: {{ index .Kinds.sink 0 }}`, `1:7: <index .Kinds.sink 0>: these are replicas, which have no numbers here: write index (.Names "sink") N for a name, or range over them`},
		{`a: {{ .Kinds.sink }}`, "1:7: these are replicas, and a single value has to stand here: range over them"},
		{`a: {{ print .Kinds.sink }}`, `1:7: <print .Kinds.sink>: error calling print: cannot write replicas as text: range over them, or write (.Names "sink") for their names`},
	} {
		if got := renderBody(t, test.text); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.text, got, test.want)
		}
	}
}

// A message says what there was, what to write, and in which replica.
func TestWrongArguments(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"a:{{ range $i, $r := .Kinds.joiner }}\n  - x{{ end }}", "1:12: <$i, $r := .Kinds.joiner>: replicas have one variable, as in {{ range $r := .Kinds.joiner }}: the number from 0 is then $r.Index"},
		{`a: {{ len .Kinds.joiner }}`, "1:7: <len .Kinds.joiner>: these are replicas: write .Counts.joiner for their number"},
		{`a: {{ index .Kinds.joiner 0 }}`, `1:7: <index .Kinds.joiner 0>: these are replicas, which have no numbers here: write index (.Names "joiner") N for a name, or range over them`},
		{"a:{{ range .Values.word }}\n  - x{{ end }}", `1:12: <.Values.word>: range wants a list, a map, replicas or a number, not the text "hello"`},
		{"a:{{ range get .Values \"no\" }}\n  - x{{ end }}", `1:12: <get .Values "no">: range wants a list, a map, replicas or a number, not the text "": write {{ with … }} around it, or (… | default list), if there need not be one`},
		{"a:{{ range $i, $n := 5 }}\n  - x{{ end }}", `1:12: <$i, $n := 5>: the number 5 has one variable, which counts from 0, as in {{ range $i := … }}`},
		{"a:{{ range .Kinds.joiner }}\n  - {{ index (list 1 2) .ID }}{{ end }}", `2:8: <index (list 1 2) .ID>: there is no item 2: the list has 2 items, from 0 to 1; write (mod N (len LIST)) to begin again at its end (in joiner2)`},
		{"a:{{ range .Kinds.sink }}\n  - x{{ end }}\nb: {{ index (.Names \"sink\") 0 }}", `3:7: <index (.Names "sink") 0>: there is no item 0: the list is empty; write {{ if … }} with the list around what needs it`},
		{"a:{{ range .Kinds.joiner }}\n  - {{ .ID }}{{ break }}{{ end }}\nb: {{ index .Values.joiner \"y\" }}", `3:7: <index .Values.joiner "y">: map has no entry for key "y": have x; if it need not be there, write (get … "y")`},
		{`a: {{ index (list) "0" }}`, `1:7: <index (list) "0">: a list is read by a number from 0, not by the text "0"`},
		{`a: {{ index .Values 0 }}`, `1:7: <index .Values 0>: a map is read by the name of a key, not by the number 0: write (keys …) for a list of the names`},
		{`a: {{ first (list) }}`, `1:7: <first (list)>: there is no value, as the list is empty: write (… | default VALUE), or {{ with … }} around what needs it`},
		{`a: {{ upper 5 }}`, `1:7: <upper 5>: error calling upper: want text, not the number 5: write (toString …)`},
		{`a: {{ upper .Values }}`, `1:7: <upper .Values>: error calling upper: want text, not a map of 4 keys`},
		{`a: {{ upper nil }}`, `1:7: <upper nil>: error calling upper: want text, not nothing (null)`},
		{`a: {{ until "x" }}`, `1:7: <until "x">: error calling until: want a whole number, not the text "x": write (int …)`},
		{`a: {{ add "x" 1 }}`, `1:7: <add "x" 1>: error calling add: want a number, not the text "x"`},
		{`a: {{ add 1.5 1 }}`, `1:7: <add 1.5 1>: error calling add: the number 1.5 is not whole: write the function with an f, such as addf, or (int …)`},
		{`a: {{ int .Values }}`, `1:7: <int .Values>: error calling int: want a number, not a map of 4 keys`},
		// What sprig's functions answer with nothing, Go's names of types, or a wrong value.
		{`a: {{ dig "jonier" 0 .Counts }}`, `1:7: <dig "jonier" 0 .Counts>: error calling dig: map has no entry for key "jonier", did you mean joiner?: the map is the last argument, as in (dig "KEY" DEFAULT MAP)`},
		{`a: {{ dig "x" 0 }}`, `1:7: <dig "x" 0>: error calling dig: want keys, a default and a map, as in (dig "KEY" DEFAULT MAP)`},
		{`a: {{ pluck "jonier" .Counts | first }}`, `1:7: <pluck "jonier" .Counts>: error calling pluck: map has no entry for key "jonier", did you mean joiner?`},
		{`a: {{ pick .Counts "jonier" | toJson }}`, `1:7: <pick .Counts "jonier">: error calling pick: map has no entry for key "jonier", did you mean joiner?`},
		{`a: {{ omit .Kinds "jonier" | keys | first }}`, `1:7: <omit .Kinds "jonier">: error calling omit: map has no entry for key "jonier", did you mean joiner?`},
		{`a: {{ pick 5 "x" }}`, `1:7: <pick 5 "x">: error calling pick: want a map, not the number 5`},
		{`a: {{ pick .Values "word" "none" | toJson }}`, `a: "{\"word\":\"hello\"}"`},
		{`a: {{ omit .Counts "joiner" | toJson }}`, `a: "{\"filter\":2,\"sink\":0}"`},
		{`a: {{ pluck "word" .Values (dict) | toJson }}`, `a: "[\"hello\"]"`},
		{`a: {{ values .Kinds | join "," }}`, `1:23: <join ",">: error calling join: item 0 of the list: cannot write replicas as text: range over them, or write (.Names "KIND") for their names`},
		{`a: {{ join (list "x") "," }}`, `1:7: <join (list "x") ",">: error calling join: want text, not a list of 1 item: the list is the last argument, as in (join "," LIST)`},
		{`a: {{ (toYaml .Values).x }}`, `1:15: <.Values>: cannot read .x of YAML (of toYaml, include or raw): write (… | fromYaml) for the map in it`},
		{"a: {{ (include \"p\" .).x }}\n{{- define \"p\" }}{x: 1}{{ end }}", `1:20: <.>: cannot read .x of YAML (of toYaml, include or raw): write (… | fromYaml) for the map in it`},
		{`a: {{ join "," .Kinds.joiner }}`, `1:7: <join "," .Kinds.joiner>: error calling join: want a list, not replicas: write (.Names "joiner")`},
		{`a: {{ join "," (list (dict) 1) }}`, `1:7: <join "," (list (dict) 1)>: error calling join: item 0 of the list: cannot write a map without keys as text: name one of its keys, or write (toJson …)`},
		{`a: {{ sortAlpha .Values }}`, `1:7: <sortAlpha .Values>: error calling sortAlpha: want a list, not a map of 4 keys: write (keys …) or (values …)`},
		{`a: {{ print .Values }}`, `1:7: <print .Values>: error calling print: cannot write a map of 4 keys as text: name one of its keys, or write (toJson …)`},
		{`a: {{ toString (list 1 2) }}`, `1:7: <toString (list 1 2)>: error calling toString: cannot write a list of 2 items as text: write (join "," …) or (toJson …)`},
		{`a: {{ printf "%s" .Kinds.joiner }}`, `1:7: <printf "%s" .Kinds.joiner>: error calling printf: cannot write replicas as text: range over them, or write (.Names "joiner") for their names`},
		{`a: {{ print nil }}`, `1:7: <print nil>: error calling print: there is no value (null) to write: write (… | default VALUE)`},
		{`a: {{ print . }}`, `1:7: <print .>: error calling print: cannot write all data of the main template as text: write one of its values, as in $.Stage`},
		{`a: {{ . }}`, "1:7: this is data with several values, and a single one has to stand here: write its name, as in .Stage"},
		{"a:{{ range .Kinds.joiner }}\n  - {{ print . }}{{ end }}", "a:\n  - joiner1\n  - joiner2\n  - joiner3"},
		{`a: {{ toJson .Kinds }}`, `1:7: <toJson .Kinds>: error calling toJson: replicas have no JSON: range over them, or write (.Names "KIND") for their names`},
		{`a: {{ b64dec "!!" }}`, `1:7: <b64dec "!!">: error calling b64dec: illegal base64 data at input byte 0`},
		{`a: {{ b64enc "x" | b64dec }}`, `a: x`},
		{`a: {{ toDecimal "9" }}`, `1:7: <toDecimal "9">: error calling toDecimal: want a number in octal digits, 0 to 7, not the text "9"`},
		{`a: {{ toDecimal "0755" }}`, `a: 493`},
		{`a: {{ regexMatch "(" "x" }}`, "1:7: <regexMatch \"(\" \"x\">: error calling regexMatch: error parsing regexp: missing closing ): `(`"},
		{`a: {{ with fromJson "{" }}x{{ end }}`, `1:12: <fromJson "{">: error calling fromJson: unexpected end of JSON input`},
		{`a: {{ dict "x" | toJson }}`, `1:7: <dict "x">: error calling dict: want keys and values in pairs, as in (dict "KEY" VALUE): the last key, the text "x", has no value`},
		{"a:{{ range .Kinds.joiner }}\n  - \"{{ range until (sub .Index 1) }}x{{ end }}\"{{ end }}", "2:15: <until (sub .Index 1)>: error calling until: want a number from 0, not -1: write (until (max 0 …)), or (untilStep START STOP -1) to count down (in joiner1)"},
		{`a: {{ repeat -1 "x" }}`, `1:7: <repeat -1 "x">: error calling repeat: cannot take the number -1, the text "x": want a number from 0 and a text, as in (repeat 3 "x")`},
		{`a: {{ slice "word" 1 2 }}`, `1:7: <slice "word" 1 2>: error calling slice: cannot take the text "word", the number 1, the number 2: the numbers are from 0 to the length of the list, as in (slice LIST 0 (min 3 (len LIST)))`},
		{`a: {{ last "word" }}`, `1:7: <last "word">: error calling last: cannot take the text "word": want a list`},
		{`a: {{ first .Kinds.joiner }}`, `1:7: <first .Kinds.joiner>: error calling first: cannot take replicas: write (.Names "joiner") for the list of their names`},
		{`a: {{ toYaml (list 1 2) | first }}`, `1:27: <first>: error calling first: cannot take YAML (of toYaml, include or raw): write (… | fromYaml) for the list or map in it`},
		{`a: {{ toYaml (list 1 2) | len }}`, `1:27: <len>: want a single value, and these are lines of YAML (of toYaml, include or raw): write (fromYaml …) for the map or list in them, (toString …) for their text`},
		{`a: {{ toYaml "word" | len }}`, `a: 4`},
		{`a: {{ subnetFor "10.0.0.0/24" "x" }}`, `1:7: <subnetFor "10.0.0.0/24" "x">: error calling subnetFor: x is no number of containers`},
		{`a: {{ sub 1 }}`, `1:7: sub takes 2 arguments, and there is 1`},
		{`a: {{ .Counts.joiner.x }}`, `1:14: <.Counts.joiner.x>: cannot read .x of a number: the number is all there is of a kind here`},
		{"a: {{ range list \"a\" }}\n  - {{ .Name }}{{ end }}", "2:8: <.Name>: cannot read .Name of a value that is not a map; in a range, . is an item: write {{ $r := . }} before the range and $r.Name in it, for a replica around it"},
		{"a: {{ range list \"a\" }}\n  - {{ .Kinds }}{{ end }}", "2:8: <.Kinds>: cannot read .Kinds of a value that is not a map; in a range, . is an item: write $.Kinds"},
		{"a:{{ range .Kinds.joiner }}\n  - {{ .Kinds }}{{ end }}", "2:8: <.Kinds>: there is no .Kinds: this is a replica, and .Kinds is in the data of the main template: write $.Kinds there (in joiner1)"},
		{`{{ define "q" }}a: {{ .Name }}{{ end }}{{ template "q" }}`, `1:23: <.Name>: cannot read .Name of nothing: this template is called without data: write {{ template "NAME" . }}`},
		// What text/template says of its syntax, and what to write.
		{`a: {{ .ID + 1 }}`, `1:4: illegal number syntax: "+"; there are no operators: write (add A B), (eq A B), (gt A B), (and A B)`},
		{`a: {{ if .ID == 1 }}x{{ end }}`, `1:4: unexpected "=" in operand; there are no operators: write (add A B), (eq A B), (gt A B), (and A B)`},
		{`a: {{ .Values.list.0 }}`, `1:4: unexpected ".0" in operand; an item of a list is read by (index LIST 0)`},
		{`a: {{ .Values.list[0] }}`, `1:4: bad character U+005B '['; an item of a list is read by (index LIST 0), a key of a map by (index MAP "KEY")`},
		{`a: {{ .Values.my-key }}`, `1:4: bad character U+002D '-'; a key with a dash is read by (index MAP "KEY"), and a difference is (sub A B)`},
		{`a: {{ .Names("joiner") }}`, `1:4: unexpected "(" in operand; arguments follow a function without brackets around all of them, as in (.Names "KIND")`},
		{`a: {{ $x }}`, `1:4: undefined variable "$x"; write {{ $NAME := … }} before it; one that is made in a block ends with it`},
		{`a: {{ if .Stage eq "x" }}y{{ end }}`, `1:10: <.Stage>: .Stage takes no arguments: a function stands before its arguments, as in (eq .Stage 1)`},
		{`a: x{{ end }}`, `1:5: unexpected {{end}}; no {{ if }}, {{ range }} or {{ with }} is open here`},
		{`a: {{ required "x" .Stage }}`, `1:4: function "required" not defined; write {{ if not VALUE }}{{ fail "…" }}{{ end }}, or require it in values.schema.json`},
		{`{{ define "q" }}a{{ end }}{{ define "q" }}b{{ end }}a: b`, `1:44: there is a definition before this one of template "q"`},
		{`a: {{ atoi "x" }}`, `1:7: <atoi "x">: error calling atoi: want a number, not the text "x"`},
		{`a: {{ mod 5 0 }}`, `1:7: <mod 5 0>: error calling mod: division by 0: write {{ if … }} around what needs the divisor, or (max 1 …) as the divisor`},
		{`a: {{ slice (list 1 2) 1 9 }}`, `1:7: <slice (list 1 2) 1 9>: error calling slice: out of range with a list of 2 items, the number 1, the number 9: the numbers are from 0 to the length of the list, as in (slice LIST 0 (min 3 (len LIST)))`},
		{`a: {{ keys (list) }}`, `1:7: <keys (list)>: error calling keys: want a map, not a list of 0 items`},
		{`a: {{ join "," .Values }}`, `1:7: <join "," .Values>: error calling join: want a list, not a map of 4 keys: write (keys …) or (values …)`},
		{`a: {{ eq 5 "5" }}`, `1:7: <eq 5 "5">: error calling eq: the number 5 and the text "5" are of different types, so they cannot be equal: write (int …) for the number in the text, (toString …) for the text of the number`},
	} {
		if got := renderBody(t, test.text); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.text, got, test.want)
		}
	}
}

// Integers fit, whichever function made them.
func TestIntegers(t *testing.T) {
	for text, want := range map[string]string{
		`{{ join "," (until (sub 5 1)) }}`:                 `"0,1,2,3"`,
		`{{ repeat (ceil 1.5) "x" }}`:                      `xx`,
		`{{ without (until 4) (sub 3 1) | join "," }}`:     `"0,1,3"`,
		`{{ has (add 1 2) (list 3) }}`:                     `true`,
		`{{ index (list 1 2 3) (sub 3 1) }}`:               `3`,
		`{{ seq 0 (len "abc") }}`:                          `"0 1 2 3"`,
		`{{ int "7" }}`:                                    `7`,
		`{{ eq (add 1 1) 2 }}`:                             `true`,
		`{{ range $i, $c := splitList "" "ab" }}{{ end }}`: ``,
		`{{ round 1 1 }}`:                                  `1.0`,
		`{{ add1 (int64 1) | div 6 }}`:                     `3`,
	} {
		if got := renderBody(t, "a: "+text); got != "a: "+want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// The result of include is a value for functions, and structure where it is printed.
func TestIncludeAsValue(t *testing.T) {
	for _, test := range []struct{ text, template, want string }{
		{`a: {{ include "t" . | int | add 1 }}`, "\n  5\n", "a: 6"},
		{`a: {{ include "t" . | upper }}`, "{{ .Values.word }}", "a: HELLO"},
		{`a: {{ include "t" . | upper }}`, `{{ "no" }}`, `a: "NO"`},
		{`a: {{ include "t" . | trimPrefix "$" }}`, `{{ "$5" }}`, `a: "5"`},
		{`a: {{ if eq (include "t" .) "true" }}yes it is{{ end }}`, `{{ true }}`, `a: yes it is`},
		{`a: {{ if include "t" . }}something{{ else }}nothing{{ end }}`, ` `, `a: nothing`},
		{`a: {{ if include "t" . }}something{{ else }}nothing{{ end }}`, `x`, `a: something`},
		{`a: {{ include "t" . | default "nothing" }}`, ` `, `a: nothing`},
		{`a: {{ include "t" . | default "nothing" }}`, "b: c", "a: \n  b: c"},
		{`a: {{ include "t" . }}`, ` `, `a:`},
		{`a: {{ range include "t" . | fromYaml }}{{ end }}`, "{{ toYaml (list 1 \"2\" 3.0) }}", "a: "},
		{`a: {{ toJson (include "t" . | fromYaml) }}`, "{{ toYaml (list 1 \"2\" (dict \"x\" \"$$y\")) }}", `a: "[1,\"2\",{\"x\":\"$$$$y\"}]"`},
		{`a: {{ (include "t" . | fromYaml).x }}`, "x: 1", "a: 1"},
		{`a: {{ add (include "t" . | fromYaml) 1 }}`, "41", "a: 42"},
		{`a: {{ fromYaml "[1, 2]" | join "+" }}`, "", "a: \"1+2\""},
		{`a: {{ include "t" . | upper }}`, "b: c", "1:23: <upper>: error calling upper: want a single value, and these are lines of YAML (of toYaml, include or raw): write (fromYaml …) for the map or list in them, (toString …) for their text"},
		{`a: {{ add (include "t" .) 1 }}`, "b", `1:7: <add (include "t" .) 1>: error calling add: want a number, not the text "b"`},
		{`a: {{ include "t" . | upper }}`, "${TAG}", `1:23: <upper>: error calling upper: "${TAG}" has an interpolation of Compose, which has no value yet: it can only be printed`},
	} {
		if got := renderBody(t, test.text, "t", test.template); strings.TrimRight(got, " ") != strings.TrimRight(test.want, " ") {
			t.Errorf("%s with %q:\ngot  %q\nwant %q", test.text, test.template, got, test.want)
		}
	}
}

// A replica that changes values leaves them to the next one as they were. What templates make for themselves stays.
func TestChangesOfValuesEnd(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{`{{ $_ := set .Values "n" (add (get .Values "n" | default 0) 1) }}{{ .Values.n }}`, "111"},
		{`{{ .Values.joiner.x }}{{ $_ := set .Values.joiner "x" "y" }}`, "jjj"},
		{`{{ len .Values.filter }}{{ $_ := unset .Values.filter "x" }}`, "111"},
		{`{{ $_ := mergeOverwrite .Values (dict "joiner" (dict "x" .Name)) }}{{ .Values.joiner.x }}{{ len .Values.joiner }}`, "joiner11joiner21joiner31"},
		{`{{ $_ := merge .Values.joiner (dict .Name 1) }}{{ len .Values.joiner }}`, "222"},
		{`{{ $d := mergeOverwrite (dict) (dict "deep" .Values) (dict "deep" (dict "joiner" (dict "x" .Name))) }}{{ .Values.joiner.x }}`, "jjj"},
		{`{{ $d := dict "deep" .Values.joiner }}{{ $_ := set $d.deep "x" (printf "%s!" .Values.joiner.x) }}{{ .Values.joiner.x }}`, "j!j!j!"},
		{`{{ $_ := set $all .Name 1 }}{{ len $all }}`, "123"},
		{`{{ $_ := set .Values.joiner "x" "y" }}{{ if eq .ID 2 }}{{ break }}{{ end }}.`, "."},
		{`{{ range $.Kinds.filter }}{{ $_ := set .Values.joiner "x" (printf "%s!" .Values.joiner.x) }}{{ .Values.joiner.x }}{{ end }}`, "j!j!j!j!j!j!"},
	} {
		text := `# {{ $all := dict }}{{ range .Kinds.joiner }}` + test.body + `{{ end }}{{ .Values.joiner.x }}{{ len .Values }}`
		if got := renderBody(t, text); got != "# "+test.want+"j4" {
			t.Errorf("%s: got %s, want %s", test.body, got, test.want)
		}
	}
	// Those of the main template are for all.
	if got := renderBody(t, `# {{ $_ := set .Values.joiner "x" "y" }}{{ range .Kinds.joiner }}{{ .Values.joiner.x }}{{ end }}`); got != "# yyy" {
		t.Errorf("got %s", got)
	}
}

func TestUnread(t *testing.T) {
	all := []string{"filter", "joiner", "sink"}
	for text, read := range map[string][]string{
		`x`:                             nil,
		`{{ range .Clients }}{{ end }}`: {"filter"},
		`{{ .Replicas }}`:               {"filter"},
		`{{ range .Kinds.joiner }}{{ template "t" . }}{{ end }}`: {"joiner", "sink"},
		`{{ $.Counts.sink }}`:                                                         {"sink"},
		`{{ index .Counts "sink" }}`:                                                  {"sink"},
		`{{ if .Values.word }}{{ .Names "joiner" }}{{ end }}`:                         {"joiner"},
		`{{ join "" ($.Names "joiner") }}`:                                            {"joiner"},
		`{{ range $k := list "sink" }}{{ range index $.Kinds $k }}{{ end }}{{ end }}`: all,
		`{{ range $k, $n := .Counts }}{{ end }}`:                                      all,
		`{{ .Names .Stage }}`:                                                         all,
		`{{ with . }}{{ .Counts.sink }}{{ end }}`:                                     {"sink"},
	} {
		e := newEngine(t, kinds("# "+text, "t", `{{ .Names "sink" }}`))
		var names []string
		for _, kind := range e.Unread(known(t, e)) {
			names = append(names, kind.Name)
		}
		got := fmt.Sprint(names)
		var want []string
		for _, kind := range all {
			if !strings.Contains(fmt.Sprint(read), kind) {
				want = append(want, kind)
			}
		}
		if diff := cmp.Diff(fmt.Sprint(want), got); diff != "" {
			t.Errorf("%s: unread (-want +got):\n%s", text, diff)
		}
	}
}
