package diff

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func unified(t interface{ Fatal(...any) }, before, after Text, style Style) string {
	var b strings.Builder
	if err := Unified(&b, before, after, style); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestUnified(t *testing.T) {
	for _, test := range []struct {
		name, before, after, want string
		style                     Style
	}{
		{"the same", "a\n", "a\n", "", Style{}},
		{"a line", "a\nb\nc\n", "a\nB\nc\n", "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", Style{}},
		{"from nothing", "", "a\n", "--- old\n+++ new\n@@ -0,0 +1 @@\n+a\n", Style{}},
		{"to nothing", "a\n", "", "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n", Style{}},
		{"no line break at the end", "a", "a\n", "--- old\n+++ new\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", Style{}},
		{
			"colours", "-- a\nsame\n", "++ b\nsame\n",
			"\x1b[1m--- old\x1b[0m\n\x1b[1m+++ new\x1b[0m\n\x1b[36m@@ -1,2 +1,2 @@\x1b[0m\n\x1b[31m--- a\x1b[0m\n\x1b[32m+++ b\x1b[0m\n same\n",
			Style{Colours: true},
		},
		{"control characters", "\x1b[2J\n", "\u202ea\r\n", "--- old\n+++ new\n@@ -1 +1 @@\n-�[2J\n+�a�\n", Style{Terminal: true}},
		{"for programs they stay", "\x1b[2J\n", "a\r\n", "--- old\n+++ new\n@@ -1 +1 @@\n-\x1b[2J\n+a\r\n", Style{}},
	} {
		got := unified(t, Text{"old", test.before}, Text{"new", test.after}, test.style)
		if got != test.want {
			t.Errorf("%s: got\n%q, want\n%q", test.name, got, test.want)
		}
	}
	if got := unified(t, Text{"a\nb\x1b", "x\n"}, Text{NoFile, ""}, Style{}); !strings.HasPrefix(got, "--- a�b�\n+++ /dev/null\n@@") {
		t.Errorf("got %q", got)
	}
}

// However many lines differ, what stays is not shown as changed.
func TestManySmallDifferences(t *testing.T) {
	var before, after strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&before, "service%d:\n  a: 1\n  b: 2\n  c: 3\n  d: 4\n", i)
		fmt.Fprintf(&after, "service%d:\n  a: 1\n  b: 2\n  new: 5\n  c: 3\n  d: 4\n", i)
	}
	got := unified(t, Text{"old", before.String()}, Text{"new", after.String()}, Style{})
	removed := strings.Count(got, "\n-")
	if added := strings.Count(got, "\n+  new: 5"); removed > 0 || added != 2000 {
		t.Errorf("%d lines are removed, %d added", removed, added)
	}
}

// patch makes the one of the other.
func TestPatch(t *testing.T) {
	patch, err := exec.LookPath("patch")
	if err != nil {
		t.Skip("there is no patch here")
	}
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.Custom(func(t *rapid.T) string {
			all := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "", "-- x", "++ y", "\\", "d", "e", "f", "g", "h"}), 1, 30).Draw(t, "lines")
			return strings.Join(all, "\n") + rapid.SampledFrom([]string{"\n", ""}).Draw(t, "end")
		})
		before, after := lines.Draw(t, "before"), lines.Draw(t, "after")
		if before == "" || after == "" || before == after {
			t.Skip("patch removes empty files")
		}
		file := filepath.Join(dir, "file")
		if err := os.WriteFile(file, []byte(before), 0o644); err != nil {
			t.Fatal(err)
		}
		c := exec.Command(patch, "-s", "-p0")
		c.Dir = dir
		c.Stdin = strings.NewReader(unified(t, Text{"file", before}, Text{"file", after}, Style{}))
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != after {
			t.Fatalf("got %q, want %q, error %v", got, after, err)
		}
	})
}

// What would take all memory is refused before it is looked at.
func TestManyLines(t *testing.T) {
	var b strings.Builder
	err := Unified(&b, Text{"old", strings.Repeat("\n", maxLines)}, Text{"new", "a\n"}, Style{})
	if err == nil || err.Error() != "compare old and new: they have more than 4000000 lines together" || b.Len() != 0 {
		t.Errorf("got %.100q, error %v", b.String(), err)
	}
}

// An anchor is a line that stands once in each text: of a line that the old text has twice nobody can say which one the new text keeps.
func TestAnchorsStandOnce(t *testing.T) {
	for _, texts := range [][2]string{{"a\na\nb\n", "a\nb\n"}, {"a\nb\n", "a\na\nb\n"}} {
		got := anchors(texts[0], texts[1])
		want := []anchor{{before: strings.Index(texts[0], "b"), after: strings.Index(texts[1], "b"), length: 2}}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", texts, got, want)
		}
	}
}
