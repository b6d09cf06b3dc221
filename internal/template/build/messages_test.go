package build

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

// A message says the template's line, the replica, what is there, and what to write. These are the whole messages of what
// people write by mistake.
func TestMessages(t *testing.T) {
	const table = `default: one
kinds: [{name: filter, count: 2}, {name: joiner, count: 3}, {name: sink}, {kind: worker, name: "{t}-{id}", rows: [{t: fast, x: 1}]}]
stages: [{name: one, values: {filter: {x: f}, list: [a, b], port: 80, none: [], map: {a: 1, b: 2}}}]
`
	for _, test := range []struct{ template, want string }{
		{
			"a:{{ range $i, $r := .Kinds.filter }}\n  - {{ $i }}{{ end }}",
			"render stage one: compose.yaml.tmpl:1:12: <$i, $r := .Kinds.filter>: replicas have one variable, as in {{ range $r := .Kinds.filter }}: the number from 0 is then $r.Index",
		},
		{
			"a: {{ len .Kinds.filter }}",
			"render stage one: compose.yaml.tmpl:1:7: <len .Kinds.filter>: these are replicas: write .Counts.filter for their number",
		},
		{
			"a: {{ index .Kinds.filter 0 }}",
			`render stage one: compose.yaml.tmpl:1:7: <index .Kinds.filter 0>: these are replicas, which have no numbers here: write index (.Names "filter") N for a name, or range over them`,
		},
		{
			"a: {{ index .Kinds 0 }}",
			"render stage one: compose.yaml.tmpl:1:7: <index .Kinds 0>: a map is read by the name of a key, not by the number 0: write (keys …) for a list of the names",
		},
		{
			"a:{{ range .Kinds }}\n  - {{ .Name }}{{ end }}",
			"render stage one: compose.yaml.tmpl:1:12: <.Kinds>: these are kinds, each with its replicas: write {{ range .Kinds.fast }} for those of one",
		},
		{
			"a:{{ range get .Values \"nothing\" }}\n  - x{{ end }}",
			`render stage one: compose.yaml.tmpl:1:12: <get .Values "nothing">: range wants a list, a map, replicas or a number, not the text "": write {{ with … }} around it, or (… | default list), if there need not be one`,
		},
		{
			"a:{{ range .Values.nothing }}\n  - x{{ end }}",
			`render stage one: compose.yaml.tmpl:1:19: <.Values.nothing>: map has no entry for key "nothing": have filter, list, map, none, port; if it need not be there, write (get .Values "nothing")`,
		},
		{
			"a:{{ range \"\" }}\n  - x{{ end }}",
			`render stage one: compose.yaml.tmpl:1:12: <"">: range wants a list, a map, replicas or a number, not the text "": write {{ with … }} around it, or (… | default list), if there need not be one`,
		},
		{
			"a:{{ range .Values.filter.x }}\n  - x{{ end }}",
			`render stage one: compose.yaml.tmpl:1:12: <.Values.filter.x>: range wants a list, a map, replicas or a number, not the text "f"`,
		},
		{
			"a: {{ index .Values.list 5 }}",
			"render stage one: compose.yaml.tmpl:1:7: <index .Values.list 5>: there is no item 5: the list has 2 items, from 0 to 1; write (mod N (len LIST)) to begin again at its end",
		},
		{
			"a:{{ range .Kinds.filter }}\n  - {{ index .Values.list .ID }}{{ end }}",
			"render stage one: compose.yaml.tmpl:2:8: <index .Values.list .ID>: there is no item 2: the list has 2 items, from 0 to 1; write (mod N (len LIST)) to begin again at its end (in filter2)",
		},
		{
			"a: x\nb: {{ first (.Names \"sink\") }}",
			`render stage one: compose.yaml.tmpl:2:7: <first (.Names "sink")>: there is no value, as the list is empty: write (… | default VALUE), or {{ with … }} around what needs it`,
		},
		{
			"a: x\nb: {{ last .Values.none }}",
			"render stage one: compose.yaml.tmpl:2:7: <last .Values.none>: there is no value, as the list is empty: write (… | default VALUE), or {{ with … }} around what needs it",
		},
		{
			"a: x\nb: {{ .Names \"sink\" | first }}",
			`render stage one: compose.yaml.tmpl:2:7: <.Names "sink" | first>: there is no value, as the list is empty: write (… | default VALUE), or {{ with … }} around what needs it`,
		},
		{
			"a: x\nb: {{ index (.Names \"sink\") 0 }}",
			`render stage one: compose.yaml.tmpl:2:7: <index (.Names "sink") 0>: there is no item 0: the list is empty; write {{ if … }} with the list around what needs it`,
		},
		{
			`a: {{ initial (.Names "sink") }}`,
			"render stage one: compose.yaml.tmpl:1:7: this is a list, and a single value has to stand here: range over it, join it, or use toYaml",
		},
		{
			`a: {{ rest (.Names "sink") }}`,
			"render stage one: compose.yaml.tmpl:1:7: this is a list, and a single value has to stand here: range over it, join it, or use toYaml",
		},
		{
			"services:\n  a:\n    image: x\n    depends_on:\n{{- range .Kinds.sink }}\n      - {{ .Name }}\n{{- end }}",
			`render stage one: compose.yaml.tmpl:4:5 (line 4 of the document, "depends_on:"): services.a.depends_on must be a list or a mapping: there is nothing below it; write the key only where there is something, as in {{ if .Counts.KIND }}`,
		},
		{
			"services:\n  a:\n    image: x\n    environment:\n{{- range .Kinds.sink }}\n      - A={{ .Name }}\n{{- end }}\n    ports:\n{{- range .Kinds.sink }}\n      - 80\n{{- end }}",
			`render stage one: compose.yaml.tmpl:4:5 (line 4 of the document, "environment:"): services.a.environment must be a mapping or a list: there is nothing below it; write the key only where there is something, as in {{ if .Counts.KIND }}`,
		},
		{
			"services:\n{{- range .Kinds.sink }}\n  {{ .Name }}:\n    image: x\n{{- end }}",
			`render stage one: compose.yaml.tmpl:1:1 (line 1 of the document, "services:"): services must be a mapping: there is nothing below it; write the key only where there is something, as in {{ if .Counts.KIND }}`,
		},
		{
			`a: {{ pluck "x" .Values.filter }}`,
			"render stage one: compose.yaml.tmpl:1:7: this is a list, and a single value has to stand here: range over it, join it, or use toYaml",
		},
		{
			`a: {{ pluck "y" .Values.filter | first }}`,
			`render stage one: compose.yaml.tmpl:1:7: <pluck "y" .Values.filter | first>: there is no value, as the list is empty: write (… | default VALUE), or {{ with … }} around what needs it`,
		},
		{
			`a: {{ pluck .Values.filter "x" }}`,
			`render stage one: compose.yaml.tmpl:1:7: <pluck .Values.filter "x">: error calling pluck: want text, not a map of 1 key`,
		},
		{
			`a: {{ index . "Valus" }}`,
			`render stage one: compose.yaml.tmpl:1:7: <index . "Valus">: all data of the main template has no Valus: did you mean .Values?`,
		},
		{
			`a: {{ index . "Values" }}`,
			`render stage one: compose.yaml.tmpl:1:7: <index . "Values">: all data of the main template is read by a dot: write .Values`,
		},
		{
			"a:{{ range .Kinds.filter }}\n  - {{ index . \"Nane\" }}{{ end }}",
			`render stage one: compose.yaml.tmpl:2:8: <index . "Nane">: the replica filter1 has no Nane: did you mean .Name? (in filter1)`,
		},
		{
			"a:{{ range .Kinds.filter }}\n  - {{ get . \"Name\" }}{{ end }}",
			`render stage one: compose.yaml.tmpl:2:8: <get . "Name">: the replica filter1 is read by a dot: write .Name (in filter1)`,
		},
		{
			"a: {{ .Names }}",
			`render stage one: compose.yaml.tmpl:1:7: <.Names>: .Names wants the name of one kind in quotes, as in (.Names "KIND")`,
		},
		{
			`a: {{ .Names | join "," }}`,
			`render stage one: compose.yaml.tmpl:1:7: <.Names>: .Names wants the name of one kind in quotes, as in (.Names "KIND")`,
		},
		{
			`a: {{ join "," .Names }}`,
			`render stage one: compose.yaml.tmpl:1:16: <.Names>: .Names wants the name of one kind in quotes, as in (.Names "KIND")`,
		},
		{
			`a: {{ join "," .Names "filter" }}`,
			`render stage one: compose.yaml.tmpl:1:7: join takes 2 arguments, and there are 3: a call among them stands in parentheses, as in (.Names "KIND")`,
		},
		{
			"a: {{ .Names filter }}",
			`parse templates: compose.yaml.tmpl:1:4: function "filter" not defined; a text stands in quotes, as in "filter"`,
		},
		{
			"a: {{ .Names 1 }}",
			`render stage one: compose.yaml.tmpl:1:14: <1>: .Names wants the name of one kind in quotes, as in (.Names "KIND")`,
		},
		{
			`a: {{ .Names "filter" 1 }}`,
			`render stage one: compose.yaml.tmpl:1:7: <.Names>: .Names wants the name of one kind in quotes, as in (.Names "KIND")`,
		},
		{
			"a:{{ range .Kinds.filter }}\n  - {{ .Names }}{{ end }}",
			`render stage one: compose.yaml.tmpl:2:8: <.Names>: .Names wants the name of one kind in quotes, as in (.Names "KIND") (in filter1)`,
		},
		{
			"a: {{ .Counts }}",
			"render stage one: compose.yaml.tmpl:1:7: this is a map, and a single value has to stand here: name one of its keys, or use toYaml",
		},
		{
			"a: {{ .Counts.fliter }}",
			`render stage one: compose.yaml.tmpl:1:14: <.Counts.fliter>: map has no entry for key "fliter", did you mean filter?`,
		},
		{
			"a: {{ .Kinds }}",
			"render stage one: compose.yaml.tmpl:1:7: this is a map, and a single value has to stand here: name one of its keys, or use toYaml",
		},
		{
			"a: {{ .Kinds.filter }}",
			"render stage one: compose.yaml.tmpl:1:7: these are replicas, and a single value has to stand here: range over them",
		},
		{
			"a: {{ .Kinds.filter.Name }}",
			"render stage one: compose.yaml.tmpl:1:13: <.Kinds.filter.Name>: cannot read .Name of replicas: range over them",
		},
		{
			"a:{{ range .Kinds.filter }}\n  - {{ .Values.filter.y }}{{ end }}",
			`render stage one: compose.yaml.tmpl:2:15: <.Values.filter.y>: map has no entry for key "y": have x; if it need not be there, write (get .Values.filter "y") (in filter1)`,
		},
		{
			"a:{{ range .Kinds.filter }}\n  - {{ .Row.t }}{{ end }}",
			`render stage one: compose.yaml.tmpl:2:12: <.Row.t>: map has no entry for key "t": this kind has no rows (in filter1)`,
		},
		{
			"a:{{ range .Kinds.worker }}\n  - {{ .Row.y }}{{ end }}",
			`render stage one: compose.yaml.tmpl:2:12: <.Row.y>: map has no entry for key "y": have t, x; if it need not be there, write (get .Row "y") (in fast-1)`,
		},
		{
			"a:{{ range .Kinds.filter }}\n  - {{ .Clients }}{{ end }}",
			"render stage one: compose.yaml.tmpl:2:8: <.Clients>: there is no .Clients: this is a replica, and .Clients is in the data of the main template: write $.Clients there (in filter1)",
		},
		{
			"a:{{ range $k, $v := .Values.list }}\n  - {{ .Name }}{{ end }}",
			"render stage one: compose.yaml.tmpl:2:8: <.Name>: cannot read .Name of a value that is not a map; in a range, . is an item: write {{ $r := . }} before the range and $r.Name in it, for a replica around it",
		},
		{
			"a: {{ slice .Values.list 1 9 }}",
			"render stage one: compose.yaml.tmpl:1:7: <slice .Values.list 1 9>: error calling slice: out of range with a list of 2 items, the number 1, the number 9: the numbers are from 0 to the length of the list, as in (slice LIST 0 (min 3 (len LIST)))",
		},
		{
			"a: {{ toYaml (slice .Values.list 1 9) }}",
			"render stage one: compose.yaml.tmpl:1:15: <slice .Values.list 1 9>: error calling slice: out of range with a list of 2 items, the number 1, the number 9: the numbers are from 0 to the length of the list, as in (slice LIST 0 (min 3 (len LIST)))",
		},
		{
			"a: {{ mod 5 0 }}",
			"render stage one: compose.yaml.tmpl:1:7: <mod 5 0>: error calling mod: division by 0: write {{ if … }} around what needs the divisor, or (max 1 …) as the divisor",
		},
		{
			"a:{{ range chunk 0 .Values.list }}\n  - x{{ end }}",
			"render stage one: compose.yaml.tmpl:1:12: <chunk 0 .Values.list>: error calling chunk: out of range with the number 0, a list of 2 items: the size is the first argument, from 1, as in (chunk 2 LIST)",
		},
		{
			`a: {{ splitList "," .Values.list | join ";" }}`,
			`render stage one: compose.yaml.tmpl:1:7: <splitList "," .Values.list>: error calling splitList: want text, not a list of 2 items`,
		},
		{
			`a: {{ index .Values "list" 5 }}`,
			`render stage one: compose.yaml.tmpl:1:7: <index .Values "list" 5>: there is no item 5: the list has 2 items, from 0 to 1; write (mod N (len LIST)) to begin again at its end`,
		},
		{
			`a: {{ index .Values.list "a" }}`,
			`render stage one: compose.yaml.tmpl:1:7: <index .Values.list "a">: a list is read by a number from 0, not by the text "a"`,
		},
		{
			"a: {{ .Values.list.a }}",
			"render stage one: compose.yaml.tmpl:1:14: <.Values.list.a>: cannot read .a of a list of 2 items: range over it, or write (index … 0)",
		},
		{
			"a: {{ .Values.port.a }}",
			"render stage one: compose.yaml.tmpl:1:14: <.Values.port.a>: cannot read .a of the number 80",
		},
		{
			"a: {{ .Values.filter.x.y }}",
			`render stage one: compose.yaml.tmpl:1:14: <.Values.filter.x.y>: cannot read .y of the text "f"`,
		},
		{
			"a: {{ $x }}",
			`parse templates: compose.yaml.tmpl:1:4: undefined variable "$x"; write {{ $NAME := … }} before it; one that is made in a block ends with it`,
		},
		{
			"a: {{ upper 5 }}",
			"render stage one: compose.yaml.tmpl:1:7: <upper 5>: error calling upper: want text, not the number 5: write (toString …)",
		},
		{
			`a: {{ without "x" .Values.list }}`,
			`render stage one: compose.yaml.tmpl:1:7: <without "x" .Values.list>: error calling without: cannot take the text "x", a list of 2 items: the list is the first argument, as in (without LIST ITEM)`,
		},
		{
			`a: {{ has .Values.list "a" }}`,
			`render stage one: compose.yaml.tmpl:1:7: <has .Values.list "a">: error calling has: cannot take a list of 2 items, the text "a": the list is the last argument, as in (has ITEM LIST)`,
		},
		{
			`a: {{ max "x" 1 }}`,
			`render stage one: compose.yaml.tmpl:1:7: <max "x" 1>: error calling max: want a number, not the text "x"`,
		},
		{
			"a: {{ add .Values.list 1 }}",
			"render stage one: compose.yaml.tmpl:1:7: <add .Values.list 1>: error calling add: want a number, not a list of 2 items",
		},
		{
			`a: {{ until "3" }}`,
			`render stage one: compose.yaml.tmpl:1:7: <until "3">: error calling until: want a whole number, not the text "3": write (int …)`,
		},
		{
			"a: {{ index .Values.list -1 }}",
			"render stage one: compose.yaml.tmpl:1:7: <index .Values.list -1>: there is no item -1: the list has 2 items, from 0 to 1; write (mod N (len LIST)) to begin again at its end",
		},
		{
			`a: {{ printf "%d" "x" }}`,
			`render stage one: compose.yaml.tmpl:1:7: <printf "%d" "x">: error calling printf: the format "%d" does not fit the text "x": %d writes a whole number, %s text, and each wants an argument`,
		},
		{
			`a: {{ eq .Values.list "a" }}`,
			`render stage one: compose.yaml.tmpl:1:7: <eq .Values.list "a">: error calling eq: a list of 2 items and the text "a" are of different types, so they cannot be equal`,
		},
		{
			`a: {{ lt "a" 1 }}`,
			`render stage one: compose.yaml.tmpl:1:7: <lt "a" 1>: error calling lt: want two numbers or two texts, not the text "a" and the number 1: write (int …) for the number in the text`,
		},
		{
			"a: {{ if and .Values.list (gt .Values.list 1) }}x{{ end }}",
			"render stage one: compose.yaml.tmpl:1:28: <gt .Values.list 1>: error calling gt: want two numbers or two texts, not a list of 2 items and the number 1",
		},
	} {
		t.Run(test.template, func(t *testing.T) {
			b, err := bundle.Open(fstest.MapFS{
				bundle.StagesFile:   {Data: []byte(table)},
				"compose.yaml.tmpl": {Data: []byte(test.template + "\n")},
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = Job{Stages: []string{"one"}, Validate: true}.Render(t.Context(), b)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
