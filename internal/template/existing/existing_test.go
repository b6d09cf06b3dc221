package existing

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/tp0-lab/composer/internal/compose/diff"
	"github.com/tp0-lab/composer/internal/template/bundle"
)

// corpus are Compose files in the shapes of public generators: each at two counts, and the counts of the second.
var corpus = []struct {
	name          string
	first, second int
	counts        string // at the second count
}{
	{"lab", 10, 3, "client=3"},
	{"tendermint", 10, 4, "node=4"},
	{"kafka", 9, 3, "kafka=3"},
	{"elastic", 9, 5, "es=5"},
	{"gossip", 9, 5, "peer=5"},
	{"rabbitmq", 9, 6, "filter=6,joiner=5,counter=4"},
	{"shards", 10, 4, "joiner=4"},
	{"raft", 9, 5, "raft=5"},
	{"redis", 10, 6, "redis_node=6"},
	{"robots", 12, 5, "robot=5"},
	{"mongo", 9, 5, "mongo=5"},
	{"spark", 9, 5, "spark_worker=5"},
	{"proxy", 10, 4, "web=4"},
}

// Render renders the bundle with the given numbers of replicas, by kind. A kind without one has the number of the file.
func (b *Bundle) Render(counts map[string]int) ([]byte, error) {
	opened, err := bundle.Open(b.FS())
	if err != nil {
		return nil, err
	}
	for kind, n := range counts {
		if err := opened.SetCounts(fmt.Sprintf("%s=%d", kind, n)); err != nil {
			return nil, err
		}
	}
	return rendered(opened)
}

