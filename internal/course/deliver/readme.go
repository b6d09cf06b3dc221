package deliver

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/text"
)

var (
	subjectsLine = text.LazyRegexp(`^<!--((?: [A-Za-z0-9_.-]+)+) -->\r?\n$`)
	linkPattern  = text.LazyRegexp(`\]\(([^)#:\s]+)(#[^)\s]*)?\)`)
)

// mainSubject is the subject of the sections of the page that no README of a stage has.
const mainSubject = "main"

// readme makes the README of a stage from docs/ejercicios.md. It leaves out the sections, each from one "## " to the
// next, that are about other stages. A comment below the heading names the stages of a section:
//
//	## Protocolo
//	<!-- ej5 ej6 ej7 ej8 -->
//
// A section without such a comment is about all stages. The comment "main" keeps a section out of every README: it is
// about the project before the delivery, unless a stage has that name. Relative links, which lead from docs/ in the page, lead from
// the root in the README. Links with a scheme and links within the page stay.
func readme(page, stage string, all []Stage) (string, error) {
	lines := slices.Collect(strings.Lines(page))
	var made strings.Builder
	keep, ownSection, fenced := true, false, false
	for i, line := range lines {
		fence := strings.HasPrefix(line, "```")
		prose := !fenced && !fence
		if fence {
			fenced = !fenced
		}
		switch {
		case i == 0:
			title := strings.TrimRight(line, "\r\n")
			line = title + " (" + stage + ")" + strings.TrimPrefix(line, title)
		case prose && strings.HasPrefix(line, "## "):
			about := subjects(lines[i+1:])
			for _, name := range about {
				if name != mainSubject && !slices.ContainsFunc(all, func(s Stage) bool { return s.Name == name }) {
					return "", fmt.Errorf("%s:%d: section %q is about %q, which is no stage", pagePath, i+2, strings.TrimSpace(line), name)
				}
			}
			keep = len(about) == 0 || slices.Contains(about, stage)
			ownSection = ownSection || keep && len(about) == 1
		case prose && strings.HasPrefix(lines[i-1], "## ") && subjects(lines[i:]) != nil:
			continue
		}
		if prose {
			line = relink(line)
		}
		if keep {
			made.WriteString(line)
		}
	}
	if !ownSection {
		return "", fmt.Errorf("%s has no section about %s alone", pagePath, stage)
	}
	return made.String(), nil
}

// subjects returns the stages that the comment in the first of the lines names, nil if it is no such comment.
func subjects(lines []string) []string {
	if len(lines) == 0 || !subjectsLine().MatchString(lines[0]) {
		return nil
	}
	return strings.Fields(subjectsLine().FindStringSubmatch(lines[0])[1])
}

func relink(line string) string {
	return linkPattern().ReplaceAllStringFunc(line, func(link string) string {
		m := linkPattern().FindStringSubmatch(link)
		return "](" + path.Join(path.Dir(pagePath), m[1]) + m[2] + ")"
	})
}
