package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/Masterminds/sprig/v3"
	"github.com/compose-spec/compose-go/v2/template"
	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/templates"
)

// reviewed are the functions of sprig that were read and found to depend on
// nothing but their arguments. A function that is neither here nor in
// unrepeatable came with a new version: read it, then add it to one of them,
// and to changing if it changes an argument.
const reviewed = `
abbrev abbrevboth add add1 add1f addf adler32sum all any append atoi b32dec b32enc b64dec b64enc base biggest camelcase
cat ceil chunk clean coalesce compact concat contains decryptAES deepCopy deepEqual default dict dig dir div divf empty
ext fail first float64 floor fromJson get has hasKey hasPrefix hasSuffix hello indent initial initials int int64 isAbs
join kebabcase kindIs kindOf last list lower max maxf merge mergeOverwrite min minf mod mul mulf mustAppend mustChunk
mustCompact mustDeepCopy mustFirst mustFromJson mustHas mustInitial mustLast mustMerge mustMergeOverwrite mustPrepend
mustPush mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral mustRegexSplit
mustRest mustReverse mustSlice mustToJson mustToPrettyJson mustToRawJson mustUniq mustWithout nindent nospace omit pick
pluck plural prepend push quote regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll
regexReplaceAllLiteral regexSplit repeat replace rest reverse round semver semverCompare seq set sha1sum sha256sum
sha512sum slice snakecase sortAlpha split splitList splitn squote sub subf substr swapcase ternary title toDecimal
toJson toPrettyJson toRawJson toString toStrings trim trimAll trimPrefix trimSuffix trimall trunc tuple typeIs typeIsLike
typeOf uniq unset until untilStep untitle upper urlJoin urlParse without wrap wrapWith
`

func TestEveryFunctionOfSprigWasRead(t *testing.T) {
	known := append(strings.Fields(reviewed), unrepeatable...)
	slices.Sort(known)
	if diff := cmp.Diff(known, slices.Sorted(maps.Keys(sprig.TxtFuncMap()))); diff != "" {
		t.Errorf("functions of sprig (-known +there):\n%s", diff)
	}
	for _, name := range changing {
		if !slices.Contains(known, name) {
			t.Errorf("sprig has no %q to change its argument", name)
		}
	}
	funcs := Funcs()
	for _, name := range unrepeatable {
		if _, there := funcs[name]; there && name != "keys" && name != "values" {
			t.Errorf("templates have %q", name)
		}
	}
}

func TestKeysAndValuesAreOrdered(t *testing.T) {
	e := newEngine(t, body(`{{ keys .Values.map .Values.dict }} {{ values .Values.map }}`))
	doc, err := e.Render("one", 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(doc.Bytes), "[x y ID] [1 2]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSubnetFor(t *testing.T) {
	tests := []struct {
		cidr       string
		containers any
		want       string
	}{
		{"172.25.125.0/24", 0, "172.25.125.0/24"},
		{"172.25.125.0/24", 1, "172.25.125.0/24"},
		{"172.25.125.0/24", 253, "172.25.125.0/24"},
		{"172.25.125.0/24", int64(254), "172.25.124.0/23"},
		{"172.25.125.0/24", 509, "172.25.124.0/23"},
		{"172.25.125.0/24", 510, "172.25.124.0/22"},
		{"172.25.125.0/24", 1021, "172.25.124.0/22"},
		{"172.25.125.0/24", 1022, "172.25.120.0/21"},
		{"172.25.125.0/24", 1024, "172.25.120.0/21"},
		{"10.0.0.0/30", 1, "10.0.0.0/30"},
		{"10.0.0.0/32", 1, "10.0.0.0/30"},
		{"10.1.2.3/24", 1, "10.1.2.0/24"},
		{"fd00::/64", 1, "only IPv4"},
		{"172.25.125.0", 1, "ParsePrefix"},
		{"172.25.125.0/24", -1, "no number of containers"},
		{"172.25.125.0/24", "5", "no number of containers"},
		{"172.25.125.0/24", 1 << 40, "too many"},
	}
	for _, tt := range tests {
		got, err := subnetFor(tt.cidr, tt.containers)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
			t.Errorf("subnetFor %s %v: got %s, want %s", tt.cidr, tt.containers, got, tt.want)
		}
	}
}

