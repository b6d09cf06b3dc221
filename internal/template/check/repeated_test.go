package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/template/render"
)

// dump writes nodes without their places, the entries of mappings in the order of their keys.
func dump(n *yaml.Node) string {
	var parts []string
	if n.Kind != yaml.MappingNode {
		for _, child := range n.Content {
			parts = append(parts, dump(child))
		}
		return fmt.Sprintf("%d %s %q %d [%s]", n.Kind, n.ShortTag(), n.Value, n.Style, strings.Join(parts, " "))
	}
	for i := 0; i < len(n.Content); i += 2 {
		parts = append(parts, dump(n.Content[i])+": "+dump(n.Content[i+1]))
	}
	slices.Sort(parts)
	return fmt.Sprintf("{%d %s}", n.Style, strings.Join(parts, ", "))
}

// moreLines are lines with numbers where reading them once may go wrong.
var moreLines = []string{
	"a: N", "a: 'N'", "a: \"\\x4N\"", "a: 'it''s N'", "a: xN # N", "# N", "a: |N\n      x", "a: >-\n      N x", "a: ñN", "ñ: N", "a: 0N", "a: N:N", "a: 1.N", "a: eN", "a: 10.0.0.N", "a: !!str N",
	"a: [N, 'N', {b: N}]", "a: {N: x}", "N: x", "a: x\n      N", "a: N-N-N", "a: &N x", "a: \"N\n      x\"", "? a\n    : N", "a: -N", "a: ~N", "a: 0xN", "a: .N", "a: N_0",
}

// A document whose replicas are read once is what it is as a whole.
func TestRepeatedAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var doc render.Document
		doc.Bytes = []byte("services:\n  first:\n    image: x\n")
		all := append(slices.Clone(bodyLines), moreLines...)
		for walk := range rapid.IntRange(1, 2).Draw(t, "walks") {
			lines := rapid.SliceOfN(rapid.SampledFrom(all), 1, 4).Draw(t, "lines")
			step := rapid.SampledFrom([]int{1, 7, 99}).Draw(t, "step")
			for i := range 3 {
				begin := len(doc.Bytes)
				doc.Bytes = fmt.Appendf(doc.Bytes, "  w%d-%d:\n    image: x\n", walk, i*step)
				for _, line := range lines {
					line = strings.ReplaceAll(line, "N", strconv.Itoa(i*step))
					doc.Bytes = fmt.Appendf(doc.Bytes, "    %s\n", strings.ReplaceAll(line, "O", fmt.Sprintf("w0-%d", i*step)))
				}
				doc.Replicas = append(doc.Replicas, render.Span{Begin: begin, End: len(doc.Bytes)})
			}
			doc.Bytes = append(doc.Bytes, fmt.Sprintf("  between%d: {image: x}\n", walk)...)
		}
		doc.Bytes = append(doc.Bytes, "volumes: {v1: {}}\n"...)
		got, ok := parseDocument(newSample(doc))
		want, ok2 := parse(doc.Bytes)
		if ok != ok2 {
			t.Fatalf("%s\nis read: %v, as a whole: %v", doc.Bytes, ok, ok2)
		}
		if ok {
			if dump(got) != dump(want) {
				t.Fatalf("%s\ngot  %s\nwant %s", doc.Bytes, dump(got), dump(want))
			}
		}
	})
}

// Replicas share what does not differ.
func TestRepeatedShare(t *testing.T) {
	var doc render.Document
	doc.Bytes = []byte("services:\n")
	for i := range 3 {
		begin := len(doc.Bytes)
		doc.Bytes = fmt.Appendf(doc.Bytes, "  w%d:\n    image: x\n    environment: {ID: \"%d\"}\n    depends_on: [a9, b9]\n", i, i)
		doc.Replicas = append(doc.Replicas, render.Span{Begin: begin, End: len(doc.Bytes)})
	}
	root, ok := parseDocument(newSample(doc))
	if !ok {
		t.Fatal("it is not read")
	}
	needs := func(name string) *yaml.Node { return yamltree.Get(root, "services", name, "depends_on") }
	if needs("w1") == nil || needs("w1") != needs("w2") {
		t.Error("w1 and w2 do not share what they wait for")
	}
	if got := yamltree.Get(root, "services", "w2", "environment", "ID").Value; got != "2" {
		t.Errorf("w2 has the ID %s", got)
	}
}
