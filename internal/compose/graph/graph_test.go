package graph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func loadProject(t *testing.T, text string, all bool) *Graph {
	t.Helper()
	project, err := Load(t.Context(), []byte(text), ".", nil)
	if err != nil {
		t.Fatal(err)
	}
	return New(project, "a title", all)
}

const shop = `
services:
  web:
    image: web
    ports: ["8080:80", "127.0.0.1:53:53/udp"]
    networks: [front]
    depends_on:
      api: {condition: service_healthy}
      db: {condition: service_started}
  api:
    image: api
    networks: [front, back]
    depends_on: [db]
  db:
    image: db
    networks: [back]
    volumes: ["data:/data", "./init.sql:/init.sql:ro"]
networks:
  front: {}
  back: {internal: true, ipam: {config: [{subnet: 10.0.0.0/24}]}}
volumes: {data: {}}
`

// clients are n of them, and a server.
func clients(n int) string {
	var b strings.Builder
	b.WriteString("services:\n  server: {image: server}\n")
	for i := 1; i <= n; i++ {
		fmt.Fprintf(&b, "  client%d: {image: client, depends_on: [server], volumes: ['./agency-%d.csv:/agency.csv:ro']}\n", i, i)
	}
	return b.String()
}

func TestMermaid(t *testing.T) {
	var out bytes.Buffer
	if err := loadProject(t, shop, false).WriteMermaid(&out); err != nil {
		t.Fatal(err)
	}
	want := `flowchart LR
  accTitle: a title
  accDescr: 3 services, 2 networks, 1 volume. db starts first. api starts after db. web starts after api.
  s0["<b>db</b><br>db<br>data → /data<br>./init.sql → /init.sql #40;ro#41;"]
  s1["<b>api</b><br>api"]
  s2["<b>web</b><br>web<br>port 8080 → 80<br>port 127.0.0.1:53 → 53/udp"]
  n0{{"back<br>10.0.0.0/24, internal"}}
  n1{{"front"}}
  v0[("data")]
  s0 --- n0
  s0 -.- v0
  s0 --> s1
  s1 --- n0
  s1 --- n1
  s1 -->|healthy| s2
  s2 --- n1
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestDOT(t *testing.T) {
	var out bytes.Buffer
	if err := loadProject(t, shop, false).WriteDOT(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`s0 [label="db\ndb\ndata → /data\n./init.sql → /init.sql (ro)"];`, `n0 [shape=hexagon, style="", label="back\n10.0.0.0/24, internal"];`,
		`s1 -> s2 [label="healthy"];`, "s0 -> v0 [dir=none, style=dotted];",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %s in\n%s", want, out.String())
		}
	}
}

func TestLikeServices(t *testing.T) {
	labels := func(g *Graph) string {
		var all []string
		for _, s := range g.Services {
			all = append(all, s.Label)
		}
		return strings.Join(all, ", ")
	}
	for text, want := range map[string]string{
		clients(2):  "server, client1, client2",
		clients(3):  "server, client1 … client3",
		clients(30): "server, client1 … client30",
		strings.Replace(clients(12), "{image: client,", "{image: other,", 1): "server, client1, client2 … client12",
		"services: {}":                        "",
		"services: {a: {image: x, scale: 3}}": "a ×3",
		"services: {a: {image: x, scale: 0}, b: {image: x, deploy: {replicas: 2}}}":                                                   "a ×0, b ×2",
		"services: {web: {image: web}, api: {image: x}, cron: {image: x}, mail: {image: x}}":                                          "3 × api, cron, mail, web",
		"services: {a: {image: x}, b: {image: x}, c: {image: x}, d: {image: x}, e: {image: x}}":                                       "5 × a, b … e",
		"services: {a: {image: x}, b: {image: x}, c: {image: x, profiles: [p]}, d: {image: x, ports: [80]}}":                          "a, b, c, d",
		"services: {a: {image: x, ports: ['81:80']}, b: {image: x, ports: ['82:80']}, c: {image: x, ports: ['83:80']}}":               "3 × a, b, c",
		"services: {a: {image: r/a, volumes: [./a:/x]}, b: {image: r/b, volumes: [./b:/x]}, c: {image: r/c, volumes: [./c:/x]}}":      "3 × a, b, c",
		"services: {a: {image: x}, b: {image: x}, c: {image: x}, d: {image: y, depends_on: [b]}}":                                     "a, b, c, d",
		"services: {a: {image: x, scale: 2}, b: {image: x, scale: 2}, c: {image: x, scale: 2}, d: {image: y, depends_on: [a, b, c]}}": "3 × a, b, c ×2, d",
		"services: {a: {image: x, network_mode: 'service:d'}, b: {image: x, network_mode: host}, c: {image: x}, d: {image: x}}":       "b, c, d, a",
	} {
		if got := labels(loadProject(t, text, false)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := loadProject(t, clients(30), true); len(got.Services) != 31 {
		t.Errorf("with all, there are %d", len(got.Services))
	}
	if got := loadProject(t, clients(30), false).Services[1].Mounts[0].Source; got != "./agency-{1…30}.csv" {
		t.Errorf("the mount is %s", got)
	}
}

// The picture is XML with a title and a description, has all names, and
// nothing is outside it or on top of something else.
func TestSVG(t *testing.T) {
	for _, text := range []string{shop, clients(5), clients(30), "services: {}", "services: {a: {image: x, network_mode: host}}"} {
		g := loadProject(t, text, true)
		var out bytes.Buffer
		if err := g.WriteSVG(&out); err != nil {
			t.Fatal(err)
		}
		texts := readXML(t, out.Bytes())
		for _, want := range []string{"a title", g.Describe()} {
			if !strings.Contains(texts, want) {
				t.Errorf("there is no %q", want)
			}
		}
		if strings.Contains(out.String(), "ZgotmplZ") {
			t.Error("html/template has refused something")
		}
		d := g.layout()
		if len(d.Cards) != len(g.Services) {
			t.Errorf("%d cards for %d services", len(d.Cards), len(g.Services))
		}
		for i, c := range d.Cards {
			if !strings.Contains(texts, c.Name) {
				t.Errorf("there is no %s", c.Name)
			}
			if c.X < margin || c.Y < margin || c.X+c.W > d.Width-margin || c.Y+c.H > d.Height-margin {
				t.Errorf("%+v is outside %d by %d", c, d.Width, d.Height)
			}
			for _, o := range d.Cards[:i] {
				if c.X < o.X+o.W && o.X < c.X+c.W && c.Y < o.Y+o.H && o.Y < c.Y+c.H {
					t.Errorf("%s lies on %s", c.Name, o.Name)
				}
			}
		}
	}
}

func readXML(t *testing.T, text []byte) string {
	t.Helper()
	var all strings.Builder
	decoder := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all.String()
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if chars, ok := token.(xml.CharData); ok {
			all.Write(chars)
		}
	}
}

// Whatever texts a file has, they are texts in what is drawn.
func TestEscaping(t *testing.T) {
	const nasty = `</text><script>alert(1)</script>"'&\ #;]|é🙂`
	text := fmt.Sprintf("services: {a: {image: %q, volumes: [{type: bind, source: %q, target: /x}]}}", nasty+"\u0001\u2028", "./"+strings.Repeat(nasty, 9))
	g := loadProject(t, text, false)
	var svg, mermaid, dot bytes.Buffer
	if err := errors.Join(g.WriteSVG(&svg), g.WriteMermaid(&mermaid), g.WriteDOT(&dot)); err != nil {
		t.Fatal(err)
	}
	if got := readXML(t, svg.Bytes()); strings.Contains(svg.String(), "<script") || !strings.Contains(got, nasty) {
		t.Errorf("got %s", svg.String())
	}
	for line := range strings.Lines(mermaid.String()) {
		if label, ok := strings.CutPrefix(line, "  s0["); ok && (strings.Count(label, `"`) != 2 || strings.Contains(label, "<script")) {
			t.Errorf("got %s", line)
		}
	}
	if !strings.Contains(dot.String(), `\"'&\\ #;]|é🙂`) {
		t.Errorf("got %s", dot.String())
	}
}

