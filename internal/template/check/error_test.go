package check

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/render"
)

// What is wrong, the line that it is in, and the text from where it begins.
func TestErrors(t *testing.T) {
	tests := []struct {
		name      string
		doc       render.Document
		want      string // as much of the error as is ours
		line      int
		text      string
		beginning string // of the document from the offset on
	}{
		{
			"misspelt key", document(head, 3, all("image:", "imag:"), tail),
			`unknown key "services.client1.imag", did you mean image?`, 12, "imag: client", "imag: client",
		},
		{
			"misspelt key in one", document(head, 9, but("image:", "imag:"), tail),
			`unknown key "services.client5.imag", did you mean image?`, 52, "imag: client", "imag: client",
		},
		{
			"misspelt key at the top", document(strings.Replace(head, "services", "sevices", 1), 0, same(one), tail),
			`unknown key "sevices", did you mean services?`, 3, "sevices:", "sevices:",
		},
		{
			"port", document(head, 3, all("image: client", "image: client\n    ports: [\"80:99999999\"]"), tail),
			`service client1: port "80:99999999": Invalid containerPort: 99999999`, 13, `ports: ["80:99999999"]`, `"80:99999999"`,
		},
		{
			"key twice", document(head, 3, all("image: client", "image: client\n    image: x"), tail),
			`key "image" is in line 12 already`, 13, "image: x", "image: x",
		},
		{
			"not YAML", document(head, 1, all("image: client", "image: 'client"), "\n"),
			"while scanning a quoted scalar, found unexpected end of stream", 12, "image: 'client", "'client",
		},
		{
			"tab", document(head, 1, all("    image: client", "\timage: client"), tail),
			"a tab indents this line; YAML wants spaces", 12, "image: client", "\timage: client",
		},
		{
			"depth", document(strings.Replace(head, "services", "x-a: "+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+"\nservices", 1), 1, same(one), tail),
			"values are nested more than 200 deep here", 3, "x-a: " + strings.Repeat("[", 55) + "…", strings.Repeat("[", 4799),
		},
		{
			"a bomb of merges", document(strings.Replace(head, "services", mergeBomb()+"services", 1), 1, same(one), tail),
			"up to here aliases add more than 100000 values", 31, "<<: [*a13, *a13]", "*a13, *a13]",
		},
		{
			"wide characters before it", document(head, 2, all("image: client", "image: client\n    labels: {ñ: 'ñandú', ñ: x}"), tail),
			`key "ñ" is in line 13 already`, 13, "labels: {ñ: 'ñandú', ñ: x}", "ñ: x}",
		},
		{
			"neither image nor build", document(head, 2, all("    image: client\n", ""), tail),
			`service "client1" has neither an image nor a build context specified`, 10, "client1:", "client1:",
		},
		{
			"name", document(strings.Replace(head, "tp0", "'!'", 1), 3, same(one), tail),
			`name: there is no letter or digit in "!"`, 1, "name: '!'", "'!'",
		},
		{
			"container name", document(head, 3, all("container_name: client~", "container_name: client"), tail),
			`services client1 and client2 have the same container_name "client"`, 21, "container_name: client", "client\n",
		},
		{
			"address", document(head, 3, all(netList, "networks:\n      net:\n        ipv4_address: 172.25.125.~"), tail),
			"service client1: address 172.25.125.1 is that of network net's gateway", 17, "ipv4_address: 172.25.125.1", "172.25.125.1\n",
		},
		{
			"subnet", document(head, 253, same(one), tail),
			"network net: 254 containers, and subnet 172.25.125.0/24 has addresses for 253", 2544, "- subnet: 172.25.125.0/24", "172.25.125.0/24\n",
		},
		{
			"long line", document(head, 1, all("image: client", "imag: "+strings.Repeat("x", 100)), tail),
			"unknown key", 12, "imag: " + strings.Repeat("x", 54) + "…", "imag: x",
		},
		{
			"silenced for the linter", document(head, 1, all("image: client", "imag: x # composer-lint: disable=specification"), tail),
			"services.client1.imag false schema", 12, "imag: x # composer-lint: disable=specification", "x # composer-lint",
		},
		{
			"what only compose-go knows, behind variables", document(strings.Replace(head, "image: server", "image: ${IMAGE}\n    ports: [\"${PORT}:80\"]", 1), 1, all("image: client", "image: ${IMAGE}\n    stop_grace_period: soon"), tail),
			"services.client1.stop_grace_period", 14, "stop_grace_period: soon", "soon",
		},
		{
			"in a large document", document(head, 60_000, same(one), strings.Replace(tail, "172.25.125.0/24", "172.16.0.0/12", 1)),
			"network net: 60001 containers, and a Linux bridge takes 1023", 600_011, "net:", "net:\n    ipam",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			skipLong(t, tt.doc)
			_, err := Document(t.Context(), tt.doc)
			got, ok := errors.AsType[*Error](err)
			if !ok {
				if err == nil || tt.line > 0 || err.Error() != tt.want {
					t.Errorf("got %v, which has no line", err)
				}
				return
			}
			if got.Line != tt.line || got.Text != tt.text || !strings.HasPrefix(string(tt.doc.Bytes[got.Offset:]), tt.beginning) {
				t.Errorf("it is in line %d, %q, at %.30q", got.Line, got.Text, tt.doc.Bytes[got.Offset:])
			}
			if !strings.HasPrefix(got.Message, tt.want) {
				t.Errorf("got %s, want %s", got.Message, tt.want)
			}
		})
	}
}

