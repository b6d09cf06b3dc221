package bundle

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tp0-lab/composer/internal/template/values"
)

// opened returns the kinds of stage a of a table with those kinds and values, as NAME=COUNT and the name of the first
// replica, after prepare.
func opened(kinds, own string, prepare func(*Bundle) error) (string, error) {
	b, err := open("default: a\nkinds: " + kinds + "\nstages: [{name: a, values: " + own + "}]")
	if err != nil {
		return "", err
	}
	if prepare != nil {
		if err := prepare(b); err != nil {
			return "", err
		}
	}
	all, err := b.Kinds("a")
	if err != nil {
		return "", err
	}
	if _, err := b.Values("a"); err != nil {
		return "", err
	}
	var shown []string
	for _, k := range all.All {
		shown = append(shown, fmt.Sprintf("%s=%d %s", k.Name, k.Count, k.NameOf(k.First)))
	}
	return strings.Join(shown, ", "), nil
}

func count(texts ...string) func(*Bundle) error {
	return func(b *Bundle) error {
		for _, text := range texts {
			if err := b.SetCounts(text); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestKindsOfValues(t *testing.T) {
	const worker = "{kind: worker, name: '{type}_{id}', rows: workers}"
	for _, test := range []struct{ name, kinds, values, want string }{
		{"count", "[{name: a, count: nodes}, {name: b, count: cluster.size}]", "{nodes: 3, cluster: {size: 4}}", "a=3 a1, b=4 b1"},
		{"one count of two kinds", "[{name: a, count: n}, {name: b, count: n}]", "{n: 3}", "a=3 a1, b=3 b1"},
		{"count that is text", "[{name: a, count: n}]", "{n: '3'}", "a=3 a1"},
		{"count of a list", "[{name: a, count: files}]", "{files: [x, y]}", "a=2 a1"},
		{"count of a map", "[{name: a, count: files}]", "{files: {x: 1}}", "a=1 a1"},
		{"a list of rows", "[" + worker + "]", "{workers: [{type: filter, count: 2}, {type: joiner}]}", "filter=2 filter_1, joiner=1 joiner_1"},
		{"a map of rows", "[" + worker + "]", "{workers: {filter: {count: 2}, joiner: {}, sink: 4}}", "filter=2 filter_1, joiner=1 joiner_1, sink=4 sink_1"},
		{"a list of names", "[{kind: w, name: '{t}-{id}', count: 2, rows: ws}]", "{ws: [x, y]}", "x=2 x-1, y=2 y-1"},
		{"rows in the table", "[{kind: w, name: 'w-{t}-{id}', first: 0, rows: [{t: a}, {t: b, count: n}]}]", "{n: 3}", "w-a=1 w-a-0, w-b=3 w-b-0"},
		{"two fields", "[{kind: w, name: '{dc}-{t}{id}', rows: [{dc: n, t: a}, {dc: s, t: a}, {dc: s, t: b}]}]", "{}", "n-a=1 n-a1, s-a=1 s-a1, s-b=1 s-b1"},
		{"a number as a field", "[{kind: w, name: 's{shard}-{id}', rows: [{shard: 1}, {shard: 2}]}]", "{}", "s1=1 s1-1, s2=1 s2-1"},
		{"no rows", "[{kind: w, name: '{t}-{id}', rows: ws}, {name: x}]", "{ws: []}", "x=0 x1"},
		{"counts as text, as in CSV", "[" + worker + "]", "{workers: [{type: filter, count: '2'}]}", "filter=2 filter_1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, err := opened(test.kinds, test.values, nil); got != test.want || err != nil {
				t.Errorf("got %s, error %v, want %s", got, err, test.want)
			}
		})
	}
}

func TestKindsOfValuesErrors(t *testing.T) {
	for _, test := range []struct{ name, kinds, values, want string }{
		{"no such count", "[{name: a, count: clutser.size}]", "{cluster: {size: 4}}", `stages.yaml:2:19: kind "a": count: there is no value clutser.size, did you mean cluster.size?`},
		{"no such rows", "[{kind: w, name: '{t}', rows: x.y}]", "{a: 1}", `stages.yaml:2:32: kind "w": rows: there is no value x.y`},
		{"no path", "[{name: a, count: 'a..b'}]", "{}", `stages.yaml:2:19: kind "a": count: want the path of a value, such as cluster.nodes, not "a..b"`},
		{"a count that is none", "[{name: a, count: n}]", "{n: many}", `stages.yaml:3:29: kind "a": count: want a whole number, or a list or map to count at n`},
		{"fewer than none", "[{name: a, count: n}]", "{n: -1}", `stages.yaml:3:29: kind "a": there cannot be -1 of it`},
		{"a row of fewer than none", "[{kind: w, name: '{t}', rows: n}]", "{n: {x: -1}}", `stages.yaml:3:33: kind "x": there cannot be -1 of it`},
		{"rows that are none", "[{kind: w, name: '{t}', rows: n}]", "{n: 3}", `stages.yaml:3:29: kind "w": rows: want a list of rows, or a map of them`},
		{"a row that is none", "[{kind: w, name: '{t}', rows: n}]", "{n: [[x]]}", `kind "w": want a map of fields as a row, such as {t: filter, count: 3}`},
		{"no field", "[{kind: w, name: '{t}', rows: [{x: 1, y: 1}]}]", "{}", `stages.yaml:2:39: kind "w": the row has no t, which its name "{t}" wants: have x, y`},
		{"a field that is a list", "[{kind: w, name: '{t}', rows: [{t: [1]}]}]", "{}", `kind "w": t: want text or a whole number, for the name "{t}"`},
		{"a name of capitals", "[{kind: w, name: '{t}', rows: [{t: Filter}]}]", "{}", `kind "Filter": a name has lower-case letters`},
		{"a row twice", "[{kind: w, name: '{t}', rows: [{t: a}, {t: a}]}]", "{}", `stages.yaml:2:47: kind "a" is there twice`},
		{"a row like a kind", "[{name: a}, {kind: w, name: '{t}', rows: n}]", "{n: [a]}", `kind "a" is there twice`},
		{"a row like its kind", "[{kind: w, name: '{t}', rows: n}]", "{n: [w]}", `kind "w" is there twice`},
		{"a row called all", "[{kind: w, name: '{t}', rows: [all]}]", "{}", `kind "all": -n all=N is the number of every kind`},
		{"rows without a kind", "[{name: '{t}', rows: [x]}]", "{}", `a kind with rows wants a name of its own, as in kind: worker`},
		{"rows without a field", "[{kind: w, name: 'w{id}', rows: [{t: x}]}]", "{}", `name "w{id}": want a field of the rows in it, as in {type}-{id}`},
		{"a count that is true", "[{kind: w, name: '{t}', rows: [{t: x, count: true}]}]", "{}", `kind "x": count: want a whole number`},
		{"several", "[{name: a, count: x}, {name: b, count: y}]", "{}", "2 things are wrong with the values"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, err := opened(test.kinds, test.values, nil); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %s, error %v, want %s", got, err, test.want)
			}
		})
	}
}

