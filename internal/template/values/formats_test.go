package values

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Each format has its values as text, in order, with their places.
func TestFormats(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       []string // the leaves, or one error
	}{
		{"a.env", "# c\nexport A=1\n\nB = x y # c\nC=\"a\\n\\\"b\\\" $X #\" # c\nD='a\\n'\nE=\nF=a#b\nG=#c\n", []string{
			`2:1 A="1"`, `4:1 B="x y"`, `5:1 C="a\n\"b\" $X #"`, `6:1 D="a\\n"`, `7:1 E=""`, `8:1 F="a#b"`, `9:1 G=""`,
		}},
		{"a.env", "A=1\nB\n", []string{`a.env:2:1: want KEY=VALUE, and there is no = behind "B"`}},
		{"a.env", "A=1\n  A=2\n", []string{"a.env:2:3: A: is there already, in line 1"}},
		{"a.env", "A=\"1\n", []string{"a.env:1:1: the quote of the value is not closed in this line, or more than a comment is behind it"}},
		{"a.env", "=1", []string{"a.env:1:1: want a key before the ="}},
		{"a.INI", "x = 1\n[server]\n; c\nport = 80\nhost: a=b\n[empty]\n[server]\nname=\n", []string{
			`6:1 empty={}`, `5:1 server.host="a=b"`, `8:1 server.name=""`, `4:1 server.port="80"`, `1:1 x="1"`,
		}},
		{"a.ini", "[server\n", []string{"a.ini:1:1: want the name of a section in brackets, as in [server]"}},
		{"a.ini", "x\n", []string{"a.ini:1:1: want key = value, or [section]"}},
		{"a.ini", "x=1\n[x]\ny=1", []string{"a.ini:2:1: x: is there already, in line 1"}},
		{"a.properties", "! c\na.b=1\na.c: x\\ty\nd e f\ng=1,\\\n   2\nh\n", []string{
			`2:1 a.b="1"`, `3:1 a.c="x\ty"`, `4:1 d="e f"`, `5:1 g="1,2"`, `7:1 h=""`,
		}},
		{"a.properties", "a=1\na.b=2\n", []string{"a.properties:2:1: a.b: a has a value of its own, in line 1, so it has no keys below it: rename one of the two"}},
		{"a.properties", "a.b=2\na=1\n", []string{"a.properties:2:1: a: has keys below it, in line 1, so it has no value of its own: rename one of the two"}},
		{"a.properties", "a=\\q\n", []string{"a.properties:1:1: a: a backslash begins no escape here: write two"}},
		{"dir/rows.csv", "name,port\na,80\n\"b, c\",81\n", []string{
			`2:1 rows[0].name="a"`, `2:3 rows[0].port="80"`, `3:1 rows[1].name="b, c"`, `3:8 rows[1].port="81"`,
		}},
		{"rows.csv", "name,port\na\n", []string{"rows.csv:2:1: 1 field, and the first row has 2"}},
		{"rows.csv", "a,a\n1,2\n", []string{"rows.csv:2:3: a: is there already, in line 2"}},
		{"rows.csv", "", []string{`1:1 rows=[]`}},
		{"rows.csv", "name;port\n\"a;b\";1,5\n", []string{`2:1 rows[0].name="a;b"`, `2:7 rows[0].port="1,5"`}},
		{"rows.csv", "name\tport\na\t80\n", []string{`2:1 rows[0].name="a"`, `2:3 rows[0].port="80"`}},
		{".env.production", "A=1\n", []string{`1:1 A="1"`}},
		{"a.toml", "# c\nname = \"x\"\nsize = 1_000\nbig = 0xFF\nhalf = 0.5\non = true\nday = 2024-01-02\n[server.tls]\nport = 80 # c\na.\"b.c\" = [1, \"2\", {d = 3}]\n[[node]]\nid = 1\n[[node]]\nid = 2\n[node.tls]\non = false\n", []string{
			`4:1 big=255`, `7:1 day="2024-01-02"`, `5:1 half=0.5`, `2:1 name="x"`, `12:1 node[0].id=1`, `14:1 node[1].id=2`, `16:1 node[1].tls.on=false`,
			`6:1 on=true`, `10:12 server.tls.a.b\.c[0]=1`, `10:15 server.tls.a.b\.c[1]="2"`, `10:21 server.tls.a.b\.c[2].d=3`, `9:1 server.tls.port=80`, `3:1 size=1000`,
		}},
		{"a.toml", "a = 1\nb\n", []string{"a.toml:2:2: expected '=' after key"}},
		{"a.toml", "a = 1\na = 2\n", []string{"a.toml:2:1: key a is already defined"}},
		{"a.toml", "tag = 3.10\n", []string{"a.toml:1:1: tag: 3.10 is the number 3.1: write that, or put it in quotes"}},
		{"a.toml", "[a]\nb = [1, inf]\n", []string{"a.toml:2:9: a.b[1]: inf is no number that can be written: put it in quotes"}},
		{"a.json", "{\n\t\"a\": [1, \"2\"],\n\t\"b\": {\"c\": 1.5}\n}\n", []string{`2:8 a[0]=1`, `2:11 a[1]="2"`, `3:8 b.c=1.5`}},
		{"a.yaml", "a: 1", []string{`1:1 a=1`}},
	} {
		n, err := ParseFile(test.name, "", []byte(test.text))
		if err != nil {
			if diff := cmp.Diff(test.want, []string{err.Error()}); diff != "" {
				t.Errorf("%s %q (-want +got):\n%s", test.name, test.text, diff)
			}
			continue
		}
		var got []string
		for _, leaf := range n.Leaves() {
			var value string
			switch v := leaf.Value.(type) {
			case string:
				value = fmt.Sprintf("%q", v)
			case map[string]any, []any:
				value = Literal(v)
			default:
				value = fmt.Sprint(v)
			}
			got = append(got, fmt.Sprintf("%s %s=%s", strings.TrimPrefix(leaf.Origin.String(), test.name+":"), leaf.Path, value))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", test.name, test.text, diff)
		}
	}
}

// Order is that of the file.
func TestFormatOrder(t *testing.T) {
	n, err := ParseFile("a.env", "", []byte("B=1\nA=2\n"))
	if diff := cmp.Diff([]string{"B", "A"}, n.Keys); diff != "" || err != nil {
		t.Errorf("keys (-want +got):\n%s, error %v", diff, err)
	}
}

// A text of a format that has nothing but texts has the type of what it is laid over, if it reads as that.
func TestTextsOverNumbers(t *testing.T) {
	base, err := ParseFile("values.yaml", "", []byte("n: 1\nf: 0.5\nb: true\ns: x\nm: {n: 1}\nl: [1]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"n=3\nf=1.25\nb=false\ns=4": `b=false f=1.25 n=3 s="4" m.n=1`,
		"n=03\nf=x\nb=yes":          `b="yes" f="x" n="03" s="x" m.n=1`,
		"[m]\nn = 2":                `b=true f=0.5 n=1 s="x" m.n=2`,
		"n=\nl=2":                   `b=true f=0.5 n="" s="x" m.n=1`,
	} {
		over, err := ParseFile("a.ini", "", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		merged := Merge(base, over)
		var got []string
		for _, key := range []string{"b", "f", "n", "s"} {
			got = append(got, fmt.Sprintf("%s=%#v", key, merged.Fields[key].Scalar))
		}
		got = append(got, fmt.Sprintf("m.n=%#v", merged.Fields["m"].Fields["n"].Scalar))
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}
