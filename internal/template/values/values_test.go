package values

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/test/fifo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func parse(t *testing.T, text string) *Node {
	t.Helper()
	n, err := Parse("v.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func large(text string) *big.Int {
	n, _ := new(big.Int).SetString(text, 10)
	return n
}

var compareBig = cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })

func TestTypes(t *testing.T) {
	for text, want := range map[string]any{
		"5": 5, "-3": -3, "0": 0, "0x1F": 31, "0o17": 15, "9223372036854775807": 9223372036854775807,
		"9223372036854775808":             large("9223372036854775808"),
		"123456789012345678901234567890":  large("123456789012345678901234567890"),
		"-123456789012345678901234567890": large("-123456789012345678901234567890"),
		"1.5":                             1.5, "1e-3": 0.001, "1.5e+10": 1.5e10, "0.5": 0.5, "2.0": 2.0, "1e+21": 1e21, "true": true, "False": false, "yes": "yes", "no": "no", "on": "on", "22:22": "22:22",
		"2024-01-01": "2024-01-01", "x": "x", `"5"`: "5", `'007'`: "007", "null": nil, "~": nil, "": nil,
		"[1, a]": []any{1, "a"}, "[]": []any{}, "{}": map[string]any{}, "{a: {5: b}}": map[string]any{"a": map[string]any{"5": "b"}},
	} {
		got := parse(t, "k: "+text).Fields["k"].Plain()
		if diff := cmp.Diff(want, got, compareBig); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", text, diff)
		}
	}
}

func TestAliases(t *testing.T) {
	n := parse(t, "a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\nc: *a\nd: {<<: [{z: 1}, *a]}\n")
	want := any(map[string]any{
		"a": map[string]any{"x": 1, "y": 2}, "b": map[string]any{"x": 1, "y": 3}, "c": map[string]any{"x": 1, "y": 2},
		"d": map[string]any{"x": 1, "y": 2, "z": 1},
	})
	if diff := cmp.Diff(want, n.Plain()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// bomb is a document whose aliases stand for 10 to the power of levels values.
func bomb(levels int) string {
	var text strings.Builder
	text.WriteString("a0: &a0 [x]\n")
	for i := range levels {
		text.WriteString(strings.ReplaceAll("aN: &aN [", "N", string(rune('1'+i))) + strings.Repeat("*a"+string(rune('0'+i))+", ", 10) + "]\n")
	}
	return text.String()
}

// One sentence with its place, soon.
func TestBadDocuments(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"a list", "- a\n", "v.yaml:1:1: want keys with values, such as `client: {image: client:latest}`, not a list"},
		{"a word", "\n a", "v.yaml:2:2: want keys with values, such as `client: {image: client:latest}`, not a single value"},
		{"two documents", "a: 1\n---\nb: 2\n", "v.yaml:2:1: a second document, and only one is read"},
		{"a key twice", "a: 1\nb:\n  c: 1\n  c: 2\n", "v.yaml:4:3: b.c: is there already, in line 3"},
		{"a list as a key", "[a]: 1", "v.yaml:1:1: want a name as a key"},
		{"a tab", "a:\n\tb: 1\n", "v.yaml:2:1: a tab indents this line; YAML wants spaces"},
		{"an open bracket", "a: [1\nb: 2\n", "v.yaml:2:2: while parsing a flow sequence, did not find expected ',' or ']'"},
		{"an open bracket at the end", "é: 1\na: [", "v.yaml:2:5: while parsing a flow node, did not find expected node content"},
		{"an open map at the end", "a: 1\né: {b: 1\n\n", "v.yaml:2:4: while parsing a flow mapping, did not find expected ',' or '}'"},
		{"an open quote", "a: 1\nb: 'x\nc: d\n", "v.yaml:2:4: while scanning a quoted scalar, found unexpected end of stream"},
		{"in the second line of the second document", "a: 1\n---\nb: c: d\n", "v.yaml:3:5: mapping values are not allowed in this context"},
		{"unknown alias", "a: 1\nb: *c\n", "v.yaml:2:4: unknown anchor 'c' referenced"},
		{"alias of itself", "a: &a [*a]\n", "does an alias hold itself?"},
		{"alias bomb", bomb(8), "more than 100000 values: do aliases repeat each other?"},
		{"deep", "a: " + strings.Repeat("[", 200) + strings.Repeat("]", 200), "v.yaml:1:104: a" + strings.Repeat("[0]", 33) + "…: more than 100 maps and lists within one another"},
		{"very deep", "a: " + strings.Repeat("[", 500_000), "v.yaml:1:10004: while increasing flow level, exceeded max depth"},
		{"many", "a: [" + strings.Repeat("1,", 110_000) + "]", "more than 100000 values"},
		{"long", "a: " + strings.Repeat("x", maxFile), "v.yaml: longer than 1 MiB, which no values need"},
		{"not UTF-8", "a: 1\nb: é\xff\n", "v.yaml:2:5: not UTF-8"},
		{"a control character", "a: 1\nb: \x01\n", "v.yaml:2:4: control characters are not allowed"},
		{"a tag", "a: !!binary aGk=\n", "v.yaml:1:4: a: tags such as !!binary are not read"},
		{"leading zeros", "a: {b: 0777}", "v.yaml:1:8: a.b: 0777 is another number to some versions of YAML: put it in quotes"},
		{"a version", "a: 3.10", "v.yaml:1:4: a: 3.10 is the number 3.1: write that, or put it in quotes"},
		{"a version that ends with zeros", "a: 2.00", "v.yaml:1:4: a: 2.00 is the number 2.0: write that, or put it in quotes"},
		{"a hash in capitals", "a: 12E3", "v.yaml:1:4: a: 12E3 is the number 12000.0: write that, or put it in quotes"},
		{"underscores in a fraction", "a: 1_000.5", "v.yaml:1:4: a: 1_000.5 is another number to some versions of YAML: put it in quotes"},
		{"a hash", "a: 1e3", "v.yaml:1:4: a: 1e3 is the number 1000.0: write that, or put it in quotes"},
		{"underscores", "a: 1_000", "v.yaml:1:4: a: 1_000 is another number to some"},
		{"infinity", "a: .inf", "v.yaml:1:4: a: .inf is no number that can be written: put it in quotes"},
		{"merge with a word", "a: {<<: x}", "v.yaml:1:9: a.<<: want a map, or a list of maps"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("v.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "v.yaml:") || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %.300v\nwant %s", err, tt.want)
			}
		})
	}
}