// The numbers of -n are laid over those of values and of --counts, whichever comes first.
func TestSetCountsOfRows(t *testing.T) {
	const kinds, own = "[{kind: worker, name: '{type}-{id}', rows: workers}, {name: node, count: n}]", "{workers: {filter: 2, joiner: 3}, n: 4}"
	for text, want := range map[string]string{
		"filter=7":          "filter=7 filter-1, joiner=3 joiner-1, node=4 node1",
		"worker=1,node=9":   "filter=1 filter-1, joiner=1 joiner-1, node=9 node1",
		"5":                 "filter=5 filter-1, joiner=5 joiner-1, node=4 node1",
		"all=1,joiner=2":    "filter=1 filter-1, joiner=2 joiner-1, node=1 node1",
		"worker=1,filter=2": "filter=2 filter-1, joiner=1 joiner-1, node=4 node1",
	} {
		if got, err := opened(kinds, own, count(text)); got != want || err != nil {
			t.Errorf("%s: got %s, error %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"fliter=7":            `number of replicas fliter=7: unknown kind "fliter", did you mean filter?`,
		"sink=1":              `number of replicas sink=1: unknown kind "sink": have worker, filter, joiner, node`,
		"filter=1,filter=2":   `number of replicas "filter=1,filter=2": it has two numbers for the kind filter`,
		"1,worker=2,filter=3": `number of replicas "1,worker=2,filter=3": it has two numbers for the kind worker`,
	} {
		if _, err := opened(kinds, own, count(text)); !errors.Is(err, ErrCount) || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestAddCounts(t *testing.T) {
	const kinds = "[{name: filter, count: 1}, {name: joiner, count: n}]"
	for _, test := range []struct{ file, text, want string }{
		{"counts.yaml", "filter: 3\njoiner: 4\n", "filter=3 filter1, joiner=4 joiner1"},
		{"counts.json", `{"joiner": 4}`, "filter=1 filter1, joiner=4 joiner1"},
		{"counts.yaml", "filter: 3\nall: 2\n", "filter=3 filter1, joiner=2 joiner1"},
		{"counts.env", "filter=3\n", "filter=3 filter1, joiner=9 joiner1"},
		{"counts.csv", "kind,count\njoiner,5\nfilter,2\n", "filter=2 filter1, joiner=5 joiner1"},
		{"counts.yaml", "fliter: 3\n", `counts.yaml:1:1: unknown kind "fliter", did you mean filter?`},
		{"counts.yaml", "filter: many\njoiner: -1\n", "2 things are wrong with the values:\n  counts.yaml:1:1: filter: want a whole number of replicas, such as 5\n  counts.yaml:2:1: joiner: there cannot be -1 of it"},
		{"counts.csv", "name,count\njoiner,5\n", "counts.csv:2:1: want rows with the columns kind and count"},
	} {
		node, err := values.ParseFile(test.file, "", []byte(test.text))
		if err != nil {
			t.Fatal(err)
		}
		got, err := opened(kinds, "{n: 9}", func(b *Bundle) error { return b.AddCounts(node) })
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", test.file, test.text, diff)
		}
		if !strings.Contains(test.want, "=") {
			continue
		}
		over := func(b *Bundle) error { return errors.Join(b.AddCounts(node), b.SetCounts("filter=8")) }
		if got, err := opened(kinds, "{n: 9}", over); err != nil || !strings.HasPrefix(got, "filter=8 ") {
			t.Errorf("%s: -n does not win: %s, error %v", test.file, got, err)
		}
	}
}

// Values of single replicas of a kind with rows are laid over the row.
func TestOverridesOfRows(t *testing.T) {
	b, err := open("default: a\nkinds: [{kind: worker, name: '{type}_{id}', rows: workers}]\nstages: [{name: a, values: {workers: {filter: {x: 1, y: 2}}, replicas: {filter_2: {x: 3}}}}]")
	if err != nil {
		t.Fatal(err)
	}
	merged, err := b.Values("a")
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := b.Kinds("a")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(b.Overrides(merged, kinds)["filter"][2].Plain()), "map[type:filter x:3 y:2]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	found := b.WithoutEffect("a")
	if len(found) != 1 || found[0].What != "has no effect with -n filter=1" {
		t.Errorf("got %v", found)
	}
}

// A kind without a name for its replicas gives them its own.
func TestKindWithoutName(t *testing.T) {
	got, err := opened("[{kind: worker, count: 2}, {kind: peer, name: 'org{id}-peer'}]", "{}", nil)
	if diff := cmp.Diff("worker=2 worker1, peer=0 org1-peer", got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
