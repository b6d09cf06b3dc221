package lint

import (
	"bytes"
	"errors"
	"io"

	"go.yaml.in/yaml/v4" // the version that compose-go reads with

	"github.com/tp0-lab/composer/internal/compose/engine"
	"github.com/tp0-lab/composer/internal/compose/load"
	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

var readingRules = []Rule{
	rules.New("unreadable", Error, "the file cannot be read",
		"The file is missing, is not text, is a directory or a pipe without a writer, or is larger than 4 MiB."),
	rules.New("yaml-syntax", Error, "the file is not YAML, or not a mapping",
		"Compose reads nothing of a file whose YAML is broken. Tabs never indent. An empty file adds nothing to the files that are read with it: that is only a note. Values nested more than 200 deep are not read, either: no file needs that, and Compose takes minutes for it."),
	rules.New("other-engine", Error, "the file is for another engine than Compose",
		"A Kubernetes file is not checked further. A stack file for Docker Swarm gets a note, and is checked as Compose would read it."),
	rules.New("several-documents", Warning, "the file has more than one YAML document",
		"Compose lays each document over the ones before it, which is easily overlooked."),
	rules.New("duplicate-key", Error, "a key is twice in one mapping",
		"Compose refuses the file; other readers of YAML silently take the last one."),
	rules.New("alias-expansion", Error, "aliases make the file too large when they are written out, or contain themselves",
		"An anchor that is used in anchors that are used again grows without bounds when it is written out. Compose takes a second for 30,000 values; more than 100,000 from aliases are not read here. It compares each alias of an anchor with all before it: an anchor with more than 6,000 aliases is not read, either. Compose gives up where more than 99% of the values are from aliases: `document contains excessive aliasing`."),
	rules.New("too-large", Error, "Compose would take minutes or gigabytes for the file",
		"Compose gives up at 100,000 values: `compose file exceeds maximum node visit limit`. It makes a value of each port of a range, looks for the end of each variable in the rest of its line, and copies a command again for each of its characters. More than 100,000 ports are not read here, nor more than 50 variables within each other, a line of thousands of variables, commands of 90 KB in one text, or 500 YAML documents."),
	rules.New("unknown-rule", Warning, "a comment disables an unknown rule",
		"A misspelt name silences nothing."),
	rules.New("too-many-findings", Note, "some findings are left out",
		"Of each severity, a thousand are shown for each file."),
}

// notText returns the offset at which content stops to be text in UTF-8, or -1.
func notText(content []byte) int {
	if at := bytes.IndexByte(content, 0); at >= 0 {
		content = append(content[:at:at], 0xff) // no text either
	}
	return text.FirstInvalid(content)
}

// parse reads the text, reports what is wrong with it as YAML, and tells
// whether there is a document for the other rules.
func (d *document) parse() bool {
	if at := notText(d.Text); at >= 0 {
		place := text.PlaceAt("", d.Text, at)
		d.reportAt("unreadable", place.Line, place.Column, "is not text in UTF-8 from here on")
		return false
	}
	var doc yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(d.Text))
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) && d.among {
		d.reportAs(Note, "yaml-syntax", 1, 1, "there is nothing in it, so it adds nothing to the files beside it")
		d.root, d.values = &yaml.Node{Kind: yaml.MappingNode, Line: 1, Column: 1}, plain{}
		return true
	}
	if errors.Is(err, io.EOF) || err == nil && yamltree.IsNull(doc.Content[0]) {
		d.reportAt("yaml-syntax", 1, 1, "there is nothing in it: want a mapping with services")
		return false
	}
	if err != nil {
		d.reportSyntax(err)
		return false
	}
	if root := doc.Content[0]; root.Kind != yaml.MappingNode {
		d.report("yaml-syntax", root, "want a mapping with services, not %s", yamltree.KindName(root))
		return false
	}
	excess := yamltree.CheckLimits(doc.Content[0], yamltree.MaxValues)
	if excess != nil && excess.TooDeep {
		d.report("yaml-syntax", excess.Node, "%s", excess.Message)
		return false
	}
	d.root = doc.Content[0]
	if kind, other := engine.Of(d.Text); other {
		file := d.Name
		if kind == engine.Kubernetes {
			d.report("other-engine", d.root, "%s, and `composer render --target kubernetes` checks what it renders", kind.Explain(file))
			return false
		}
		d.reportAs(Note, "other-engine", d.root.Line, d.root.Column, "%s, and `composer render --target swarm` checks what it renders", kind.Explain(file))
	}
	d.checkKeys(d.root)
	d.checkReadable(d.root)
	if !d.parseMore(decoder) {
		return false
	}
	if excess != nil {
		d.reportExcess(excess)
		return false
	}
	if excess := load.CheckLimits(d.root, nil); excess != nil {
		d.reportExcess(excess)
		return false
	}
	d.values = plain{}
	d.project = d.readProject()
	return true
}

// parseMore reads further documents of the text, and tells whether they can be read.
func (d *document) parseMore(decoder *yaml.Decoder) bool {
	for {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return true
		}
		if err != nil {
			d.reportSyntax(err)
			return false
		}
		root := doc.Content[0]
		if d.more == nil {
			d.report("several-documents", root, "a second document begins here, which Compose lays over the first one")
		}
		excess := yamltree.CheckLimits(root, yamltree.MaxValues)
		if excess == nil {
			excess = yamltree.CheckDocuments(2+len(d.more), root)
		}
		switch {
		case yamltree.IsNull(root):
			d.report("yaml-syntax", root, "there is nothing in this document, and Compose wants a mapping: leave its --- out")
			return false
		case root.Kind != yaml.MappingNode:
			d.report("yaml-syntax", root, "want a mapping with services, not %s", yamltree.KindName(root))
			return false
		case excess != nil:
			d.reportExcess(excess)
			return false
		default:
			d.checkKeys(root)
			d.checkReadable(root)
			d.more = append(d.more, root)
		}
	}
}

// reportExcess reports that the document exceeds a limit of Compose.
func (d *document) reportExcess(excess *yamltree.LimitError) {
	rule := "too-large"
	if excess.Aliased {
		rule = "alias-expansion"
	}
	d.report(rule, excess.Node, "%s", excess.Message)
}

// reportSyntax reports an error of the YAML package, which has its place in its text.
func (d *document) reportSyntax(err error) {
	line, column, message := yamltree.DescribeSyntaxError(d.Text, err)
	d.reportAt("yaml-syntax", line, column, "%s", message)
}

// checkReadable reports nodes that are no values.
func (d *document) checkReadable(root *yaml.Node) {
	for n, message := range yamltree.Unreadable(root) {
		d.report("specification", n, "%s", message)
	}
	if list := yamltree.Get(root, "include"); list != nil && list.Kind != yaml.SequenceNode && !yamltree.IsNull(list) {
		d.report("specification", list, "include must be a list: write - before the file")
	}
	for item := range yamltree.Items(yamltree.Get(root, "include")) {
		if item.Kind == yaml.SequenceNode {
			d.report("specification", item, "an item of include is a file, or a mapping with path, not a list")
		}
	}
}

// checkKeys reports keys that are twice in one mapping. It follows no aliases.
func (d *document) checkKeys(root *yaml.Node) {
	for n := range yamltree.All(root) {
		for key, first := range yamltree.RepeatedKeys(n) {
			if key.Value == first.Value { // compose-go compares what is written, for an alias the name of its anchor
				d.report("duplicate-key", key, "key %q is in line %d already", key.Value, first.Line)
			}
		}
	}
}
