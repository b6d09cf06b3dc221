package escape_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tp0-lab/composer/internal/template/escape"
)

// What docs/templates.md has no room for. Values are A and B; want is what is
// written, or what is in the error, with its place first.
func TestPlaces(t *testing.T) {
	tests := []struct {
		name, text, a, want string
	}{
		{"spaces behind a value", "a: {{ .A }}  \t", "1e3", "a: \"1e3\"  \t"},
		{"a document marker", "{{ .A }}\t\"", "...", `t:1:4: "..." has a "...", which is not safe`},
		{"half a document marker", ".{{ .A }} x: y", "..", "\"... x\": y"},
		{"a value in a document", "---\n{{ .A }}", "...", "---\n\"...\""},
		{"behind a marker", "--- {{ .A }}\n", "a b", "--- \"a b\"\n"},
		{"a directive", "%YAML 1.2\n---\na: {{ .A }}\n", "x", "%YAML 1.2\n---\na: x\n"},
		{"no space behind a colon", "a:{{ .A }}", "x", "t:1:6: there is no space between the colon and the value"},
		{"no space behind a dash", "-{{ .A }}", "x", "t:1:5: "},
		{"no space, in a branch", "a:{{ if .A }}{{ .A }}{{ end }}", "x", "t:1:17: there is no space before the value"},
		{"no space, and text in a branch", "a:{{ if .A }}v{{ end }}", "x", "t:1:14: there is no space before this: put one behind the colon or dash, or the whole scalar in quotes"},
		{"a space in a branch", "a:{{ if .A }} {{ .A }}{{ end }}", "x", "a: x"},
		{"two values", "a: {{ .A }}{{ .B }}", "x", "a: xb"},
		{"two values that are a number", "a: {{ .A }}{{ .A }}", "1", `a: "11"`},
		{"a block scalar at the end of a loop", "a:\n{{- range .List }}\n  k{{ . }}:\n    b: |\n      x {{ . }}\n{{- end }}\nc: d", "", "a:\n  k1:\n    b: |\n      x 1\n  k2:\n    b: |\n      x 2\nc: d"},
		{"a block scalar at the end of a loop, with a line break", "a:\n{{ range .List }}  k{{ . }}:\n    b: |\n      x {{ . }}\n{{ end }}c: d", "", "a:\n  k1:\n    b: |\n      x 1\n  k2:\n    b: |\n      x 2\nc: d"},
		{"a block scalar that one way leaves open", "a: {{ if .A }}|\n  x{{ end }}\n  b: {{ .A }}", "x", "t:3:3: whether this line goes on with the value above it depends on that value"},
		{"a comment behind a block scalar of one way", "a:{{ if .A }} |\n  x{{ end }} # {{ .A }}", "x", "t:2:14: one of the branches before this ends in a comment"},
		{"two values in a key", "{{ .A }}-{{ .A }}: {{ .A }}:{{ .A }}", "1", `"1-1": "1:1"`},
		{"two values in a list in a loop", "a:{{ range .List }}\n  - {{ . }}:{{ . }}{{ end }}", "", "a:\n  - \"1:1\"\n  - \"2:2\""},
		{"two values in brackets", "a: [{{ .A }}:{{ .A }}, {{ .A }}-]", "1", `a: ["1:1", "1-"]`},
		{"two values with a colon and a space", "a: {{ .A }}:{{ .A }}", "x ", `a: "x :x "`},
		{"two values, one interpolated", "a: {{ .A }}-{{ interpolate .A }}", "$X", `a: "$$X-$X"`},
		{"two values in a key with a dollar", "{{ .A }}-{{ .A }}: b", "$X", `"$X-$X": b`},
		{"two values and a comment", "a: {{ .A }}-{{ .A }} # c", "1", `a: "1-1" # c`},
		{"two values and more in a branch", "a: {{ .A }}-{{ .A }}{{ if .A }}x{{ end }}", "1", "t:1:32: this would go on with the value before it"},
		{"two values in a replacement", "a: {{ .A }}${X:-{{ .A }}}", "1", "t:1:20: a value cannot stand within an interpolation"},
		{"two values, one of them a map", "a: {{ .A }}:{{ .Map }}", "1", "t:1:7: this is a map"},
		{"a value behind quotes", `a: "x"{{ .A }}`, "x", "t:1:10: this would go on with the value before it"},
		{"text behind a value", "a: {{ if .A }}{{ .A }}{{ end }} x", "x", "t:1:33: this would go on"},
		{"a comment behind a value", "a: {{ .A }} # {{ .B }}", "no", `a: "no" # b`},
		{"a hash is no comment", "a: b#{{ .A }}", "x", "a: b#x"},
		{"a word that may become another", "a: n{{ .A }}", "o", `a: "no"`},
		{"a prefix of no word", "a: node{{ .A }}", "1", "a: node1"},
		{"a hexadecimal number", "a: 0x{{ .A }}", "ff", `a: "0xff"`},
		{"a date", "a: {{ .A }}-01", "2024-01", `a: "2024-01-01"`},
		{"an empty tag", "a: x/y:{{ .A }}", "", `an empty value cannot stand here in a scalar without quotes: write "x/y:{{.A}}"`},
		{"an empty end", "a: client{{ .A }}", "", "a: client"},
		{"a space at the edge", "a: client {{ .A }}", "x ", "a space at its edge"},
		{"ports", `- "{{ .A }}:80"`, "22", `- "22:80"`},
		{"an escape cut in two", `a: "\{{ .A }}"`, "n", "t:1:9: a value cannot stand within an escape"},
		{"a hexadecimal escape cut in two", `a: "\x4{{ .A }}"`, "1", "within an escape"},
		{"an escaped dollar", `a: "\x24{{ .A }}"`, "HOME", "within an interpolation"},
		{"an escape", `a: "\\{{ .A }}\x41"`, "\n", `a: "\\\n\x41"`},
		{"a lone dollar", `a: "${{ .A }}"`, "HOME", "t:1:9: a value cannot stand within an interpolation"},
		{"a doubled dollar", `a: "$${{ .A }}"`, "HOME", `a: "$$HOME"`},
		{"a dollar in a key", `"${{ .A }}": x`, "$A", `"$$A": x`},
		{"braces in braces", `a: "${A:-${B}{{ .A }}}"`, "x", "within an interpolation"},
		{"behind braces", `a: "${A:-${B}}{{ .A }}"`, "x", `a: "${A:-${B}}x"`},
		{"two lines in quotes", "a: \"x\n  {{ .A }}\"", "y", "t:2:6: a value cannot stand in a scalar of several lines"},
		{"two lines in quotes, later", "a: \"{{ .A }}\n  x\"", "y", "t:1:13: a scalar in quotes with a value in it goes on in the next line"},
		{"two lines without quotes", "a: x\n  {{ .A }}", "y", "t:2:6: a value cannot stand in a scalar of several lines"},
		{"a line that may go on", "a: {{ .A }}\n  x: y", "z", "t:2:3: whether this line goes on with the value above it depends on that value"},
		{"a key of many lines", "{{ .A }}: x", "a\nb", `"a\nb": x`},
		{"a long key", "{{ .A }}: x", strings.Repeat("k", 300), "t:1:4: a key of 300 bytes"},
		{"a key in a branch", "{{ if .A }}{{ .A }}{{ end }}: x", "k", "t:1:29: this would go on with the value before it"},
		{"a quoted key", `"{{ .A }}" : x`, "$", `"$" : x`},
		{"a key in brackets", `{"{{ .A }}":{{ .B }}, {{ .A }}: {{ .B }}}`, "$", `{"$":b, "$": b}`},
		{"a comment in brackets", "[a, # {{ .A }}\n {{ .A }}]", "b,", "[a, # b,\n \"b,\"]"},
		{"brackets that do not match", "a: [{{ .A }}}", "b", `t:1:13: '}' closes what '[' opened`},
		{"a block in a list", "- |\n  {{ .A }}", "x\ny", "- |\n  x\n  y"},
		{"a block in a map in a list", "- a: |-\n    {{ .A }}\n  b: {{ .A }}", "x\ny", "- a: |-\n    x\n    y\n  b: \"x\\ny\""},
		{"a block with an indicator", "a:\n  b: |2\n    {{ .A }}", " x", "a:\n  b: |2\n     x"},
		{"a block ended by a value", "a: |\n{{ .A }}: x", "k", "a: |\nk: x"},
		{"a block and a value on its line", "a: | {{ .A }}", "x", "t:1:9: a value cannot stand on the line of | or >"},
		{"a block with a control character", "a: |\n  x{{ .A }}", "\x01", "the character U+0001, which a block scalar cannot hold"},
		{"a block filled by rounds", "a: |\n{{- range .List }}\n  {{ $.A }}\n{{- end }}\nb: {{ .A }}", "x", "a: |\n  x\n  x\nb: x"},
		{"a block of two indentations", "a: |\n{{- if .A }}\n  x\n{{- end }}\n   {{ .A }}", "x", "are not indented alike"},
		{"a tag", "a: !!str {{ .A }}", "no", `a: !!str "no"`},
		{"an anchor in a list", "- &a k: |\n      {{ .A }}\n  l: x", "x\ny", "- &a k: |\n      x\n      y\n  l: x"},
		{"a question", "? {{ .A }}\n: {{ .B }}", "$x", "t:1:1: a key behind a question mark is not read: write KEY: VALUE"},
		{"a question in brackets", "a: {? {{ .A }} : {{ .B }}}", "$x", "t:1:5: a key behind a question mark is not read"},
		{"no question", "a: ?{{ .A }}", "x", "a: ?x"},
		{"an anchor of a map", "x: &a\n  k: {{ .A }}\ny:\n  <<: *a\n  l: {{ .B }}", "no", "x: &a\n  k: \"no\"\ny:\n  <<: *a\n  l: b"},
		{"an anchor of a list", "x: &a # it\n- {{ .A }}\ny: *a\nz: {{ .B }}", "no", "x: &a # it\n- \"no\"\ny: *a\nz: b"},
		{"an anchor of rounds", "x: &a\n{{- range .List }}\n  - {{ $.A }}\n{{- end }}\nz: {{ .B }}", "no", "x: &a\n  - \"no\"\n  - \"no\"\nz: b"},
		{"a tag on a line of its own", "x: !!str\n  {{ .A }}", "5 ", "x: !!str\n  \"5 \""},
		{"an alias and a value", "x: *a {{ .A }}", "\" y", `x: *a "\" y"`}, // which YAML refuses
		{"a block's line in rounds", "a: >\n  {{ range .List }}{{ $.A }} {{ end }}", " x", "begins with white space or is empty"},
		{"a block's first line behind a branch", "a: |\n  {{ if .No }}x{{ end }}{{ .A }}", " x", "say it in its header, as in |2"},
		{"a block's first line in rounds", "a: |{{ range .List }}\n    {{ $.A }} x{{ end }}", "", "say it in its header, as in |2"},
		{"a space behind a branch", "a: |\n  {{ if .No }}x{{ end }} y {{ .A }}", "1\n2", "t:2:25: a space that may begin the first line of a block scalar"},
		{"a block's line behind a branch", "a: |\n  {{ if .No }}x{{ end }}y {{ .A }}", "1\n2", "a: |\n  y 1\n  2"},
		{"an indentation in a branch", "a: |\n{{ if .A }}  x{{ end }}{{ .A }}", "x", "the branches of {{ if }} end at different places"},
		{"a block's sign and a branch", "a: |{{ if .No }}\n  x{{ end }}{{ .A }}", "+", "one of the branches before this ends on the line of | or >"},
		{"an empty line too long", "a: |\n    \n  {{ .A }}", "x", "t:3:6: the block scalar's first line has less spaces than an empty line before it"},
		{"a directive that is none", "{{ .A }}\n%x", "x", "t:2:1: whether this line goes on"},
		{"lines below a block", "a: |2\n\n{{ include \"inner\" . | nindent 4 }}{{ define \"inner\" }}x: {{ .A }}{{ end }}", "", "t:3:4: lines indented by 4 would go on with the value above: use nindent 0, or less"},
		{"lines below a value", "a: b\n{{ toYaml .List | nindent 2 }}", "", "would go on with the value above"},
		{"lines of nindent below a value", "a: {{ .A }}\n{{- toYaml .Map | nindent 0 }}\nc: {{ .B }}", "x: y", "a: \"x: y\"\nm: 1\nc: b"},
		{"lines of nindent below a part of a scalar", "a: x:{{ .A }}\n{{- toYaml .Map | nindent 0 }}", "1", "a: x:1\nm: 1"},
		{"lines of nindent behind a comment", "a: b # {{ .A }}\n{{- toYaml .Map | nindent 0 }}", "no", "a: b # no\nm: 1"},
		{"lines of nindent behind a branch", "s:\n  a: x\n  {{- if .No }}\n  b: x\n  {{- end }}\n  {{- toYaml .Map | nindent 2 }}\n  c: {{ .A }}", "no", "s:\n  a: x\n  m: 1\n  c: \"no\""},
		{"lines of nindent behind lines of nindent", "a:\n  {{- toYaml .Map | nindent 2 }}\n  {{- toYaml .Other | nindent 2 }}", "", "a:\n  m: 1\n  o: 1"},
		{"lines behind lines of nindent, without it", "a:\n  {{- toYaml .Map | nindent 2 }}\n  {{ toYaml .Other | nindent 2 }}", "", "a:\n  m: 1\n  \n  o: 1"},
		{"lines of nindent behind an anchor", "a: &x\n  {{- toYaml .Map | nindent 2 }}\nb: {{ .A }}", "no", "a: &x\n  m: 1\nb: \"no\""},
		{"lines of nindent that are none", "a: b\n{{- toYaml .A | nindent 0 }}", "x", `t:2:5: "x" is not a map or list`},
		{"text of nindent below a value", "a: b\n{{- .A | nindent 0 }}", "x: y", "t:2:5: only a map or a list can be indented here"},
		{"text of nindent in a comment", "a: b # {{ .A | nindent 0 }}", "x: y", "t:1:11: only a map or a list can be indented here"},
		{"lines of nindent for later, before a value", "a: {{ $y := toYaml .Map | nindent 2 }}{{ .A }}", "x", "a: x"},
		{"lines of nindent for later, within a scalar", "a: 1{{ $y := toYaml .Map | nindent 2 }}{{ .A }}", "2", `write "1{{.A}}"`},
		{"lines of nindent within brackets", "a: [b {{- toYaml .Map | nindent 2 }}]", "", "a structure (of toYaml, include or raw) cannot stand here"},
		{"lines that would go on", "s:\n  a: {{ .A }}\n  {{- toYaml .Map | nindent 4 }}", "x", "t:3:7: lines indented by 4 would go on with the value above: use nindent 2, or less"},
		{"lines behind lines of nindent", "s:\n  a: b\n  {{- toYaml .Map | nindent 2 }}\n    c: {{ .A }}", "x", "t:4:5: whether this line goes on"},
		{"lines of indent", "s:\n  a: {{ .A }}\n{{ toYaml .Map | indent 2 }}\n  b: {{ .B }}", "no", "s:\n  a: \"no\"\n  m: 1\n  b: b"},
		{"lines of indent that would go on", "s:\n  a: {{ .A }}\n{{ toYaml .Map | indent 4 }}", "x", "t:3:4: whether this line goes on"},
		{"text of indent", "s:\n{{ .A | indent 2 }}", "x", "t:2:4: only a map or a list can be indented here"},
		{"a structure in quotes", `a: "{{ toYaml .Map }}"`, "", "only where a value or a line begins: a part of a text is {{ template … }}"},
		{"commas between items", `a: [{{ range $i, $x := .List }}{{ if $i }}, {{ end }}{{ $.A }}{{ end }}]`, "x", "t:1:57: whether there is a comma before this depends on a branch"},
		{"commas behind items", `a: [{{ range .List }}{{ $.A }}, {{ end }}]`, "x", "a: [x, x, ]"},
		{"a list as a key", "{{ toYaml .List }}: x", "", "t:1:4: this makes a map or a list, which is no key"},
		{"a list as a key, in a branch", "{{ toYaml .List }}{{ if .A }}: x{{ end }}", "x", "t:1:30: a colon makes a key of what is before it"},
		{"columns count characters, of an action", `ñandú: "年"{{ .A }}`, "x", "t:1:14: this would go on with the value before it"},
		{"columns count characters, of text", "# 年\nañ: }{{ .A }}", "x", "t:2:5: a scalar without quotes cannot begin with '}'"},
		{"columns count characters, of a value", "# 年\nañ: b{{ .A }}", ": ", "t:2:9: \": \" has"},
		{"what ends a scalar within brackets only", "a: [x]\n- k={{ .A }}\n", "b,c[0]{d}", "a: [x]\n- k=b,c[0]{d}\n"},
		{"a comma within brackets", "a: [k={{ .A }}]\n", "b,c", `"b,c" has a ','`},
		{"quotes and signs within a scalar", "a: b{{ .A }}\n", `"c" 'd' &e *f !g |>?<#`, "a: b\"c\" 'd' &e *f !g |>?<#\n"},
		{"a comment", "a: b{{ .A }}\n", "x #y", `has a '#'`},
		{"the correction has quotes of its action as they are", "a: x=\"{{ .A | printf \"%s\" }}\n", "b: c", `write "x=\"{{.A | printf "%s"}}"`},
		{"columns count characters, of an execution", "# 年\nañ: {{ .None }}", "x", "t:2:8: <.None>: map has no entry"},
		{"what begins no scalar", "a: }{{ .A }}", "x", `t:1:4: a scalar without quotes cannot begin with '}'`},
		{"an empty value makes a dash", "a: -{{ .A }} it", "", "an empty value cannot stand here"},
		{"a lone key in brackets", "a: { {{ .A }}, b: {{ .A }} }", "$", `a: { "$", b: "$$" }`},
		{"a key behind a tag", "!!str a: {{ .A }}\n  x", "y", "t:2:3: whether this line goes on"},
		{"a block behind a tag", "- !!str a: |\n    {{ .A }}", "x\ny", "- !!str a: |\n    x\n    y"},
		{"structure behind an anchor", "- &x {{ toYaml .List }}", "", "- &x \n  - 1\n  - 2"},
		{"a line break of old Macs", "# x\r{{ .A }}: y", "k", `t:1:4: the character U+000D may end a line or not, as the version of YAML has it: write a line break, or an escape in double quotes, \x0d`},
		{"a line separator", "a: b # x\u2028{{ .A }}: y", "k", "t:1:9: the character U+2028"},
		{"a next line", "a: {{ .A }} \u0085", "k", "t:1:13: the character U+0085"},
		{"line breaks of Windows", "\r\na: |\r\n  {{ .A }}.\r\n", "x", "\r\na: |\r\n  x.\r\n"},
		{"the end of a block", "a: |-\n  {{ .A }}\nb: c", "x\n", `t:2:6: "x\n" ends with a line break or is an empty line, which a block scalar loses at its end: use |+, or double quotes`},
		{"the end of a block that keeps one line break", "a: |\n  {{ .A }}\nb: c", "x\ny\n", "a: |\n  x\n  y\n  \nb: c"},
		{"the end of a text that keeps one line break", "a: |\n  {{ .A }}\n", "x\n", "a: |\n  x\n  \n"},
		{"two line breaks at the end of a block", "a: |\n  {{ .A }}\nb: c", "x\n\n", "t:2:6: \"x\\n\\n\" ends with a line break"},
		{"an empty line at the end of a block", "a: |\n  x\n  {{ .A }}\nb: c", "\n", "t:3:6: \"\\n\" ends with a line break"},
		{"a line break behind text at the end of a block", "a: |\n  x{{ .A }}\nb: c", "\n", "a: |\n  x\n  \nb: c"},
		{"one line break for a header of a branch", "a: |{{ if .Yes }}-{{ end }}\n  {{ .A }}\n", "x\n", "t:2:6: \"x\\n\" ends with a line break"},
		{"the end of a block, in a branch", "a: |\n  x\n{{- if .Yes }}\n  {{ .A }}\n{{- end }}\n", "", "t:4:6: \"\" ends with a line break or is an empty line"},
		{"no end of a block", "a: |-\n  {{ .A }}\n\n  x", "x\n", "a: |-\n  x\n  \n\n  x"},
		{"the end of a block of a list in it", "- |-\n  {{ .A }}\n- x", "x\n", "use |+"},
		{"the end of a block that keeps it", "a: |+\n  {{ .A }}\nb: c", "x\n\n", "a: |+\n  x\n  \n  \nb: c"},
		{"more of a line at the end of a block", "a: |-\n  {{ .A }}.", "x\n", "a: |-\n  x\n  ."},
		{"rounds of lines", "a:\n{{- range .List }}\n  - {{ $.A }}\n{{- else }} none\n{{- end }}\nb: c", "x: y", "a:\n  - \"x: y\"\n  - \"x: y\"\nb: c"},
		{"break", "a:{{ range .List }}\n  - {{ $.A }}{{ break }}never {{ $.A }}{{ end }}", "x", "a:\n  - x"},
		{"a template at two places", `{{ define "v" }}{{ .A }}{{ end }}a: {{ template "v" . }}` + "\n" + `b: "{{ template "v" . }}"`, "no", "a: \"no\"\nb: \"no\""},
		{"a template called like a copy", `{{ define "v" }}{{ .A }}{{ end }}{{ define "v (2)" }}w{{ end }}a: {{ template "v" . }}` + "\n" + `b: "{{ template "v" . }}{{ template "v (2)" . }}"`, "no", "a: \"no\"\nb: \"now\""},
		{"a template and more text", `{{ define "v" }}{{ .A }}{{ end }}a: {{ template "v" . }}-x`, "no", "this would go on with the value before it"},
		{"a template that calls itself", `{{ define "v" }}{{ if .Yes }}{{ .A }}{{ else }}{{ template "v" . }}{{ end }}{{ end }}a: "{{ template "v" . }}"`, "x", `a: "x"`},
		{"a template that goes deeper", `{{ define "v" }}[{{ template "v" . }}]{{ end }}a: {{ template "v" . }}`, "x", `template "v" calls itself at ever new places`},
		{"no template", `a: {{ template "w" . }}`, "x", `t:1:16: there is no template "w"`},
		{"an include", `{{ define "v" }}x: {{ .A }}{{ end }}a: {{ include "v" . }}`, "no", "a:\n  x: \"no\""},
		{"lines that go on with a structure of a template", `{{ define "v" }}a: {{ toYaml .List }}{{ end }}{{ template "v" . }}` + "\n  - {{ .A }}", "x", "t:2:3: whether this line goes on with the value above it"},
		{"lines that go on with a structure", "a: {{ toYaml .List }}\n  - {{ .A }}", "x", "a:\n  - 1\n  - 2\n  - x"},
		{"an include in a list", `{{ define "v" }}` + "\nx: {{ .A }}\ny: {{ .B }}\n" + `{{ end }}- {{ include "v" . }}`, "no", "- x: \"no\"\n  y: b"},
		{"an include of half a line", `{{ define "v" }}x: "{{ .A }}{{ end }}a: {{ include "v" . }}`, "no", "so it is not whole lines to include"},
		{"an include of a variable", `{{ $n := "v" }}a: {{ include $n . }}`, "no", "include wants the name of a template in quotes"},
		{"an include in quotes", `{{ define "v" }}x{{ end }}a: "{{ include "v" . }}"`, "no", "a structure (of toYaml, include or raw) cannot stand here"},
		{"text indented", "a: {{ .A | nindent 2 }}", "x\ny", `a: "\n  x\n  y"`},
		{"text indented, without a space", "a:{{ .A | nindent 2 }}", "x", "there is no space before the value"},
		{"an end in quotes", `a: "{{ .A }}`, "x", "the template ends in double quotes"},
		{"an end in brackets", `a: [{{ .A }}`, "x", "the template ends behind a value, in ["},
		{"a comment in a branch, which counts as a scalar", "a: x {{ if .A }}# {{ .A }}{{ end }}\n", "z: ", "which is not safe in a scalar without quotes"},
		{"null", "a: {{ .Null }}", "", "there is no value (null)"},
		{"a list", "a: {{ .List }}", "", "this is a list"},
		{"what is not UTF-8", "a: {{ .A }}", "\xff", `t:1:7: "\xff" is not valid UTF-8`},
		{"what is not UTF-8, in a comment", "# {{ .A }}", "\xff", `t:1:6: "\xff" is not valid UTF-8`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data := map[string]any{"A": tt.a, "B": "b", "List": []int{1, 2}, "Yes": true, "No": false, "Null": nil, "Map": map[string]int{"m": 1}, "Other": map[string]int{"o": 1}}
			got, err := execute(tt.text, data)
			switch {
			case err == nil && got != tt.want:
				t.Errorf("got  %q\nwant %q", got, tt.want)
			case err != nil && (!errors.As(err, new(*escape.Error)) || tt.want == "" || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got error %v\nwant %q", err, tt.want)
			}
		})
	}
}