// The built-in network has an address for each client, the server, and the
// throw-away container of validar-echo-server.sh; it grows just in time.
func TestBuiltInSubnet(t *testing.T) {
	e := newEngine(t, templates.FS)
	for n, want := range map[int]string{
		0: "172.25.125.0/24", 5: "172.25.125.0/24", 251: "172.25.125.0/24",
		252: "172.25.124.0/23", 507: "172.25.124.0/23",
		508: "172.25.124.0/22", 1019: "172.25.124.0/22",
		1020: "172.25.120.0/21", 1022: "172.25.120.0/21",
	} {
		doc, err := e.Render("ej3", n)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(doc.Bytes), "- subnet: "+want+"\n") {
			t.Errorf("%d clients: want %s, got %s", n, want, doc.Bytes[len(doc.Bytes)-30:])
		}
	}
}

// readBack returns what YAML and then Compose make of a scalar.
func readBack(scalar string) (string, error) {
	var value any
	if err := yaml.Unmarshal([]byte("key: "+scalar+"\n"), &value); err != nil {
		return "", err
	}
	text, ok := value.(map[string]any)["key"].(string)
	if !ok {
		return "", fmt.Errorf("it is read as %#v", value)
	}
	return template.Substitute(text, func(string) (string, bool) { return "", false })
}

func TestQuoteIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("$\"'\\{}:-#& \n\t\r\x00\x7f\u0085\u2028\ufeff€😀07exno./~")))).Draw(t, "text")
		for _, f := range []func(any) (string, error){func(v any) (string, error) { return quote(v) }, scalar} {
			scalar, err := f(want)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := readBack(scalar); err != nil || got != want {
				t.Fatalf("%q is written %s and read back as %q, error %v", want, scalar, got, err)
			}
		}
	})
}

func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "no", "1e3", "007", "1_000", "2024-01-01", "22:22", "$HOME", "$$", "${A:-b}", `"`, `\`, "a\nb", "\x00", "\u2028", "ñ", "😀", "/a/b", "./.data", "../x", "# a", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, want string) {
		written, err := quote(want)
		if !utf8.ValidString(want) {
			if err == nil {
				t.Fatalf("%q is no UTF-8 and was written %s", want, written)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readBack(written); err != nil || got != want {
			t.Fatalf("%q is written %s and read back as %q, error %v", want, written, got, err)
		}
		if written, _ = scalar(want); written[0] != '"' {
			if got, err := readBack(written); err != nil || got != want {
				t.Fatalf("%q is written %s and read back as %q, error %v", want, written, got, err)
			}
		}
	})
}

func TestQuote(t *testing.T) {
	tests := []struct {
		text, want string
	}{
		{`{{ quote "a" 5 true }}`, `"a" "5" "true"`},
		{`{{ quote "$HOME" }}`, `"$$HOME"`},
		{`{{ quote "a\n\"b\"" }}`, `"a\n\"b\""`},
		{`{{ scalar "./a/b" }}`, `./a/b`},
		{`{{ scalar "/a" }}`, `/a`},
		{`{{ scalar "/a b" }}`, `"/a b"`},
		{`{{ scalar "no" }}`, `"no"`},
		{`{{ scalar "./$a" }}`, `"./$$a"`},
		{`{{ quote (b64dec "/w==") }}`, "is no text"},
		{`{{ quote (dig "a" nil .Values) }}`, "is no text"},
	}
	for _, tt := range tests {
		got := renderText(t, body(tt.text))
		if got != tt.want && !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
}

func renderText(t *testing.T, fsys fstest.MapFS) string {
	t.Helper()
	doc, err := newEngine(t, fsys).Render("one", 0)
	if err != nil {
		return err.Error()
	}
	return string(doc.Bytes)
}