// A range of ports is one line, and a text that was shortened is as wide as its place in any font.
func TestWide(t *testing.T) {
	image := "registry.example/" + strings.Repeat("m", 90)
	g := loadProject(t, "services: {a: {image: "+image+", ports: ['1000-1100:2000-2100', '7-9', '80:80/udp', '81:81']}}", false)
	want := []string{"1000-1100 → 2000-2100", "7-9", "80 → 80/udp", "81 → 81"}
	if diff := cmp.Diff(want, g.Services[0].Ports); diff != "" {
		t.Error(diff)
	}
	c := g.layout().Cards[0]
	if line := c.Lines[0]; line.Text == image || line.Fit == 0 || line.Fit > c.W-2*cardPad {
		t.Errorf("%+v in a card that is %d wide", line, c.W)
	}
	if line := c.Lines[1]; line.Fit != 0 {
		t.Errorf("got %+v", line)
	}
	var out bytes.Buffer
	if err := g.WriteSVG(&out); err != nil || strings.Count(out.String(), "textLength=") != 1 {
		t.Errorf("got %v, %s", err, out.String())
	}
}

func TestShorten(t *testing.T) {
	for _, tt := range []struct {
		text string
		most int
		want string
	}{{"abcdefghij", 10, "abcdefghij"}, {"abcdefghij", 7, "abc…hij"}, {"日本語日本語", 7, "日本…語"}, {"abc", 1, "…"}, {"abc", 0, "…"}} {
		if got := shorten(tt.text, tt.most); got != tt.want {
			t.Errorf("%s in %d is %s, want %s", tt.text, tt.most, got, tt.want)
		}
	}
	m := Mount{bind, "./services/client/a-long-path/config.yaml", "/etc/client/config.yaml", true}
	if got := m.short(40); letters(got) > 40 || !strings.Contains(got, " → /etc") || !strings.HasSuffix(got, ".yaml (ro)") {
		t.Errorf("got %s", got)
	}
}