// A template of 1 MiB is rewritten in time that its length bounds, not the square of it.
func TestManyActions(t *testing.T) {
	deep := strings.Repeat("k:\n{{ range .List }}", 40) + "a: b\n" + strings.Repeat("{{ end }}", 40)
	var self strings.Builder
	for i := range 30 {
		fmt.Fprintf(&self, "{{ define \"t%d\" }}{{ if .A }}a%[1]d:\n{{ template \"t%[1]d\" }}{{ template \"t%d\" }}{{ end }}{{ end }}", i, i+1)
	}
	size := 10_000
	if testing.Short() {
		size = 1_000
	}
	tests := []struct{ name, text, want string }{
		{"in brackets", "a: [" + strings.Repeat("{{ .A }}, ", 9*size) + "]", ""},
		{"in the lines of a block scalar", "a: |\n" + strings.Repeat("  {{ .A }}\n", 9*size), ""},
		{"lines without any", strings.Repeat("- b\n", 50*size), ""},
		{"behind colons", "a: b" + strings.Repeat(":", 50*size) + strings.Repeat("{{$x:=1}}", 5*size), ""},
		{"behind a long word", "a: " + strings.Repeat("b", 50*size) + " " + strings.Repeat("b:{{.A}}", 6*size), ""},
		{"brackets", "a: " + strings.Repeat("[", 50*size), "t:1:204: brackets are more than 200 deep within one another"},
		{"ranges within one another", deep, "too many ranges or templates are within one another here"},
		{"ranges far within one another", strings.Repeat("{{range .List}}", 4*size) + strings.Repeat("{{end}}", 4*size), "too many ranges or templates are within one another here"},
		{"templates that call themselves", "x: 1\n{{ template \"t0\" . }}{{ define \"t30\" }}a: b\n{{ end }}" + self.String(), "too many ranges or templates are within one another here"},
	}
	for _, tt := range tests {
		if testing.Short() && strings.HasPrefix(tt.want, "too many ranges") {
			continue // long: the bound on work is a second's
		}
		start := time.Now()
		_, err := execute(tt.text, map[string]any{"A": "x", "List": []int{1}})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
		took := time.Since(start)
		if most := time.Duration(size) * 3 * time.Millisecond; took > most { // ten times as long as it takes
			t.Errorf("%s: it took %v, more than %v", tt.name, took, most)
		}
	}
}
