package render

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/template/bundle"
	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/text"
)

// maxTemplates is the limit for the sum of the lengths of a bundle's templates, in bytes, and maxFiles for their number.
const (
	maxTemplates = 16 << 20
	maxFiles     = 1000
)

// parseFiles parses the template files of b, but for the main templates of other targets, into one set of templates, and
// returns the files' texts, too.
func parseFiles(b *bundle.Bundle, funcs template.FuncMap) (*template.Template, map[string]string, error) {
	names, err := b.Templates()
	if err != nil {
		return nil, nil, err
	}
	if len(names) > maxFiles {
		return nil, nil, &escape.Error{Place: text.Place{File: names[maxFiles]}, Message: fmt.Sprintf("with this one, the bundle has more than %d templates", maxFiles)}
	}
	size, texts := 0, map[string]string{}
	main := template.New(b.Target.Template).Option("missingkey=error").Funcs(funcs)
	for _, name := range names {
		if b.OtherTarget(name) {
			continue
		}
		content, err := readTemplate(b, name)
		if err != nil {
			return nil, nil, err
		}
		if size += len(content); size > maxTemplates {
			return nil, nil, &escape.Error{Place: text.Place{File: name}, Message: fmt.Sprintf("with this one, the bundle's templates are longer than %d MiB", maxTemplates>>20)}
		}
		texts[name] = content
		own, err := template.New(name).Funcs(funcs).Parse(content)
		if err != nil {
			return nil, nil, syntaxError(name, content, funcs, err)
		}
		if err := addTo(main, name, own); err != nil {
			return nil, nil, err
		}
	}
	if main.Tree == nil || parse.IsEmptyTree(main.Root) {
		return nil, nil, &escape.Error{Place: text.Place{File: b.Target.Template}, Message: "this file is missing or empty, and rendering begins with it"}
	}
	return main, texts, nil
}

// addTo adds the templates of a file to main. It refuses a template that an earlier file defines.
func addTo(main *template.Template, file string, own *template.Template) error {
	for _, t := range own.Templates() {
		before := main.Lookup(t.Name())
		switch {
		case before == nil || before.Tree == nil:
			if _, err := main.AddParseTree(t.Name(), t.Tree); err != nil {
				return err
			}
		case !parse.IsEmptyTree(t.Root):
			return &escape.Error{Place: text.Place{File: file}, Message: fmt.Sprintf("template %q is defined here, and in %s already", t.Name(), before.ParseName)}
		}
	}
	return nil
}

func readTemplate(b *bundle.Bundle, name string) (string, error) {
	content, err := b.Read(name)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return "", &escape.Error{Place: text.Place{File: name}, Message: e.Err.Error()}
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if at := text.FirstInvalid(content); at >= 0 {
		return "", &escape.Error{Place: text.PlaceAt(name, content, at), Message: "not UTF-8"}
	}
	// Editors on Windows add a byte order mark and CR.
	return strings.TrimPrefix(strings.ReplaceAll(string(content), "\r\n", "\n"), "\ufeff"), nil
}

var parseMessage = text.LazyRegexp(`(?s)^template: (.+?):(\d+):(?:\d+:)? (.*)$`)

// syntaxError adds the column to an error of text/template, which has the line only: the column of the first action
// with which the text up to there has the same error. A binary search finds it, as each try parses the text again.
func syntaxError(name, content string, funcs template.FuncMap, err error) error {
	parts := parseMessage().FindStringSubmatch(err.Error())
	if parts == nil {
		return err
	}
	if at, block := openBlock(content); parts[3] == "unexpected EOF" && block != "" {
		message := fmt.Sprintf("{{ %s }} has no {{ end }}, or one within it has none", block)
		return &escape.Error{Place: text.PlaceAt(parts[1], []byte(content), at), Message: message}
	}
	number, _ := strconv.Atoi(parts[2])
	lines := strings.SplitAfter(content, "\n")
	number = min(number, len(lines))
	before := strings.Join(lines[:number-1], "")
	line := lines[number-1]
	actions := action().FindAllStringIndex(line, -1)
	first := sort.Search(len(actions)-1, func(i int) bool { // the last action has the error if no earlier one has
		_, partly := template.New(name).Funcs(funcs).Parse(before + line[:actions[i][1]])
		return partly != nil && partly.Error() == err.Error()
	})
	column := 1
	if len(actions) > 0 {
		column = text.ColumnOf(line, actions[first][0])
	}
	return &escape.Error{Place: text.Place{File: parts[1], Line: number, Column: column}, Message: strings.Replace(parts[3], "template: multiple definition of", "there is a definition before this one of", 1) + similarFunction(parts[3], funcs)}
}

// action matches an action, also one without an end. blockAction matches a comment, or the beginning of a block action.
var (
	action      = text.LazyRegexp(`\{\{(?:.*?\}\}|.*)`)
	blockAction = text.LazyRegexp(`(?s)\{\{(?:- )?/\*.*?\*/|\{\{(?:-\s)?\s*(if|range|with|define|block|end)\b`)
)

// openBlock returns the offset and the keyword of the last block of a template that has no end. It may be wrong for
// actions with {{ in their strings, so it is for messages only.
func openBlock(content string) (at int, keyword string) {
	var open [][]int
	for _, found := range blockAction().FindAllStringSubmatchIndex(content, -1) {
		switch {
		case found[2] < 0: // a comment
		case content[found[2]:found[3]] != "end":
			open = append(open, found)
		case len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return 0, ""
	}
	last := open[len(open)-1]
	return last[0], content[last[2]:last[3]]
}