func lay(t *testing.T, base string, r Reading, texts ...string) (*Node, Error) {
	t.Helper()
	var o Overlay
	for _, text := range texts {
		o.AddKey("--set", r, text)
	}
	return o.Over(parse(t, base))
}

func TestSet(t *testing.T) {
	const base = "{a: {b: 1, c: {d: x}}, l: [{x: 1}, two], s: text}"
	tests := []struct {
		set  string // by lines
		path []string
		want any
	}{
		{"a.b=2", []string{"a", "b"}, 2},
		{"a.b=a,b=c", []string{"a", "b"}, "a,b=c"},
		{`a.b="2"`, []string{"a", "b"}, "2"},
		{"a.b=", []string{"a", "b"}, ""},
		{"a.b=true", []string{"a", "b"}, true},
		{"a.b=a: b # c", []string{"a", "b"}, "a: b # c"},
		{"a.b=*x", []string{"a", "b"}, "*x"},
		{"a.b={x: [1, y]}", []string{"a", "b"}, map[string]any{"x": []any{1, "y"}}},
		{"a={b: 3}", []string{"a"}, map[string]any{"b": 3, "c": map[string]any{"d": "x"}}},
		{"a.c=null", []string{"a"}, map[string]any{"b": 1}},
		{"a.c=null\na.c.e=1", []string{"a", "c"}, map[string]any{"e": 1}},
		{"new.key.path=1", []string{"new", "key", "path"}, 1},
		{`a.x\.y.z=1`, []string{"a", "x.y", "z"}, 1},
		{`a.x\=y\[0]\\=1`, []string{"a", `x=y[0]\`}, 1},
		{"l[0].x=2", []string{"l"}, []any{map[string]any{"x": 2}, "two"}},
		{"l[1]=zwei\nl[2]=drei", []string{"l"}, []any{map[string]any{"x": 1}, "zwei", "drei"}},
		{"m[0][0]=x", []string{"m"}, []any{[]any{"x"}}},
		{"l=[]", []string{"l"}, []any{}},
		{"s.t=1", []string{"s"}, map[string]any{"t": 1}},
		{"n=123456789012345678901234567890", []string{"n"}, large("123456789012345678901234567890")},
	}
	for _, tt := range tests {
		t.Run(tt.set, func(t *testing.T) {
			n, wrong := lay(t, base, YAML, strings.Split(tt.set, "\n")...)
			if err := wrong.OrNil(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, n.Get(tt.path...).Plain(), compareBig); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if n, _ := lay(t, base, Text, "a.b=5", "s={"); n.Get("a", "b").Scalar != "5" || n.Get("s").Scalar != "{" {
		t.Error("text is no string")
	}
}

func TestSetErrors(t *testing.T) {
	for text, want := range map[string]string{
		"a":            "--set a: want key.path=value, and there is no =",
		"=1":           "--set =1: want key.path=value, and a key is empty",
		"a..b=1":       "--set a..b=1: want key.path=value, and a key is empty",
		"a.=1":         "--set a.=1: want key.path=value, and a key is empty",
		"l[x]=1":       "--set l[x]=1: want a number in brackets, such as [0], not [x]",
		"l[0=1":        "--set l[0=1: want a ] behind [0=1",
		"l[0]x=1":      "--set l[0]x=1: want a dot, = or another bracket behind ]",
		"l[7]=1":       "--set l[7]: the list has 1 items, and [1] adds the next",
		"a[0]=1":       "--set a[0]: there is a map, not a list: write a key behind a dot, not in brackets",
		"l.0=1":        "--set l.0: there is a list, not a map: write the number of an item in brackets, such as [0]",
		"a=[1] b":      "--set a: there is more behind it: --set-string takes it as text",
		`a="b" c`:      "--set a: there is more behind it",
		"a='b'\nc":     "--set a: ",
		"a=[1":         "--set a: while parsing a flow sequence, did not find expected ',' or ']': --set-string takes it as text",
		"a=0777":       "--set a: 0777 is another number to some versions of YAML: use --set-string, or write it without",
		"a=3.10":       "--set a: 3.10 is the number 3.1: write that, or use --set-string",
		"a=[3.10]":     "--set a: a[0]: 3.10 is the number 3.1: write that, or put it in quotes",
		"a={{ x }}":    "--set a: want a name as a key: --set-string takes it as text",
		"a=\xff":       `--set: not UTF-8: "a=\xff"`,
		"a={b: 1_000}": "--set a: a.b: 1_000 is another number",
	} {
		_, wrong := lay(t, "{a: {b: 1}, l: [1]}", YAML, text)
		if err := wrong.OrNil(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestSetFile(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	n, wrong := lay(t, "{}", File, "a.b="+file("text", "1: x\n"))
	if n.Get("a", "b").Scalar != "1: x\n" || wrong.OrNil() != nil {
		t.Errorf("got %v, %v", n.Plain(), wrong)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "no such file or directory",
		dir:                        "is a directory",
		file("binary", "a\nb\xff"): "binary:2:2: not UTF-8",
		file("large", strings.Repeat("x", maxFile+1<<20)): "it is larger than 1 MiB",
		"/dev/zero": "it is larger than 1 MiB",
	} {
		_, wrong := lay(t, "{}", File, "a.b="+path)
		if err := wrong.OrNil(); err == nil || !strings.HasPrefix(err.Error(), "--set a.b: "+path) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// A file of a gigabyte is not read.
func TestHugeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "huge.yaml")
	if err := os.WriteFile(path, []byte("a: 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<30); err != nil {
		t.Skip(err)
	}
	var o Overlay
	o.AddFile(path)
	_, wrong := o.Over(Map(Origin{}))
	if err := wrong.OrNil(); err == nil || err.Error() != path+": it is larger than 1 MiB" {
		t.Errorf("got %v", err)
	}
}

// A pipe is read if somebody writes to it, and otherwise not waited for.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	fifo.Make(t, path)
	var o Overlay
	o.AddFile(path)
	o.AddKey("--set-file", File, "k="+path)
	_, wrong := o.Over(Map(Origin{}))
	want := "2 things are wrong with the values:\n  --set-file k: " + path + ": it is a pipe that nobody writes to\n  " + path + ": it is a pipe that nobody writes to"
	if err := wrong.OrNil(); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = w.WriteString("a: 1\n")
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	o = Overlay{Stdin: strings.NewReader("b: 1\n")}
	o.AddFile("-")
	o.AddFile(fmt.Sprintf("/dev/fd/%d", r.Fd())) // as a shell's <(…)
	laid, wrong := o.Over(Map(Origin{}))
	if err := wrong.OrNil(); err != nil || laid.Fields["a"] == nil || laid.Fields["b"] == nil {
		t.Errorf("got %v, error %v", laid.Plain(), err)
	}
}

// Later files win, and then keys; each value remembers who said it.
func TestOrigins(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "1.yaml"), filepath.Join(dir, "2.yaml")
	for path, text := range map[string]string{one: "a: {x: 1, y: 1, gone: 1}\nl: [1, {k: v}]\n", two: "a:\n  y: 2\n  gone:\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var o Overlay
	o.AddKey("COMPOSER_SET", YAML, "l[0]=5")
	o.AddFile(one)
	o.AddFile(two)
	o.AddKey("--set", YAML, "a.z={p: 1, q: {}}")
	n, wrong := o.Over(parse(t, "a: {w: 0, x: 0}"))
	if err := wrong.OrNil(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, leaf := range n.Leaves() {
		got = append(got, strings.Replace(leaf.Origin.String(), dir+"/", "", 1)+" "+leaf.Path+"="+Literal(leaf.Value))
	}
	want := []string{
		"v.yaml:1:5 a.w=0", "1.yaml:1:5 a.x=1", "2.yaml:2:3 a.y=2", "--set a.z a.z.p=1", "--set a.z a.z.q={}",
		"COMPOSER_SET l[0] l[0]=5", "1.yaml:2:9 l[1].k=v",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What composer values prints can be given to --set, and makes the same values.
func TestLeavesAreSettable(t *testing.T) {
	key := rapid.StringOfN(rapid.RuneFrom([]rune(`ab.=[]\ "é0:`)), 1, 4, -1)
	scalar := rapid.OneOf(rapid.String().AsAny(), rapid.Int().AsAny(), rapid.Bool().AsAny(),
		rapid.Float64().AsAny(), rapid.SampledFrom([]any{0.0, 1.0, -2.0, 1e21}),
		rapid.SampledFrom([]any{"", "5", "null", "true", "007", "{", "[a", `"x`, "a: b # c", "1e3", "2024-01-01", "\n", " x "}))
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]any{}
		for range rapid.IntRange(0, 4).Draw(t, "keys") {
			inner := any(map[string]any{key.Draw(t, "inner"): scalar.Draw(t, "scalar")})
			if rapid.Bool().Draw(t, "list") {
				inner = []any{scalar.Draw(t, "item"), inner}
			}
			want[key.Draw(t, "key")] = inner
		}
		var o Overlay
		for _, leaf := range nodeOf(want).Leaves() {
			if leaf.Path != "" { // nothing at all
				o.AddKey("--set", YAML, leaf.Path+"="+Literal(leaf.Value))
			}
		}
		n, wrong := o.Over(Map(Origin{}))
		if err := wrong.OrNil(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(any(want), n.Plain()); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

func TestFloatsStayFloatsInJSON(t *testing.T) {
	text, err := json.Marshal(parse(t, "{a: 1.0, b: [1, -2.5, 1e-3], c: 123456789012345678901}").JSON())
	if want := `{"a":1.0,"b":[1,-2.5,0.001],"c":123456789012345678901}`; err != nil || string(text) != want {
		t.Errorf("got %s, error %v, want %s", text, err, want)
	}
}

func nodeOf(value any) *Node {
	switch v := value.(type) {
	case map[string]any:
		n := Map(Origin{})
		for key, one := range v {
			n.Fields[key] = nodeOf(one)
		}
		return n
	case []any:
		n := &Node{Items: make([]*Node, len(v))}
		for i, one := range v {
			n.Items[i] = nodeOf(one)
		}
		return n
	default:
		return &Node{Scalar: v}
	}
}

// Whatever bytes a file has, there is an answer, and errors have a place.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"a: {b: [1, x]}", "a: &a [*a]", bomb(3), "a: 007", "<<: {a: b}", "? [a]\n: b"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := Parse("v.yaml", text)
		if err != nil && !strings.HasPrefix(err.Error(), "v.yaml:") {
			t.Errorf("%v: no place", err)
		}
		if err == nil {
			n.Leaves()
		}
	})
}

// Each key of a path is laid over by a walk of its own.
func TestLongPaths(t *testing.T) {
	for _, path := range []string{strings.Repeat("a.", 50_000) + "a", "a" + strings.Repeat("[0]", 50_000)} {
		var o Overlay
		o.AddKey("--set", YAML, path+"=1")
		if _, wrong := o.Over(Map(Origin{})); len(wrong.Problems) != 1 || wrong.Problems[0].What != "more than 100 keys within one another" {
			t.Errorf("%.10s: got %d problems", path, len(wrong.Problems))
		}
	}
}
