package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func html(t rapid.TB, r Report) string {
	t.Helper()
	return written(t, func(b *bytes.Buffer) error { return WriteHTML(b, r) })
}

// shape reads a page strictly, as XML, and returns its elements with the names of their attributes, and its ids.
func shape(t rapid.TB, page string) (elements, ids []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return elements, ids
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, page)
		}
		if e, ok := token.(xml.StartElement); ok {
			names := []string{e.Name.Local}
			for _, a := range e.Attr {
				names = append(names, a.Name.Local)
				if a.Name.Local == "id" {
					ids = append(ids, a.Value)
				}
				if a.Name.Local == "href" && !strings.HasPrefix(a.Value, "#") && a.Value != "data:," {
					t.Fatalf("a link leaves the page: %s", a.Value)
				}
			}
			elements = append(elements, strings.Join(names, " "))
		}
	}
}

// allowed is all that the template has; whatever a log says adds no other.
func allowed(t rapid.TB) map[string]bool {
	t.Helper()
	r := example(t)
	r.Scenarios = append(r.Scenarios, huge().Scenarios...)
	r.Scenarios = append(r.Scenarios, Scenario{Timeline: []Line{{At: after(0), Container: "other", Text: "x"}, {At: after(9000), Container: "other", Text: "y"}}})
	known := map[string]bool{}
	elements, _ := shape(t, html(t, r))
	for _, e := range elements {
		known[e] = true
	}
	return known
}

func TestPageHoldsAnyText(t *testing.T) {
	known := allowed(t)
	rapid.Check(t, func(t *rapid.T) {
		elements, ids := shape(t, html(t, drawReport(t)))
		for _, e := range elements {
			if !known[e] {
				t.Fatalf("an element that is not the template's: <%s>", e)
			}
		}
		slices.Sort(ids)
		if len(slices.Compact(slices.Clone(ids))) != len(ids) {
			t.Fatalf("an id twice: %q", ids)
		}
	})
}

// Neither control characters nor those that turn text around reach the page.
func TestPageShowsHiddenCharacters(t *testing.T) {
	r := small()
	r.Scenarios[0].Timeline[0].Text = "a\x00b\x1b[31mc\u202ed\xff\ufeff"
	page := html(t, r)
	if want := `a\x00b\x1b[31mc\u202ed\ufffd\ufeff`; !strings.Contains(page, want) {
		t.Errorf("no %s", want)
	}
	if i := strings.IndexFunc(page, hidden); i >= 0 {
		t.Errorf("%q", page[i:min(len(page), i+20)])
	}
}

func TestPage(t *testing.T) {
	page := html(t, example(t))
	for _, want := range []string{
		`<html lang="en"`, "<title>1 of 13 scenarios failed – composer verify</title>", `<details class="scenario failed" open="open">`,
		`<a class="chip failed" href="#ej8-no-answer-before-the-draw"`, `<div class="body" id="ej8-no-answer-before-the-draw">`,
		`role="img" aria-labelledby="title.ej8-five-agencies desc.ej8-five-agencies"`, "<dt>Expected</dt><dd>client4 exits with code 0</dd>",
		"80 batches stored, 7,870 bets", "winners: client1 2, client2 3, client3 1, client4 0, client5 1", "no shell but bash was found",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
	if n := strings.Count(page, `open="open"`); n != 1 {
		t.Errorf("%d scenarios are open", n)
	}
	for _, not := range []string{"http:", "https:", "<script", "@import", "url(http"} {
		if strings.Contains(strings.NewReplacer(`xmlns="http://www.w3.org/2000/svg"`, "", `xmlns="http://www.w3.org/1999/xhtml"`, "").Replace(page), not) {
			t.Errorf("the page has %s", not)
		}
	}
}

func TestHeading(t *testing.T) {
	for _, test := range []struct {
		want string
		of   []Status
	}{
		{"Nothing was judged", nil},
		{"Nothing was judged", []Status{Skipped}},
		{"The one scenario passed", []Status{Passed}},
		{"All 2 scenarios passed", []Status{Passed, Passed}},
		{"1 scenario passed, 1 skipped", []Status{Passed, Skipped}},
		{"1 scenario passed, 1 cannot be judged, 1 not asked for", []Status{Passed, Unjudged, Unasked}},
		{"1 of 3 scenarios failed", []Status{Passed, Skipped, Failed}},
		{"1 of 1 scenario failed", []Status{Failed}},
	} {
		var r Report
		for _, s := range test.of {
			r.Scenarios = append(r.Scenarios, Scenario{Status: s})
		}
		if got := newPage(r).Heading; got != test.want {
			t.Errorf("%v: %q, want %q", test.of, got, test.want)
		}
	}
}

// Text stands out from what is behind it as WCAG 2.2 level AA wants it, 4.5:1, and drawings 3:1, in each theme.
func TestContrast(t *testing.T) {
	themes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(pageCSS, -1)
	if len(themes) != 3 {
		t.Fatalf("%d themes, want light, dark and print", len(themes))
	}
	for i, theme := range themes {
		colours := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(theme[1], -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		check := func(front, back string, least float64) {
			a, b := colours[front], colours[back]
			if colours[front] == colours[back] {
				t.Errorf("theme %d: %s and %s are the same, or missing", i, front, back)
			}
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < least {
				t.Errorf("theme %d: %s on %s: %.2f, want %.1f", i, front, back, ratio, least)
			}
		}
		for _, front := range []string{"text", "muted", "failed"} {
			for _, back := range []string{"page", "card", "code", "failed-soft"} {
				check(front, back, 4.5)
			}
		}
		for _, pair := range []string{
			"passed page", "passed passed-soft", "skipped page", "skipped skipped-soft", "draw page", "draw card", "passed card", "skipped card", "draw draw-soft", "answer card", "text draw-soft", "muted draw-soft",
		} {
			front, back, _ := strings.Cut(pair, " ")
			check(front, back, 4.5)
		}
		for _, front := range []string{"plain", "bets", "draw", "answer", "signal", "arrow", "failed"} {
			check(front, "card", 3)
		}
		check("focus", "page", 3)
	}
}

// luminance is the relative luminance of WCAG (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance).
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	part := func(shift int) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func TestIdentifiers(t *testing.T) {
	ids := identifiers{}
	var got []string
	for _, name := range []string{"ej8-a", "ej8-a", "EJ8 a", "ej8-a-2", "", "<ñ>"} {
		got = append(got, ids.unique(name))
	}
	if want := []string{"ej8-a", "ej8-a-2", "ej8-a-3", "ej8-a-2-2", "", "---"}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, want %q", got, want)
	}
}
