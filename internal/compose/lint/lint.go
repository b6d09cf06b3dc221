// Package lint finds mistakes in a Compose file and their places: breaches of the Compose specification, and mistakes
// that only show when containers start.
//
// Package lint reads the file, the file that it overrides, and what it includes and extends. It asks neither the
// environment nor Docker; Options say which profiles are enabled. For other files with relative paths, it only checks
// that they exist.
package lint

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/project"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/files"
	"github.com/tp0-lab/composer/internal/text"
)

// Finding is one mistake in a file.
type Finding struct {
	text.Place
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"`
	// Message is a sentence on one line, without a period.
	Message string `json:"message"`
	// Related is the place of the other value that the value clashes with, or zero.
	Related text.Place `json:"related,omitzero"`

	service string // that it is about, or ""
	edit    edit   // what mends it, if anything does
}

// String returns the finding in the notation of compilers: file:line:column: severity: message [rule].
func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s [%s]", f.Place, f.Severity, f.Text(), f.Rule)
}

// Text returns the message with the related place.
func (f Finding) Text() string {
	if f.Related == (text.Place{}) {
		return f.Message
	}
	if f.Related == f.Place { // as with extends, or an alias
		return f.Message + "; both have it from here"
	}
	return f.Message + "; the other is at " + f.Related.String()
}

// Source is a file to check.
type Source struct {
	// Name is the name of the file in findings.
	Name string
	// Dir is the folder in which relative paths begin. If it is "", files that this one includes or extends are not
	// read.
	Dir string
	// Text is the text of the file, at most project.MaxFile bytes.
	Text []byte
	// Base is the file over which Compose lays this one, or nil. Findings in Base are left out.
	Base *project.File
	// Part says that the file may be a part of a project that is not known.
	Part bool
}

// Check returns the findings of a source in the order of its lines, then those of files that it includes and extends. It
// leaves out rules that are off in o, and those that comments disable: "# composer-lint: disable=RULE,RULE" at the end of
// a line is about that line, and on a line of its own it is about the next line, too.
//
// If ctx ends before all is checked, Check returns no findings and the cause. It looks at ctx between checks, each of
// which takes three seconds at most.
func Check(ctx context.Context, s Source, o *Options) ([]Finding, error) {
	return checkRead(ctx, s, nil, o)
}

// CheckFile reads the file called name and checks it. It checks NAME.override.yaml together with NAME.yaml beside it.
// A file that cannot be read has a finding of the rule "unreadable". Errors are those of Check.
func CheckFile(ctx context.Context, name string, o *Options) ([]Finding, error) {
	text, err := files.Read(name, project.MaxFile)
	return checkRead(ctx, Source{Name: name, Dir: filepath.Dir(name), Text: text, Base: baseOf(name), Part: true}, err, o)
}

// CheckReader checks the text that r has, like CheckFile. Findings call it name, and its relative paths begin in the
// working directory.
func CheckReader(ctx context.Context, r io.Reader, name string, o *Options) ([]Finding, error) {
	text, err := files.ReadFrom(r, name, project.MaxFile)
	return checkRead(ctx, Source{Name: name, Dir: ".", Text: text, Part: true}, err, o)
}

func checkRead(ctx context.Context, s Source, err error, o *Options) ([]Finding, error) {
	w := whole{
		ctx: ctx, all: []*project.File{{Name: s.Name, Text: s.Text}}, unread: []error{err}, dir: s.Dir, alone: s.Dir == "", part: s.Part,
		optionsOf: func(string) *Options { return o },
	}
	if s.Base != nil {
		w.all, w.unread, w.base, w.part = []*project.File{s.Base, w.all[0]}, []error{nil, err}, true, false
	}
	return w.check()
}

// document is a source on its way through the rules.
type document struct {
	Source
	ctx        context.Context
	root       *yaml.Node   // a mapping
	more       []*yaml.Node // the roots of further YAML documents
	project    rules.Project
	lines      []string // of Text, see line
	values     plain
	byName     map[*yaml.Node]map[string]entry // of mappings that were looked at, see entries
	options    *Options
	of         func(*yaml.Node) *document // the document of the file that a node is from, or nil: all are from this one
	wrong      map[*yaml.Node]bool        // nodes that are reported for the specification
	wrongLines map[int]bool               // lines that have such a finding, see isWrong
	among      bool                       // it is one of several files
	merged     bool                       // it is one of several files, or its services extend others
	mayBePart  bool
	isPart     bool             // of a project that is not known
	silenced   map[int][]string // by line
	found      []Finding
	counts     map[Severity]int
	starts     []int // offsets at which they begin, see offset
	compared   int   // names that were compared for a suggestion
}

