//go:build browser

package report

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// class is a class of twenty students, of which six are wrong and two cannot be judged.
func class(name string) Class {
	c := Class{Composer: "v1.2.3", Engine: "docker", Started: started, Weights: Weights{}}
	for stage := range 8 {
		c.Stages = append(c.Stages, fmt.Sprintf("ej%d", stage+1))
		c.Weights[c.Stages[stage]] = 1 + float64(stage)/2
	}
	for i := range 20 {
		s := Student{Name: fmt.Sprintf("%s-%02d", name, i+1), Repo: name}
		s.Page = "students/" + s.Name + ".html"
		if i == 7 {
			s.Error, s.Page = name+" is no git repository", ""
		}
		for stage := 0; stage < 8 && i != 7; stage++ {
			for n := range 6 {
				sc := Scenario{Stage: c.Stages[stage], Name: fmt.Sprintf("%s-%d", name, n), Title: name, Status: Passed}
				switch {
				case i%3 == 0 && i < 17 && stage == 4+i%4 && n < 3:
					sc.Status, sc.Problems = Failed, []Problem{{Expected: fmt.Sprintf("%s: bets.csv holds the %d bets that were sent, each once", name, 90+i)}}
				case i == 10 && stage == 7 && n == 0:
					sc.Status, sc.Reason = Unjudged, name
				}
				s.Report.Scenarios = append(s.Report.Scenarios, sc)
			}
		}
		s.Report.Duration = time.Duration(60+i) * time.Second
		c.Students = append(c.Students, s)
	}
	return c
}

func serveClass(t *testing.T, c Class) string {
	t.Helper()
	return servePage(t, func(w io.Writer) error { return WriteClassHTML(w, c) })
}

func TestBrowserClass(t *testing.T) {
	url := serveClass(t, class("alumna"))
	b := newTab(t)
	for name, size := range map[string][2]int64{"phone": {375, 812}, "desktop": {1280, 900}} {
		for _, theme := range []string{"light", "dark"} {
			t.Run(name+"-"+theme, func(t *testing.T) {
				b.do(chromedp.EmulateViewport(size[0], size[1], chromedp.EmulateScale(2)))
				call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
				})
				b.do(chromedp.Navigate(url))
				for _, text := range see(b, chromedp.Evaluate[[]string](wrong)) {
					t.Error(text)
				}
				keep(t, "class-"+name+"-"+theme+".png", see(b, chromedp.FullScreenshot(100)))
			})
		}
	}
	b.alone(url)
}

// The grid begins with those who are wrong, and sorts and filters.
func TestBrowserClassGrid(t *testing.T) {
	b := newTab(t)
	b.do(chromedp.Navigate(serveClass(t, class("alumna"))))
	shown := func() string {
		return strings.Join(see(b, chromedp.Evaluate[[]string](`[...document.querySelectorAll("tbody tr:not([hidden]) th")].map(e => e.dataset.value.slice(-2))`)), " ")
	}
	check := func(what, want string) {
		t.Helper()
		if diff := cmp.Diff(want, shown()); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	check("at first", "01 04 07 10 13 16 08 11 02 03 05 06 09 12 14 15 17 18 19 20")
	b.script(`document.querySelector("thead th:first-child button").click()`)
	check("by name", "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20")
	b.script(`document.querySelector("thead th:first-child button").click()`)
	check("by name, downwards", "20 19 18 17 16 15 14 13 12 11 10 09 08 07 06 05 04 03 02 01")
	set := func(id, value string) {
		b.script(fmt.Sprintf(`const e = document.getElementById(%q); e.value = %q; e.dispatchEvent(new Event("input", {bubbles: true}))`, id, value))
	}
	set("verdict", "unjudged")
	check("not judged", "11 08")
	set("stage", "ej8")
	check("not judged in ej8", "11 08")
	set("verdict", "failed")
	check("wrong in ej8", "16 04")
	set("name", "A-0")
	check("of some names", "04")
	if text := see(b, chromedp.Evaluate[string](`document.getElementById("shown").value`)); text != "1 of 20 shown" {
		t.Errorf("says %q", text)
	}
}

func TestBrowserHostileClass(t *testing.T) {
	b := newTab(t)
	attack := `"'><script>document.title="owned"</script><img src=/leak onerror="document.title='owned'"></title></style>`
	c := class(attack)
	c.Composer, c.Engine = attack, attack
	for i := range c.Students {
		c.Students[i].Page = "javascript:document.title='owned'"
	}
	url := serveClass(t, c)
	b.do(chromedp.EmulateViewport(375, 812), chromedp.Navigate(url))
	b.script(`document.querySelector("tbody a").click()`)
	if title := see(b, chromedp.Title()); strings.Contains(title, "owned") {
		t.Errorf("title %q", title)
	}
	if n := see(b, chromedp.Evaluate[int](`document.querySelectorAll("img, [onload], [onerror], body > script:not(:last-child), main script").length`)); n != 0 {
		t.Errorf("%d elements that do something", n)
	}
}
