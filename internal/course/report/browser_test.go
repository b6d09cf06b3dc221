//go:build browser

package report

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// screenshots names the directory that gets pictures of the page, for people to look at.
const screenshots = "REPORT_SCREENSHOTS"

// wrong lists what lies outside the page's width without a parent that scrolls, and text under 12 px.
const wrong = `(() => {
  const out = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) out.push("the page is " + document.documentElement.scrollWidth + " px wide");
  for (const e of document.querySelectorAll("body *")) {
    if (!e.checkVisibility() || e.closest(".aside, thead, .shapes")) continue;
    const box = e.getBoundingClientRect();
    if (box.right > width + 1 && !e.closest(".scroll")) out.push(e.tagName + "." + e.className + " ends at " + box.right);
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (own && parseFloat(getComputedStyle(e).fontSize) < 12) out.push(e.tagName + " has small text: " + e.textContent);
  }
  return out;
})()`

// overlaps lists labels of a timeline that cover each other, or leave their lane.
const overlaps = `(() => {
  const out = [];
  for (const svg of document.querySelectorAll(".scroll svg")) {
    const boxes = [...svg.querySelectorAll("text")].map(t => [t.getBoundingClientRect(), t.textContent]);
    for (const [i, [a, text]] of boxes.entries()) {
      for (const [b, other] of boxes.slice(i + 1)) {
        const x = Math.min(a.right, b.right) - Math.max(a.left, b.left), y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (x > 1 && y > 5) out.push(text + " / " + other);
      }
    }
  }
  return out;
})()`

// tab is a page of a browser of its own.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu   sync.Mutex // guards urls
	urls []string   // that the page asked for
}

func newTab(t *testing.T) *tab {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(chromedp.NoSandbox, chromedp.Flag("hide-scrollbars", true)))
	t.Cleanup(cancel)
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, func(event any) {
		if e, ok := event.(*network.EventRequestWillBeSent); ok && !strings.HasPrefix(e.Request.URL, "data:") {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.urls = append(b.urls, e.Request.URL)
		}
	}); err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	return b
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, command, params); err != nil {
		b.t.Fatal(err)
	}
}

// see runs an action and returns what it gives.
func see[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// script runs a statement for what it does.
func (b *tab) script(statement string) {
	see(b, chromedp.Evaluate[bool]("(() => { "+statement+"; return true })()"))
}

// picture is what an element shows, however long.
func (b *tab) picture(id string) []byte {
	b.t.Helper()
	at := see(b, chromedp.Evaluate[page.Viewport]("(e => ({x: e.left + scrollX, y: e.top + scrollY, width: e.width, height: e.height, scale: 1}))(document.getElementById('"+id+"').getBoundingClientRect())"))
	beyond := true
	r, err := chromedp.Call(b.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{Clip: &at, CaptureBeyondViewport: &beyond})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.Data
}

// alone checks that the page asked for itself and for nothing else.
func (b *tab) alone(url string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.urls) == 0 {
		b.t.Error("no request was seen, not even the page's own")
	}
	for _, u := range b.urls {
		if u != url {
			b.t.Errorf("the page asks for %s", u)
		}
	}
}

// serve serves a report's page, and nothing else.
func serve(t *testing.T, r Report) string {
	t.Helper()
	return servePage(t, func(w io.Writer) error { return WriteHTML(w, r) })
}

func servePage(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var html bytes.Buffer
	if err := write(&html); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(html.Bytes())
	}))
	t.Cleanup(s.Close)
	return s.URL + "/"
}

func TestBrowser(t *testing.T) {
	url := serve(t, example(t))
	b := newTab(t)
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"phone", 375, 812}, {"desktop", 1280, 900}} {
		for _, theme := range []string{"light", "dark"} {
			t.Run(size.name+"-"+theme, func(t *testing.T) {
				name := size.name + "-" + theme
				b.do(chromedp.EmulateViewport(size.width, size.height, chromedp.EmulateScale(2)))
				call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
				})
				b.do(chromedp.Navigate(url))
				background := see(b, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
				if dark := background == "rgb(14, 18, 22)"; dark != (theme == "dark") {
					t.Errorf("background %s", background)
				}
				keep(t, name+".png", see(b, chromedp.FullScreenshot(100)))
				b.script(`document.querySelectorAll("details").forEach(d => d.open = true)`)
				for _, text := range append(see(b, chromedp.Evaluate[[]string](wrong)), see(b, chromedp.Evaluate[[]string](overlaps))...) {
					t.Error(text)
				}
				b.script(`document.querySelectorAll("details.whole").forEach(d => d.open = false)`)
				for _, id := range []string{"ej1-two-clients", "ej4-term-both", "ej5-document-on-both-sides", "ej8-five-agencies", "ej8-restart-half-way"} {
					keep(t, name+"-"+id+".png", b.picture(id))
				}
			})
		}
	}
	b.alone(url)
}

// A link of the grid opens the scenario that it goes to.
func TestBrowserLink(t *testing.T) {
	b := newTab(t)
	b.do(chromedp.Navigate(serve(t, example(t))), chromedp.Focus(`a[href="#ej8-five-agencies"]`), chromedp.KeyEvent("\r"))
	see(b, chromedp.Poll[bool](`document.querySelector("#ej8-five-agencies").closest("details").open`, chromedp.WithPollingTimeout(10*time.Second)))
}

// On paper, closed scenarios show as well.
func TestBrowserPrint(t *testing.T) {
	b := newTab(t)
	b.do(chromedp.Navigate(serve(t, example(t))))
	pdf := see(b, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFPrintBackground()))
	if pages := bytes.Count(pdf, []byte("/Type /Page\n")); pages < 5 {
		t.Errorf("%d pages", pages)
	}
	keep(t, "print.pdf", pdf)
}

func TestBrowserHostile(t *testing.T) {
	b := newTab(t)
	attack := `"'><script>document.title="owned"</script><img src=/leak onerror="document.title='owned'"><svg onload=alert(1)></title></style>`
	r := example(t)
	r.Target, r.Engine = attack, attack
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		s.Name, s.Title, s.Reason = attack, attack, attack
		for j := range s.Timeline {
			s.Timeline[j].Text = fmt.Sprintf("action: %s%d | result: fail | error: %s", attack, j%7, attack)
			s.Timeline[j].Container += attack
		}
		for j := range s.Problems {
			s.Problems[j].Expected, s.Problems[j].Seen = attack, attack+strings.Repeat("x", 5000)
		}
	}
	url := serve(t, r)
	b.do(chromedp.EmulateViewport(375, 812), chromedp.Navigate(url))
	b.script(`document.querySelectorAll("details").forEach(d => d.open = true)`)
	if title := see(b, chromedp.Title()); strings.Contains(title, "owned") {
		t.Errorf("title %q", title)
	}
	if n := see(b, chromedp.Evaluate[int](`document.querySelectorAll("script, img, [onload], [onerror]").length`)); n != 0 {
		t.Errorf("%d elements that do something", n)
	}
	for _, text := range see(b, chromedp.Evaluate[[]string](wrong)) {
		t.Error(text)
	}
	b.alone(url)
}

// keep writes a picture where screenshots says.
func keep(t *testing.T, name string, content []byte) {
	t.Helper()
	dir := os.Getenv(screenshots)
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}