// What compose-go would take endless time for is an error with its place.
func TestBounds(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("x-0: &a0 {k: v}\n")
	for i := range 40 {
		fmt.Fprintf(&bomb, "x-%d: &a%[1]d {<<: [*a%d, *a%[2]d]}\n", i+1, i)
	}
	for text, want := range map[string]string{
		"x-a: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000): "1:206: values are nested more than 200 deep here",
		"x-a:\n" + strings.Repeat("  a: b\n", 20_001):                   "2:3: a mapping with more than 20000 keys begins here",
		bomb.String():                         "15:18: up to here aliases add more than",
		"services: {}\n---\n" + bomb.String(): "17:18: up to here aliases add more than",
	} {
		_, err := Load(t.Context(), []byte(text+"\nservices: {a: {image: x}}"), ".", nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A service that many wait for passes a column once, and what arrows say can be read.
func TestArrows(t *testing.T) {
	var text strings.Builder
	text.WriteString("services:\n  db: {image: db}\n  queue: {image: queue}\n  api: {image: api, depends_on: {db: {condition: service_healthy}}}\n")
	for i := range 5 {
		fmt.Fprintf(&text, "  worker%d: {image: worker, depends_on: {", i)
		for _, name := range []string{"api", "db", "queue"} {
			fmt.Fprintf(&text, "%s: {condition: service_healthy},", name)
		}
		text.WriteString("}}\n")
	}
	d := loadProject(t, text.String(), true).layout()
	var passing []string
	heads := 0
	arrows := drawnArrows(d)
	for i, a := range arrows {
		if a.Head != "" {
			heads++
		} else {
			passing = append(passing, a.Tip)
		}
		for _, o := range arrows[:i] {
			if a.Label != "" && o.Label != "" && a.X == o.X && max(a.Y, o.Y)-min(a.Y, o.Y) < 12 {
				t.Errorf("%q lies on %q", a.Tip, o.Tip)
			}
		}
	}
	slices.Sort(passing)
	const all = "worker0, worker1, worker2, worker3, worker4"
	if diff := cmp.Diff([]string{"db starts before " + all, "queue starts before " + all}, passing); diff != "" {
		t.Error(diff)
	}
	if heads != 1+5*3 {
		t.Errorf("%d arrows", heads)
	}
}

func drawnArrows(d *drawing) (all []arrow) {
	for _, t := range d.Trunks {
		all = append(all, t.Arrows...)
	}
	return all
}

// What services have to do with one another, and what they use, is drawn in all formats.
func TestRelations(t *testing.T) {
	const text = `
services:
  vpn: {image: v, ports: ["80:80"]}
  torrent: {image: t, network_mode: "service:vpn", depends_on: {vpn: {condition: service_healthy}}}
  indexer: {image: i, network_mode: "service:vpn", ipc: "service:torrent"}
  exporter: {image: e, network_mode: host, profiles: [metrics, debug]}
  legacy: {image: l, network_mode: "container:old_one"}
  lonely: {image: o, network_mode: none, scale: 0}
  base: {build: ./base, depends_on: [app]}
  app:
    build: {context: ., additional_contexts: {b: "service:base", docs: ./docs}}
    configs: [c, {source: d, target: /etc/d}]
    secrets: [s, {source: s, target: other}]
    models: [m]
    volumes: ["data:/data"]
  tool: {build: {context: ., additional_contexts: {b: "service:base"}}}
networks: {default: }
configs: {c: {file: ./c}, d: {content: x}}
secrets: {s: {file: ./s}}
models: {m: {model: x}}
volumes: {data: }
`
	g := loadProject(t, text, false)
	var svg, mermaid, dot bytes.Buffer
	if err := errors.Join(g.WriteSVG(&svg), g.WriteMermaid(&mermaid), g.WriteDOT(&dot)); err != nil {
		t.Fatal(err)
	}
	number := map[string]int{}
	for i, s := range g.Services {
		number[s.Label] = i
	}
	link := func(format, from, to string) string { return fmt.Sprintf(format, number[from], number[to]) }
	for _, want := range []string{
		link("s%d ===|network| s%d\n", "vpn", "torrent"), link("s%d -->|healthy| s%d\n", "vpn", "torrent"),
		link("s%d ===|network| s%d\n", "vpn", "indexer"), link("s%d ===|ipc| s%d\n", "torrent", "indexer"),
		link("s%d -.->|build| s%d\n", "base", "app"), link("s%d --> s%d\n", "app", "base"), link("s%d -.->|build| s%d\n", "base", "tool"),
		"<br>profile debug, metrics\"]", "<br>network of old_one\"]", "<br>no network\"]", "<br>network of vpn\"]",
		fmt.Sprintf("style s%d stroke-dasharray", number["exporter"]), fmt.Sprintf("style s%d stroke-dasharray", number["lonely ×0"]),
		`{{"host<br>network_mode: host"}}`, fmt.Sprintf("s%d --- n1\n", number["exporter"]),
		`[("data")]`, `[/"config c"/]`, `[/"config d"/]`, `[/"secret s"\]`, `(["model m"])`,
		"<br>config c<br>config d → /etc/d<br>secret s<br>secret s → /run/secrets/other<br>model m",
		"1 volume, 2 configs, 1 secret, 1 model.", "indexer shares a namespace of torrent, vpn.", "app is built from base.", "lonely ×0 does not start.",
	} {
		if !strings.Contains(mermaid.String(), want) {
			t.Errorf("there is no %q in\n%s", want, mermaid.String())
		}
	}
	for _, no := range []string{link("s%d --> s%d\n", "vpn", "indexer"), link("s%d --> s%d\n", "torrent", "indexer"), link("s%d --> s%d\n", "base", "app")} {
		if strings.Contains(mermaid.String(), no) {
			t.Errorf("there is %q in\n%s", no, mermaid.String())
		}
	}
	for _, want := range []string{
		link(`s%d -> s%d [dir=none, style=bold] [label="network"];`, "vpn", "indexer"), link(`s%d -> s%d [style=dashed] [label="build"];`, "base", "app"),
		`[shape=note, style="", label="config c"];`, fmt.Sprintf(`s%d [style="rounded,dashed"];`, number["exporter"]),
	} {
		if !strings.Contains(dot.String(), want) {
			t.Errorf("there is no %s in\n%s", want, dot.String())
		}
	}
	texts := readXML(t, svg.Bytes())
	for _, want := range []string{"indexer shares a namespace of vpn", "app is built from base", "profile debug, metrics", "secret s", "dashed card: starts only if asked for", "network_mode: host"} {
		if !strings.Contains(texts, want) {
			t.Errorf("there is no %s in the picture", want)
		}
	}
}

// Groups whose services do not all wait for all of another group say so.
func TestPartlyLinked(t *testing.T) {
	for text, want := range map[string]string{
		"db-a: {image: d}, db-b: {image: d}, db-c: {image: d}, a: {image: x, depends_on: [db-a]}, b: {image: x, depends_on: [db-b]}, c: {image: x, depends_on: [db-c]}":                                                    "each its own",
		"db-a: {image: d}, db-b: {image: d}, db-c: {image: d}, a: {image: x, depends_on: [db-a, db-b]}, b: {image: x, depends_on: [db-b, db-c]}, c: {image: x, depends_on: [db-c, db-a]}":                                  "some",
		"db-a: {image: d}, db-b: {image: d}, db-c: {image: d}, a: {image: x, depends_on: [db-a, db-b, db-c]}, b: {image: x, depends_on: [db-b, db-c, db-a]}, c: {image: x, depends_on: [db-c, db-a, db-b]}, e: {image: d}": "",
	} {
		g := loadProject(t, "services: {"+text+"}", false)
		last := g.Services[len(g.Services)-1]
		if len(last.Names) != 3 || len(last.Links) != 1 || last.Links[0].Label != want {
			t.Errorf("got %+v, want %q", last, want)
		}
	}
}

// In a dense project each arrow can be followed: no two trunks lie on one another, and each end names its beginning.
func TestDense(t *testing.T) {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range 57 { // each waits for eight of the ten in the layer before
		fmt.Fprintf(&b, "  s%d:\n    image: i%d\n", i, i*i)
		if i >= 10 {
			b.WriteString("    depends_on:\n")
			for j := range 8 {
				fmt.Fprintf(&b, "      s%d: {condition: service_healthy}\n", i/10*10-10+(i+j*3)%10)
			}
		}
	}
	d := loadProject(t, b.String(), true).layout()
	if !d.Dense {
		t.Fatal("the arrows have no colours")
	}
	type segment struct {
		trunk             *trunk
		upright           bool
		at, begin, finish int
	}
	var all []segment
	heads := 0
	for _, tr := range d.Trunks {
		for _, a := range tr.Arrows {
			if a.Head != "" {
				heads++
				if a.Label != tr.first+" healthy" {
					t.Errorf("an arrow says %q at its end, and comes from %s", a.Label, tr.first)
				}
			}
			for _, s := range segments(t, a.Path) {
				all = append(all, segment{tr, s[0] == s[2], s[0], min(s[1], s[3]), max(s[1], s[3])})
				if last := &all[len(all)-1]; !last.upright {
					last.at, last.begin, last.finish = s[1], min(s[0], s[2]), max(s[0], s[2])
				}
			}
		}
	}
	if heads != 47*8 {
		t.Errorf("%d arrows", heads)
	}
	for i, s := range all {
		for _, o := range all[:i] {
			if s.trunk != o.trunk && s.upright == o.upright && s.at == o.at && s.begin < o.finish && o.begin < s.finish {
				t.Errorf("trunks of %s and %s lie on one another: %+v %+v", s.trunk.first, o.trunk.first, s, o)
			}
		}
	}
}

// segments returns the straight lines of a path, each with x and y of its ends.
func segments(t *testing.T, path string) (all [][4]int) {
	t.Helper()
	x, y := 0, 0
	for _, step := range regexp.MustCompile(`[MHVQ][0-9 ]+`).FindAllString(path, -1) {
		var n []int
		for field := range strings.FieldsSeq(step[1:]) {
			number, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			n = append(n, number)
		}
		switch step[0] {
		case 'M':
			x, y = n[0], n[1]
		case 'H':
			all = append(all, [4]int{x, y, n[0], y})
			x = n[0]
		case 'V':
			all = append(all, [4]int{x, y, x, n[0]})
			y = n[0]
		case 'Q':
			x, y = n[2], n[3]
		}
	}
	return all
}

// What depends on variables that are not set is drawn with their names, or left out.
func TestVariables(t *testing.T) {
	const text = `
x-image: &image "${REGISTRY:?say which}/tools"
services:
  a:
    image: *image
    scale: ${SCALE}
    mem_limit: ${MEMORY}
    command: ["run", "${FLAG}"]
    environment: {TOKEN: "${TOKEN:?}"}
    ports: ["${PORT}:80", "127.0.0.1:${PORT:-x}${PORT}:53/udp", "9000:9000", "${PORT}", {target: 81, published: "${PORT}"}, "${IP:-}:${PORT}:82", "${IP}:${PORT}:${INNER}/udp",
      {target: "${INNER}", published: 83, host_ip: "${IP}"}, "[::1]:${PORT}:84", "${PORT}:85-86"]
    volumes:
      - ${DATA}:/data:ro
      - ${DATA}
      - ${HOME}/x:/x
      - {type: volume, source: "${NAME}", target: /y}
      - plain:/z
  b:
    image: b:${TAG:-1}
    build: ${WHERE}
    hostname: $$b
volumes: {plain: {}}
configs: {c: {file: "${FILE}"}}
networks:
  default: {ipam: {config: [{subnet: "${SUBNET}"}]}}
---
services: {b: {hostname: "${HOST}"}}
`
	project, err := Load(t.Context(), []byte(text), ".", map[string]string{"HOME": "/home/$x"})
	if err != nil {
		t.Fatal(err)
	}
	g := New(project, "", false)
	lines := func(s *Service) (all []string) {
		for _, l := range s.lines() {
			all = append(all, l.text)
		}
		return all
	}
	got := fmt.Sprint(lines(g.Services[0]), lines(g.Services[1]), g.Networks[0].Detail)
	want := fmt.Sprint([]string{
		"${REGISTRY}/tools", "port ${PORT} → 80", "port 127.0.0.1:x${PORT} → 53/udp", "port 9000 → 9000", "port ${PORT}", "port ${PORT} → 81",
		"port ${PORT} → 82", "port ${IP}:${PORT} → ${INNER}/udp", "port ${IP}:83 → ${INNER}", "port ::1:${PORT} → 84", "port ${PORT} → 85-86",
		"${DATA} → /data (ro)", "volume → ${DATA}", "/home/$x/x → /x", "${NAME} → /y", "plain → /z",
	}, []string{"b:1"}, "${SUBNET}")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, s := range g.Services {
		if w, _ := s.size(); w < 2*cardPad+int(wide(s.Image)) {
			t.Errorf("%s does not fit into %d", s.Image, w)
		}
	}
	if c := loadProject(t, "services: {a: {image: "+`"${`+strings.Repeat("A", 50)+`}"}}`, false).layout().Cards[0]; c.Lines[0].Fit == 0 {
		t.Errorf("%+v in a card that is %d wide", c.Lines[0], c.W)
	}
}

// A character that means something to Mermaid never stands for itself: neither in quotes nor at the end of a line.
func TestMermaidEscapes(t *testing.T) {
	const special = "\"#;%<>`{}"
	if got := mermaidLine("a" + special + "b"); strings.ContainsAny(got, special) || !strings.HasPrefix(got, "a") || !strings.HasSuffix(got, "b") {
		t.Errorf("a line has %q", got)
	}
	for _, r := range "\"#;<>`" {
		if got, want := mermaidText(string(r)), fmt.Sprintf("#%d;", r); got != want {
			t.Errorf("%q in quotes is %s, want %s", r, got, want)
		}
	}
}

// A long range is loaded as one port, and drawn like a short one.
func TestLongRanges(t *testing.T) {
	for port, want := range map[string]string{
		"1-65535:1-65535":                "1-65535 → 1-65535",
		"127.0.0.1:2000-2999:1-1000/udp": "127.0.0.1:2000-2999 → 1-1000/udp",
		"1-65535":                        "1-65535",
		"2000-2099:1-100":                "2000-2099 → 1-100",
		"2000-2099:1-100', '80:80":       "2000-2099 → 1-100, 80 → 80",
		"[::1]:2000-2999:1-1000":         "::1:2000-2999 → 1-1000",
	} {
		project, err := Load(t.Context(), []byte("services: {a: {image: x, ports: ['"+port+"']}}\n"), ".", nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(project.Services["a"].Ports); n > 101 {
			t.Errorf("%s: %d ports are loaded", port, n)
		}
		if got := New(project, "", false).Services[0].Ports; strings.Join(got, ", ") != want {
			t.Errorf("%s: got %q, want %s", port, got, want)
		}
	}
}

// Long lists that are not drawn are not loaded.
func TestLongLists(t *testing.T) {
	text := "services:\n  a:\n    image: x\n    environment:\n" + strings.Repeat("      - ${A:-${B:-x}}=y\n", 5000) + "    volumes: [/x]\n"
	project, err := Load(t.Context(), []byte(text), ".", nil)
	if err != nil || len(project.Services["a"].Environment) > 0 || len(project.Services["a"].Volumes) != 1 {
		t.Errorf("got %v, %v", project, err)
	}
}