// maxFound is how many findings of one severity are kept.
const maxFound = 1000

// report notes that a rule is broken at a node. It returns the finding, which is valid until the next report, or nil if
// the finding is left out.
func (d *document) report(rule string, at *yaml.Node, format string, args ...any) *Finding {
	if rule == "specification" {
		d.setWrong(at)
	}
	return d.in(at).reportAt(rule, at.Line, at.Column, format, args...)
}

// setWrong notes that a node is reported for the specification.
func (d *document) setWrong(n *yaml.Node) {
	if d.wrong == nil {
		d.wrong = map[*yaml.Node]bool{}
	}
	d.wrong[n] = true
}

// in returns the document of the file that a node is from.
func (d *document) in(n *yaml.Node) *document {
	if d.of == nil {
		return d
	}
	return d.of(n)
}

// full reports whether findings of a rule are left out by now.
func (d *document) full(rule string) bool {
	return d.counts[d.options.severity(rule, severityOf(rule))] > maxFound
}

func (d *document) reportAt(rule string, line, column int, format string, args ...any) *Finding {
	return d.reportAs(severityOf(rule), rule, line, column, format, args...)
}

// reportAs reports a finding whose severity is another than its rule's, unless somebody has set that of the rule.
func (d *document) reportAs(severity Severity, rule string, line, column int, format string, args ...any) *Finding {
	severity = d.options.severity(rule, severity)
	if d.counts[severity] > maxFound || !d.options.applies(rule) || slices.Contains(d.silenced[line], rule) {
		return nil
	}
	if d.counts == nil {
		d.counts = map[Severity]int{}
	}
	d.counts[severity]++
	if d.counts[severity] > maxFound {
		rule, line, column = "too-many-findings", 1, 1
		format, args = "there are more than %d findings of severity %s: the rest is left out", []any{maxFound, severity}
		severity = d.options.severity(rule, severityOf(rule))
	}
	for i, arg := range args { // of a long one the end would be left out
		if text, ok := arg.(string); ok && len(text) > longest {
			args[i] = text[:longest]
		}
	}
	place := text.Place{File: d.Name, Line: max(line, 1), Column: max(column, 1)}
	d.found = append(d.found, Finding{Place: place, Severity: severity, Rule: rule, Message: text.Line(fmt.Sprintf(format, args...))})
	if rule == "too-many-findings" {
		return nil
	}
	return &d.found[len(d.found)-1]
}

// suggest returns a suggestion for a name, or "" once more than 200,000 names were compared for the document.
func (d *document) suggest(name string, known []string) string {
	const most = 200_000
	if d.compared += len(known); d.compared > most {
		return ""
	}
	return text.Suggestion(name, known)
}

func (d *document) findings() []Finding {
	d.setServices()
	slices.SortStableFunc(d.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	d.found = slices.Compact(d.found) // what an alias repeats is one thing
	if d.merged {
		d.found = slices.CompactFunc(d.found, func(a, b Finding) bool {
			return a.Line == b.Line && a.Column == b.Column && a.Rule == b.Rule && withoutService(a.Message) == withoutService(b.Message)
		})
	}
	return d.found
}

// withoutService returns a message with # for the names of services: services that extend the same service have its
// mistakes, each with another name in the message.
func withoutService(message string) string { return namedService().ReplaceAllString(message, "$1#") }

var namedService = text.LazyRegexp(`\b(service "?|services\.)[\w-]+`)

var silencer = text.LazyRegexp(`#\s*composer-lint:\s*disable=([^\s#]*)`)

// readSilencers notes which rules are silenced in which lines.
func (d *document) readSilencers() {
	if !bytes.Contains(d.Text, []byte("composer-lint:")) {
		return
	}
	d.silenced = map[int][]string{}
	n := 0
	for line := range bytes.Lines(d.Text) {
		n++
		m := silencer().FindSubmatchIndex(line)
		if m == nil {
			continue
		}
		names := map[string]bool{}
		for name := range strings.SplitSeq(string(line[m[2]:m[3]]), ",") {
			if names[name] || d.full("unknown-rule") {
				continue
			}
			names[name] = true
			if _, ok := bookOf()[name]; !ok {
				d.reportAt("unknown-rule", n, utf8.RuneCount(line[:m[2]])+1, "unknown rule %q%s", name, text.Suggestion(name, ruleNames()))
				continue
			}
			d.silenced[n] = append(d.silenced[n], name)
			if len(bytes.TrimSpace(line[:m[0]])) == 0 {
				d.silenced[n+1] = append(d.silenced[n+1], name)
			}
		}
	}
}

// longest is how many bytes of a text are looked at for a message, which has
// 500 characters of it.
const longest = 2000
