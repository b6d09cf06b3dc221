package render

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/sprig/v3"
	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/templates"
)

// reviewed are the functions of sprig that were read and found to depend on
// nothing but their arguments. A function that is neither here nor in
// unrepeatable came with a new version: read it, then add it to one of them,
// and to changing if it changes an argument.
const reviewed = `
abbrev abbrevboth add add1 add1f addf adler32sum all any append atoi b32dec b32enc b64dec b64enc base biggest camelcase
cat ceil chunk clean coalesce compact concat contains decryptAES deepCopy deepEqual default dict dig dir div divf duration empty
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

// duration formats seconds. It reads no clock, as durationRound does for a time.
func TestDuration(t *testing.T) {
	e := newEngine(t, body(`a: {{ duration 3661 }}`))
	doc, err := e.Render("one", 1)
	if err != nil || !strings.Contains(string(doc.Bytes), "a: 1h1m1s") {
		t.Errorf("got %s, error %v", doc.Bytes, err)
	}
}

func TestKeysAndValuesAreOrdered(t *testing.T) {
	e := newEngine(t, body(`# {{ keys .Values.map .Values.dict }} {{ values .Values.map }}`))
	doc, err := e.Render("one", 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(doc.Bytes), "# [x y ID] [1 2]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Numbers of JSON have the types that values have.
func TestFromJSON(t *testing.T) {
	for _, function := range []string{"fromJson", "mustFromJson"} {
		e := newEngine(t, body(`a: {{ toYaml (`+function+` "{\"i\": 5, \"l\": [123456789012345678901, -0.5, 1.0, 1e3], \"s\": \"5\"}") }}`))
		doc, err := e.Render("one", 0)
		if err != nil {
			t.Fatal(err)
		}
		const want = "a:\n  i: 5\n  l:\n    - 123456789012345678901\n    - -0.5\n    - 1.0\n    - 1000.0\n  s: \"5\""
		if got := strings.TrimSpace(string(doc.Bytes)); got != want {
			t.Errorf("%s: got\n%s", function, got)
		}
	}
	for _, text := range []string{`{}x`, `[`, `{"a": 1, "a": 2}`} {
		if _, err := newEngine(t, body("a: {{ mustFromJson `"+text+"` }}")).Render("one", 0); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// An address differs from run to run, so no function writes one, and replicas are no text.
func TestNoAddresses(t *testing.T) {
	for text, want := range map[string]string{
		`{{ printf "%p" .Stage }}`:              "%p writes an address",
		`{{ printf "%+[1]p" .Stage }}`:          "%p writes an address",
		`{{ printf "%d" .Kinds.client }}`:       "cannot write replicas as text",
		`{{ .Clients }}`:                        "range over them",
		`{{ toYaml .Kinds }}`:                   "range over them",
		`{{ fromJson "{\"a\": 1, \"a\": 2}" }}`: `the key "a" is in an object of the JSON twice`,
		`{{ printf "100%%p %s" .Stage }}`:       "",
	} {
		_, err := newEngine(t, body("a: "+text)).Render("one", 1)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
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
