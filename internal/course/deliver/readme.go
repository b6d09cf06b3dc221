package deliver

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

// readme makes the README of a stage from docs/ejercicios.md: the page without
// the sections (from one "## " to the next) that are about other stages. A
// comment right below its heading says which ones a section is about,
//
//	## Protocolo
//	<!-- ej5 ej6 ej7 ej8 -->
//
// and a section without such a comment is about all. Relative links are made
// to lead from the root to where they led from docs/.
func readme(page []byte, stage string, all []Stage) ([]byte, error) {
	var text strings.Builder
	own := false // there is a section about this stage alone
	number := 1  // of the section's first line
	for i, section := range sections(string(page)) {
		about, rest := subjects(section)
		for _, name := range about {
			if !slices.ContainsFunc(all, func(s Stage) bool { return s.Name == name }) {
				return nil, fmt.Errorf("%s/%s:%d: section %q is about %q, which is no stage", pageDir, pageFile, number+1, firstLine(section), name)
			}
		}
		number += strings.Count(section, "\n")
		if len(about) > 0 && !slices.Contains(about, stage) {
			continue
		}
		own = own || len(about) == 1
		if i == 0 {
			title := firstLine(rest)
			rest = title + " (" + stage + ")" + strings.TrimPrefix(rest, title)
		}
		text.WriteString(rest)
	}
	if !own {
		return nil, fmt.Errorf("%s/%s has no section about %s alone", pageDir, pageFile, stage)
	}
	return []byte(relink(text.String())), nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSuffix(line, "\r")
}

// sections cuts the page before each heading of the second level. The first
// part is what comes before them.
func sections(page string) []string {
	parts := []string{""}
	for line := range outside(page) {
		if line.prose && strings.HasPrefix(line.text, "## ") {
			parts = append(parts, "")
		}
		parts[len(parts)-1] += line.text
	}
	return parts
}

var subjectsLine = text.LazyRegexp(`^<!--((?: [A-Za-z0-9_.-]+)+) -->\r?\n`)

// subjects returns the names in the comment below the heading, and the section
// without it.
func subjects(section string) (about []string, rest string) {
	heading, below, _ := strings.Cut(section, "\n")
	m := subjectsLine().FindStringSubmatch(below)
	if m == nil {
		return nil, section
	}
	return strings.Fields(m[1]), heading + "\n" + strings.TrimPrefix(below, m[0])
}

var linkPattern = text.LazyRegexp(`\]\(([^)#:\s]+)(#[^)\s]*)?\)`)

// relink makes links that lead from docs/ lead from the root. A link with a
// colon has a scheme, and one that begins with # stays on its page.
func relink(text string) string {
	var out strings.Builder
	for line := range outside(text) {
		if line.prose {
			line.text = linkPattern().ReplaceAllStringFunc(line.text, func(link string) string {
				m := linkPattern().FindStringSubmatch(link)
				return "](" + path.Join(pageDir, m[1]) + m[2] + ")"
			})
		}
		out.WriteString(line.text)
	}
	return out.String()
}

type line struct {
	text  string // with its end
	prose bool   // not of a fenced block
}

// outside yields the lines of a page and tells those of fenced blocks.
func outside(page string) func(yield func(line) bool) {
	return func(yield func(line) bool) {
		fenced := false
		for text := range strings.Lines(page) {
			fence := strings.HasPrefix(text, "```")
			if !yield(line{text, !fenced && !fence}) {
				return
			}
			if fence {
				fenced = !fenced
			}
		}
	}
}