// The parts of a file with several documents are read as one, and each error is in the
// part that it is about.
func TestSeveralDocuments(t *testing.T) {
	const first = "---\nservices:\n  a:\n    image: a\n    container_name: same\n    depends_on: [b]\n--- # over it\n"
	for second, want := range map[string]string{
		"services:\n  b: {image: b}\n---\nservices: {b: {hostname: x}}\n": "",

		"services:\n  a: {hostname: x}\n  b:\n    imag: b\n":        `line 11 of the document, "imag: b": unknown key "services.b.imag", did you mean image?`,
		"services:\n  b:\n    image: 'b\n":                          `line 10 of the document, "image: 'b": while scanning a quoted scalar, found unexpected end of stream`,
		"services:\n  b:\n    image: b\n    depends_on: [c]\n":      `line 11 of the document, "depends_on: [c]": service "b" depends on undefined service "c"`,
		"services:\n  b:\n    hostname: b\n":                        `line 9 of the document, "b:": service "b" has neither an image nor a build context`,
		"services:\n  b:\n    image: b\n    container_name: same\n": `line 11 of the document, "container_name: same": services a and b have the same container_name "same"`,
	} {
		_, err := Document(t.Context(), render.Document{Bytes: []byte(first + second)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s\ngot  %v\nwant %s", second, err, want)
		}
	}
}

// What other files have is not known here, and what the document has is checked.
func TestOtherFiles(t *testing.T) {
	const extending = "services:\n  a:\n    extends: {file: base.yaml, service: web}\n"
	for text, want := range map[string]string{
		extending: "",
		"include: [other.yaml]\nservices: {a: {image: a, depends_on: [b], networks: [n]}}\n":     "",
		"services: {}\n---\ninclude: [other.yaml]\nservices: {a: {image: a, depends_on: [b]}}\n": "",

		"services: {a: {image: a, depends_on: [include]}}\n": `there is no service "include"`,
		extending + "    imag: a\n":                          `unknown key "services.a.imag"`,
		extending + "    stop_grace_period: 5\n":             "stop_grace_period",
		extending + "  b: {image: b, depends_on: [c]}\n":     `there is no service "c"`,
		extending + "  b: {extends: {service: c}}\n":         `"c"`,
	} {
		_, err := Document(t.Context(), render.Document{Bytes: []byte(text)})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestErrorText(t *testing.T) {
	e := &Error{Line: 12, Text: `ports: ["x"]`, Message: "bad"}
	for place, want := range map[string]string{
		"":      `line 12 of the document, "ports: [\"x\"]": bad`,
		"x:3:5": `x:3:5 (line 12 of the document, "ports: [\"x\"]"): bad`,
	} {
		e.Place = place
		if diff := cmp.Diff(want, e.Error()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// mergeBomb is a mapping of a single key that is merged 2^40 times.
func mergeBomb() string {
	var b strings.Builder
	b.WriteString("x-0: &a0 {k: v}\n")
	for i := range 40 {
		fmt.Fprintf(&b, "x-%d: &a%[1]d\n  <<: [*a%d, *a%[2]d]\n", i+1, i)
	}
	return b.String()
}