func read(t *testing.T, name string, n int) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("%s-%d.yaml", name, n)))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// differences returns how two files differ as projects.
func differences(t *testing.T, want, got []byte) []diff.Change {
	t.Helper()
	var sides [2]diff.Text
	for i, content := range [][]byte{want, got} {
		environment := map[string]string{"DB_PASSWORD": "secret", "DISPLAY": ":0"}
		side, err := diff.Normalize(t.Context(), diff.Text{Name: "compose.yaml", Content: string(content)}, ".", environment, true)
		if err != nil {
			t.Fatalf("%v in\n%s", err, content)
		}
		sides[i] = side
	}
	changes, err := diff.Changes(sides[0], sides[1])
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// Each file becomes a bundle of at most a fifth of its lines, which is equal at its count and right at another.
func TestCorpus(t *testing.T) {
	for _, test := range corpus {
		t.Run(test.name, func(t *testing.T) {
			content := read(t, test.name, test.first)
			made, err := Make(t.Context(), "compose.yaml", content, ".")
			if err != nil {
				t.Fatal(err)
			}
			if len(made.Literal) > 0 {
				t.Errorf("written out: %v", made.Literal)
			}
			lines := 0
			var all strings.Builder
			for name, own := range made.Files {
				lines += bytes.Count(own, []byte("\n"))
				fmt.Fprintf(&all, "-- %s --\n%s", name, own)
			}
			got, err := made.Render(nil)
			if err != nil {
				t.Fatalf("%v\n%s", err, &all)
			}
			equal := differences(t, content, got)
			counts := map[string]int{}
			for pair := range strings.SplitSeq(test.counts, ",") {
				var n int
				kind, number, _ := strings.Cut(pair, "=")
				if _, err := fmt.Sscan(number, &n); err != nil {
					t.Fatal(err)
				}
				counts[kind] = n
			}
			other, err := made.Render(counts)
			if err != nil {
				t.Fatalf("%v\n%s", err, &all)
			}
			right := differences(t, read(t, test.name, test.second), other)
			for _, n := range []int{1, 2, 25} { // whatever the number, it is a Compose file
				for kind := range counts {
					counts[kind] = n
				}
				if other, err := made.Render(counts); err != nil {
					t.Errorf("%d: %v", n, err)
				} else {
					differences(t, other, other)
				}
			}
			ratio := float64(lines) / float64(bytes.Count(content, []byte("\n")))
			t.Logf("| %s | %d | %d | %.2f | %t | %t |", test.name, bytes.Count(content, []byte("\n")), lines, ratio, len(equal) == 0, len(right) == 0)
			if len(equal) > 0 || len(right) > 0 || ratio > 0.2 {
				t.Errorf("equal: %v\nright: %v\nratio %.2f\n%s", equal, right, ratio, &all)
			}
		})
	}
}

// bundleOf makes a bundle of a file, and returns its template.
func bundleOf(t *testing.T, content string) (*Bundle, string) {
	t.Helper()
	made, err := Make(t.Context(), "compose.yaml", []byte(content), ".")
	if err != nil {
		t.Fatalf("%v of\n%s", err, content)
	}
	got, err := made.Render(nil)
	if err != nil {
		t.Fatal(err)
	}
	if changes := differences(t, []byte(content), got); len(changes) > 0 {
		t.Errorf("differs: %v\n%s", changes, got)
	}
	return made, string(made.Files["compose.yaml.tmpl"])
}

// What differs between services becomes this expression.
func TestExpressions(t *testing.T) {
	for _, test := range []struct{ first, second, third, want string }{
		{"a1", "a2", "a3", `X: {{ .Name }}`},
		{"n07", "n08", "n09", `X: "n{{ printf "%02d" (add 6 .ID) }}"`},
		{"a2:1", "a3:1", "a1:1", `X: "a{{ add 1 (mod (add .Index 1) .Replicas) }}:1"`},
		{"a3", "a1", "a2", `X: "a{{ add 1 (mod (add .Index .Replicas -1) .Replicas) }}"`},
		{"10", "20", "30", `X: "{{ mul 10 .ID }}"`},
		{"105", "110", "115", `X: "{{ add 100 (mul 5 .ID) }}"`},
		{"a2,a3", "a1,a3", "a1,a2", `X: "{{ without ($.Names "a") .Name | join "," }}"`},
		{"a2:7002;a3:7003", "a1:7001;a3:7003", "a1:7001;a2:7002", `{{ if ne .Index $me }}{{ $sep }}{{ .Name }}:{{ add 7000 .ID }}{{ $sep = ";" }}`},
		{"x a1,a2,a3", "x a1,a2,a3", "x a1,a2,a3", `X: "x {{ $.Names "a" | join "," }}"`},
		{"--in a1 --of 3", "--in a2 --of 3", "--in a3 --of 3", `X: "--in {{ .Name }} --of 3"`},
		{"$${H} ${V} {{.A}} a1", "$${H} ${V} {{.A}} a2", "$${H} ${V} {{.A}} a3", `X: "$${H} ${V} {{ "{{" }}.A}} {{ .Name }}"`},
		{"red", "green", "red", `X: {{ toYaml .Values.a.x | interpolate }}`},
		{`a\n1`, `a\n2`, `a\n3`, `X: "a\n{{ .ID }}"`},
	} {
		content := fmt.Sprintf("services:\n  a1: {image: x, environment: {X: \"%s\"}}\n  a2: {image: x, environment: {X: \"%s\"}}\n  a3: {image: x, environment: {X: \"%s\"}}\n",
			test.first, test.second, test.third)
		made, got := bundleOf(t, content)
		if !strings.Contains(got, test.want) || len(made.Kinds) != 1 {
			t.Errorf("%s: got\n%s\nwant in it %s", test.first, got, test.want)
		}
	}
}

// The number of members is an expression where the key says that it is one, and a number elsewhere.
func TestCounts(t *testing.T) {
	_, got := bundleOf(t, `services:
  hub: {image: x, environment: {CLIENTS: 3, LEVEL: 3, QUORUM: 2}, command: "--retries 3 --num-clients=3"}
  client1: {image: x}
  client2: {image: x}
  client3: {image: x}
`)
	for _, want := range []string{"CLIENTS: {{ $.Counts.client }}", "LEVEL: 3", "QUORUM: {{ add 1 (div $.Counts.client 2) }}", `"--retries 3 --num-clients={{ $.Counts.client }}"`} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
}

// The number of members stands behind what calls them: the name of their kind, or a word that they alone have.
func TestCountsBehindNames(t *testing.T) {
	made, got := bundleOf(t, `services:
  source: {image: "sorter:2", environment: ["NEXT=Log;Joins,3,0;sorter:2", "OTHER=Shared,2"]}
  joiner-1: {image: x, environment: [QUEUE=Joins, "ID=1", KIND=Shared]}
  joiner-2: {image: x, environment: [QUEUE=Joins, "ID=2", KIND=Shared]}
  joiner-3: {image: x, environment: [QUEUE=Joins, "ID=3", KIND=Shared]}
  sorter-1: {image: "y", environment: {KIND: Shared}}
  sorter-2: {image: "y", environment: {KIND: Shared}}
`)
	for _, want := range []string{"NEXT=Log;Joins,{{ $.Counts.joiner }},0;sorter:{{ $.Counts.sorter }}", "sorter:2", "OTHER=Shared,2"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
	if doc, err := made.Render(map[string]int{"joiner": 5}); err != nil || !strings.Contains(string(doc), "Joins,5,0") {
		t.Errorf("got %v\n%s", err, doc)
	}
}

// Members of several families whose names differ by numbers stand beside each other.
func TestFamiliesBesideEachOther(t *testing.T) {
	_, got := bundleOf(t, `services:
  all:
    image: x
    depends_on: {q1-top-1: {condition: service_started}, q1-top-2: {condition: service_started}, q1-top-3: {condition: service_started}, q2-top-1: {condition: service_started}, q2-top-2: {condition: service_started}, q2-top-3: {condition: service_started}}
    command: [--nodes, "q1-top-1,q1-top-2,q1-top-3,q2-top-1,q2-top-2,q2-top-3"]
  q1-top-1: {image: x, labels: {a: b}}
  q1-top-2: {image: x, labels: {a: b}}
  q1-top-3: {image: x, labels: {a: b}}
  q2-top-1: {image: y, entrypoint: z}
  q2-top-2: {image: y, entrypoint: z}
  q2-top-3: {image: y, entrypoint: z}
`)
	if strings.Contains(got, "q1-top-2") || strings.Contains(got, "q2-top-2") {
		t.Errorf("it has names of members:\n%s", got)
	}
	for _, want := range []string{"range (index $.Kinds \"q1-top\") }}\n      {{ .Name }}: {condition", "range (index $.Kinds \"q2-top\") }}\n      {{ .Name }}: {condition"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
}

// Comments stay beside their values, above their keys and behind the last of a part; those of a kind are those of its first service.
func TestComments(t *testing.T) {
	_, got := bundleOf(t, `# the top

# {{ more }}

services: # all of them
  # stores {{ bets }}
  db:
    image: x # the oldest that works
    # not published
    expose:
      - "1" # one
      # two
      - "2"
    command: | # a script
      run
    # no ports

  # sends bets
  client1: # the first
    image: y # small
    environment: {ID: 1}
  client2:
    image: y
    environment: {ID: 2}
# at the end
networks:
  # inner
  net: {internal: true} # no way out
  # no other net

# the end
`)
	for _, want := range []string{
		"# the top\n# {{ \"{{\" }} more }}\nservices: # all of them\n", "  # stores {{ \"{{\" }} bets }}\n  db:\n    image: x # the oldest that works\n    # not published\n    expose:\n",
		"      - \"1\" # one\n      # two\n      - \"2\"\n", "    command: | # a script\n      run\n    # no ports\n",
		"  # sends bets\n{{- range .Kinds.client }}\n  {{ .Name }}: # the first\n", "    image: y # small\n", "# at the end\nnetworks:\n  # inner\n  net: {internal: true} # no way out\n  # no other net\n# the end\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
}

// Names that no kind can have, services that are no family, comments and shared parts.
func TestNames(t *testing.T) {
	for _, test := range []struct{ content, want string }{
		{"services:\n  Node_1: {image: x}\n  Node_2: {image: x}\n", "Node_{{ .ID }}: {image: x}"},
		{"services:\n  a1: {image: x}\n  a3: {image: x}\n", "a3: {image: x}"},
		{"services:\n  a: {image: x}\n", "a: {image: x}"},
		{"services:\n  s3-a1: {image: x}\n  s3-a2: {image: x}\n", "{{ .Name }}: {image: x}"},
		{"services:\n  org1-peer: {image: x, hostname: org1}\n  org2-peer: {image: x, hostname: org2}\n", `hostname: "org{{ .ID }}"`},
		{"# one\n# two {{ x }}\n\nservices:\n  a: {image: x}\n", "# one\n# two {{ \"{{\" }} x }}\nservices:"},
		{"x-all: &all {image: x}\nservices:\n  a1: *all\n  a2: {<<: *all}\n", "{{ .Name }}: {image: x}"},
		{"services:\n  a1: {image: x, ports: [\"1:1\"]}\n  a2: {image: x}\n  a3: {image: x}\n", "{{- if eq .Index 0 }}\n    ports: [\"1:1\"]"},
		{"services:\n  a1: {image: x}\n  a2: {image: x, cpu_count: 1}\n  a3: {image: x}\n", `{{- if hasKey .Values.a "cpu_count" }}`},
	} {
		if _, got := bundleOf(t, test.content); !strings.Contains(got, test.want) {
			t.Errorf("got\n%s\nwant in it %s", got, test.want)
		}
	}
}

// Scalars of every style, nulls and empty collections stay what they are.
func TestScalars(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("testdata", "scalars.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	made, got := bundleOf(t, string(content))
	for _, want := range []string{
		`"all": [{{ $.Names "w" | formatEach "\"%s\"" | join "," }}]`, "      EMPTY:\n", "F: 1.10", "networks: {default: null}",
	} {
		want = strings.ReplaceAll(want, `"all"`, `\"all\"`)
		if !strings.Contains(got, want) {
			t.Errorf("there is no %s in\n%s", want, got)
		}
	}
	if len(made.Literal) > 0 || len(made.Kinds[0].Values) > 0 {
		t.Errorf("got %v and %v", made.Literal, made.Kinds)
	}
}

// Another replica has the values that most have.
func TestValuesOfReplicas(t *testing.T) {
	made, _ := bundleOf(t, "services:\n  a1: {image: x}\n  a2: {image: \"y:${TAG}\"}\n  a3: {image: x}\n")
	got, err := made.Render(map[string]int{"a": 4})
	if err != nil {
		t.Fatal(err)
	}
	want := "services:\n  a1: {image: x}\n  a2: {image: \"y:${TAG}\"}\n  a3: {image: x}\n  a4: {image: x}\n"
	if changes := differences(t, []byte(want), got); len(changes) > 0 {
		t.Errorf("%v in\n%s", changes, got)
	}
	if fmt.Sprint(made.Kinds) != "[{a 3 [image]}]" {
		t.Errorf("got %v", made.Kinds)
	}
}

// Files that composer renders become bundles again.
func TestRendered(t *testing.T) {
	names, err := filepath.Glob("../../../examples/testdata/*.yaml")
	if err != nil || len(names) < 8 {
		t.Fatal(names, err)
	}
	for _, name := range append(names, "../render/testdata/golden/ej8-5.yaml", "../render/testdata/golden/ej5-300.yaml") {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		made, _ := bundleOf(t, string(content))
		if len(made.Literal) > 0 {
			t.Errorf("%s: written out: %v", name, made.Literal)
		}
	}
}

// Files that services read need not be there, and the obsolete version is left out.
func TestMakeWithoutFiles(t *testing.T) {
	content := "version: '3'\nservices:\n  w1: {image: x, env_file: [.env, w1.env]}\n  w2: {image: x, env_file: [.env, w2.env]}\n"
	made, err := Make(t.Context(), "compose.yaml", []byte(content), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if main := string(made.Files["compose.yaml.tmpl"]); strings.Contains(main, "version") || !strings.Contains(main, `"{{ .Name }}.env"`) {
		t.Errorf("made\n%s", main)
	}
}

// A kind is the services that are alike, whichever of the numbers in their names differs; zeros before a number stay.
func TestNamesOfKinds(t *testing.T) {
	service := func(name, role string, peers int) string {
		return fmt.Sprintf("  %s: {image: %s, command: [%s, --role, %s, --peers, \"%d\"]}\n", name, role, role, role, peers)
	}
	content := "services:\n"
	for _, query := range []string{"q2", "q3"} {
		for i := range 2 {
			content += service(fmt.Sprintf("%s_worker_%d", query, i), map[string]string{"q2": "sum", "q3": "count"}[query], i)
		}
	}
	for i := range 3 {
		content += service(fmt.Sprintf("es%02d", i+1), "es", i)
	}
	made, _ := bundleOf(t, content)
	want := "default: dev\nkinds:\n  - {kind: worker, name: \"{type}_{id}\", rows: workers, first: 0}\n  - {name: \"es{id:2}\", kind: es, count: 3}\nstages: [{name: dev}]\n"
	if got := string(made.Files["stages.yaml"]); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := string(made.Files["values.yaml"]); !strings.Contains(got, "q2_worker: {count: 2, image: sum}") || !strings.Contains(got, "q3_worker: {count: 2, image: count}") {
		t.Errorf("values:\n%s", got)
	}
	doc, err := made.Render(map[string]int{"es": 12})
	if err != nil || !bytes.Contains(doc, []byte("es12")) || !bytes.Contains(doc, []byte("es01")) {
		t.Errorf("%v in\n%s", err, doc)
	}
}

// Services that are alike but for a few values are rows of one kind; others name them as before.
func TestRows(t *testing.T) {
	worker := func(kind, build, mem, queues string, n, of int) string {
		return fmt.Sprintf(`  %[1]s-%[5]d:
    build: {context: ., dockerfile: %[2]s/Dockerfile}
    command: [python, -m, workers.%[1]s]
    mem_limit: %[3]s
    privileged: %[7]t
    environment:
      ID: %[5]d
      TOTAL: %[6]d
      QUEUES: ["%[4]s"]
      URL: "amqp://${HOST}/%[1]s"
    depends_on: [rabbitmq]
`, kind, build, mem, queues, n, of, build == "map")
	}
	file := func(filters, mappers int) string {
		content := "services:\n  rabbitmq: {image: rabbitmq, command: [\"--clients\", \"FILTERS"
		for n := range filters {
			content += ",filter-" + strconv.Itoa(n+1)
		}
		content += "\"]}\n"
		for n := range filters {
			content += worker("filter", "filter", "${MEM:-64m}", "raw", n+1, filters)
		}
		for n := range mappers {
			content += worker("currency-map", "map", "128m", "filtered", n+1, mappers)
		}
		return strings.ReplaceAll(strings.ReplaceAll(content, `QUEUES: ["raw"]`, `QUEUES: raw`), `QUEUES: ["filtered"]`, `QUEUES: filtered`)
	}
	made, main := bundleOf(t, file(3, 4))
	stages := string(made.Files["stages.yaml"])
	if !strings.Contains(stages, `kinds:
  - {kind: worker, name: "{type}-{id}", rows: workers}
stages`) {
		t.Errorf("got\n%s\n%s\n%s", stages, made.Files["values.yaml"], main)
	}
	got, err := made.Render(map[string]int{"filter": 5, "currency-map": 2})
	if err != nil {
		t.Fatal(err)
	}
	if changes := differences(t, []byte(file(5, 2)), got); len(changes) > 0 {
		t.Errorf("differs at another count: %v\n%s\n%s", changes, main, got)
	}
}

// What other services say of kinds follows the right one, though several have as many members: by names, words, and their own.
func TestSeveralKinds(t *testing.T) {
	file := func(mappers, sinks int) string {
		var all []string
		content := "services:\n"
		for n := range mappers {
			all = append(all, fmt.Sprintf("'birthday_mapper_%d'", n))
			content += fmt.Sprintf("  birthday_mapper_%d: {image: map, environment: [ID=%d, TOTAL_WORKERS=%d, TIMEOUT_SECONDS=3]}\n", n, n, mappers)
		}
		for n := range sinks {
			all = append(all, fmt.Sprintf("'sink_%d'", n))
			ports := fmt.Sprintf("\"%d:80\"", 8000+n)
			if n == 0 {
				ports += `, "5433:5433"`
			}
			content += fmt.Sprintf("  sink_%d: {image: sink, user: root, ports: [%s], environment: [ID=%d, BIRTHDAY_MAPPERS=%d, SINK_FACTOR=%d]}\n", n, ports, n, mappers, sinks)
		}
		var cluster []string
		for n := range sinks {
			cluster = append(cluster, fmt.Sprintf("sink_%d=http://10.0.0.%d:80", n, 10+n))
		}
		content += "  watch:\n    image: watch\n    environment:\n      - NODES=['other', " + strings.Join(all, ", ") + ", 'last']\n      - CLUSTER=" + strings.Join(cluster, ",") + "\n"
		content += "volumes:\n"
		for _, n := range []int{0, 10, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9} {
			if n < sinks {
				content += fmt.Sprintf("  data_sink_%d:\n", n)
			}
		}
		for n := range mappers {
			content += fmt.Sprintf("  birth_data_%d:\n", n)
		}
		return content
	}
	made, main := bundleOf(t, file(12, 12))
	if made, main := bundleOf(t, file(12, 9)); strings.Contains(main, "  birth_data_9:") || len(made.Literal) > 0 {
		t.Errorf("volumes of mappers follow the sinks:\n%s", main)
	}
	got, err := made.Render(map[string]int{"birthday_mapper": 5, "sink": 4})
	if err != nil {
		t.Fatal(err)
	}
	if changes := differences(t, []byte(file(5, 4)), got); len(changes) > 0 || len(made.Literal) > 0 {
		t.Errorf("differs at another count: %v %v\n%s", changes, made.Literal, main)
	}
}

func TestMakeErrors(t *testing.T) {
	for content, want := range map[string]string{
		"services: [":                         "compose.yaml:1:",
		"services: {a: {imag: x}}":            "compose.yaml:1:16: unknown key \"services.a.imag\", did you mean image?",
		"include: [other.yaml]\nservices: {}": "other.yaml is another file",
	} {
		if _, err := Make(t.Context(), "compose.yaml", []byte(content), t.TempDir()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", content, err, want)
		}
	}
}
