// Package escape rewrites templates that make YAML so that each value is written for the place that it stands
// in, as html/template does for HTML: a template decides the structure of the document, and a value cannot
// change it.
//
// docs/templates.md has the rules. A value is what an action such as {{ .Name }} prints. Rewrite goes through
// the parse trees of text/template once, in order, with the context of each point: its place in YAML. An
// action gets a last command that writes its value for that context or returns an error. A template is copied
// for each context that it is called in. The ends of branches must be contexts that can be joined.
package escape

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/text"
)

// Names of the functions that rewritten templates call. NUMBER stands for a place in the templates: Errorf
// takes it. For MarkFunc it is the index of a Source.
const (
	WriteFunc = "_write" // NUMBER VALUE: returns the value as it is written there
	StepFunc  = "_step"  // NUMBER: a round of a range begins
	EnterFunc = "_enter" // NUMBER: a called template begins
	LeaveFunc = "_leave" // a called template ends
	RangeFunc = "_range" // VARIABLES VALUE: returns VALUE as a range with so many variables takes it, or an error
	MarkFunc  = "_mark"  // NUMBER: the document goes on with that source, see Marked
)

// Rewritten is a set of templates whose values are escaped.
type Rewritten struct {
	// Template is the main template. The caller gives it StepFunc, EnterFunc, LeaveFunc, RangeFunc and include by Funcs.
	Template *template.Template
	// Format is the format that Template writes.
	Format Format

	sites    []site
	includes map[string]string
	texts    map[string]string
}

// Include returns the name of the template that {{ include NAME … }} executes.
func (r *Rewritten) Include(name string) string { return r.includes[name] }

// Errorf returns an error with the place of a number that StepFunc or EnterFunc was called with.
func (r *Rewritten) Errorf(number int, format string, args ...any) error {
	return r.errorAt(r.sites[number].tree, r.sites[number].pos, format, args...)
}

// action returns the text of the action with that number, as it stands in the template.
func (r *Rewritten) action(number int) string {
	s := r.sites[number]
	return actionText(r.texts[s.tree.ParseName][s.pos:])
}

// actionText returns the text of an action up to its end.
func actionText(text string) string {
	text, _, _ = strings.Cut(text, "}}")
	return strings.TrimSpace(strings.TrimSuffix(text, "-"))
}

// PrintsDigits reports whether cmd writes each number from 0 on as its decimal digits alone.
func (r *Rewritten) PrintsDigits(cmd *parse.CommandNode) bool {
	s := r.written(cmd)
	return s != nil && !s.glued && (!s.whole || !s.key)
}

// PrintsNames reports whether cmd writes each name unchanged. A name has at most 100 characters, which are lower-case
// letters, digits, - and _. It begins with a letter, has a digit, and ends with a letter or digit.
func (r *Rewritten) PrintsNames(cmd *parse.CommandNode) bool {
	s := r.written(cmd)
	return s != nil && !s.glued
}

// written returns where cmd writes, or nil if it does not.
func (r *Rewritten) written(cmd *parse.CommandNode) *site {
	name, ok := cmd.Args[0].(*parse.IdentifierNode)
	if !ok || name.Ident != WriteFunc {
		return nil
	}
	return &r.sites[cmd.Args[1].(*parse.NumberNode).Int64]
}

// Rewrite returns t, and the templates that it calls, rewritten to write a file of a format. They may call funcs. texts
// holds the texts that the templates were parsed from, by the names of their files: the places of errors are columns of
// these texts. Its errors are *Error, or Errors for several places where no value can stand.
func Rewrite(t *template.Template, funcs template.FuncMap, texts map[string]string, format Format) (*Rewritten, error) {
	r := &rewriter{
		trees:   map[string]*parse.Tree{},
		derived: map[call]*derivation{},
		names:   map[string]int{},
		out:     &Rewritten{Format: format, includes: map[string]string{}, texts: texts, sites: make([]site, 1)}, // context.structure counts from 1
	}
	r.out.Template = template.New(t.Name()).Option("missingkey=error").Funcs(funcs).Funcs(template.FuncMap{
		WriteFunc: func(number int, value any) (string, error) {
			text, err := r.out.Write(number, value)
			if err != nil {
				return "", err // a nil *Error would be an error
			}
			return text, nil
		},
		StepFunc:      func(int) (string, error) { return "", nil },
		EnterFunc:     func(int) (string, error) { return "", nil },
		LeaveFunc:     func() string { return "" },
		joinValueFunc: joinParts(false),
		joinKeyFunc:   joinParts(true),
		RangeFunc:     func(_ int, value any) (any, error) { return value, nil },
	})
	for _, one := range t.Templates() {
		if one.Tree != nil {
			r.trees[one.Name()] = one.Tree
		}
	}
	if r.trees[t.Name()] == nil {
		return nil, &Error{Place: text.Place{File: t.Name(), Line: 1, Column: 1}, Message: "the template is empty"}
	}
	main, err := r.derive(call{t.Name(), format.beginning()}, nil, 0)
	if err = Join(r.refused, err); err != nil {
		return nil, err
	}
	if !main.out.whole() {
		return nil, r.out.errorAt(main.tree, main.tree.Root.Pos, "the template ends %s", main.out)
	}
	for _, d := range r.derived {
		if _, err := r.out.Template.AddParseTree(d.name, d.tree); err != nil {
			return nil, err
		}
	}
	return r.out, nil
}

// call is a template and the context that it is called in.
type call struct {
	name string
	from context
}

// derivation is a template rewritten for one context.
type derivation struct {
	name string
	tree *parse.Tree
	out  context
	// done: out is known. Before that it is assumed, and used says that somebody relied on it.
	done, used bool
}

type rewriter struct {
	trees   map[string]*parse.Tree
	derived map[call]*derivation
	order   []call // the keys of derived, as they came
	names   map[string]int
	out     *Rewritten
	refused []*Error // places where no value can stand
	depth   int
	work    int // how many bytes of templates were gone through
}

// maxWork is the limit for work. Ranges and templates within one another make work grow fast, because each goes through
// all that is in it several times.
const maxWork = 20 << 20

// again notes that n is gone through once more, and fails if that is too often.
func (r *rewriter) again(tree *parse.Tree, n *parse.ListNode) error {
	if r.work += 100 + len(n.String()); r.work > maxWork {
		return r.out.errorAt(tree, n.Pos, "too many ranges or templates are within one another here, or they are too long for that")
	}
	return nil
}

// maxNesting bounds the nesting of calls: a template that calls itself in ever new contexts has no end.
const maxNesting = 200

// derive returns the template of a call at pos of from, rewritten for its context.
func (r *rewriter) derive(c call, from *parse.Tree, pos parse.Pos) (*derivation, error) {
	if d := r.derived[c]; d != nil {
		d.used = d.used || !d.done
		return d, nil
	}
	tree := r.trees[c.name]
	if tree == nil {
		return nil, r.out.errorAt(from, pos, "there is no template %q", c.name)
	}
	if r.depth >= maxNesting || len(r.derived) > 10*maxNesting+len(r.trees) {
		return nil, r.out.errorAt(tree, 0, "template %q calls itself at ever new places of the document", c.name)
	}
	d := &derivation{name: c.name, out: c.from}
	// The first one keeps its name.
	for r.names[c.name]++; r.names[c.name] > 1; r.names[c.name]++ {
		if d.name = fmt.Sprintf("%s (%d)", c.name, r.names[c.name]); r.trees[d.name] == nil {
			break
		}
	}
	r.derived[c], r.order = d, append(r.order, c)
	own := len(r.order)
	r.depth++
	defer func() { r.depth-- }()
	for range 3 {
		// What was derived when another end was assumed may rely on that.
		for _, inner := range r.order[own:] {
			delete(r.derived, inner)
		}
		r.order = r.order[:own]
		d.used = false
		if err := r.again(tree, tree.Root); err != nil {
			return nil, err
		}
		d.tree = tree.Copy()
		w := &walker{rewriter: r, tree: d.tree}
		out, err := w.list(c.from, d.tree.Root)
		if err != nil {
			return nil, err
		}
		out.structure = 0 // lines that go on with it would differ from call to call
		settled := !d.used || out == d.out
		if d.out = out; settled {
			d.done = true
			w.guard(d.tree.Root)
			return d, nil
		}
	}
	return nil, r.out.errorAt(tree, 0, "template %q calls itself, and where it ends depends on how often", c.name)
}

// walker goes through one template.
type walker struct {
	*rewriter
	tree *parse.Tree
	loop *loop
	// source is the last scalar without quotes, as it stands in the template.
	source string
}

// loop is a range that is being gone through.
type loop struct{ breaks, continues []context }

// list rewrites nodes that begin in c and returns the context behind them.
func (w *walker) list(c context, list *parse.ListNode) (context, error) {
	if list == nil {
		return c, nil
	}
	var err error
	for i := 0; i < len(list.Nodes); i++ {
		rest := list.Nodes[i+1:]
		switch node := list.Nodes[i].(type) {
		case *parse.TextNode:
			if c.place == anyText {
				continue
			}
			var joined *joined
			if c, joined, err = w.scan(c, node, rest); joined != nil {
				list.Nodes = slices.Replace(list.Nodes, i+1, i+1+joined.used, joined.nodes...)
			}
		case *parse.ActionNode:
			if prints(node) && (c.place == beforeNode || c.place == lineStart) {
				if instead, used, ok := w.joinScalar("", list.Nodes[i:], c.flow != ""); ok {
					list.Nodes = slices.Replace(list.Nodes, i, i+used, instead...)
					node = list.Nodes[i].(*parse.ActionNode)
				}
			}
			if err = w.includesIn(node.Pipe); err == nil && prints(node) {
				c, err = w.action(c, list.Nodes, i)
			}
		case *parse.IfNode:
			c, err = w.branch(c, &node.BranchNode, "if")
		case *parse.WithNode:
			c, err = w.branch(c, &node.BranchNode, "with")
		case *parse.RangeNode:
			c, err = w.rounds(c, node)
		case *parse.TemplateNode:
			c, err = w.call(c, node)
		case *parse.BreakNode:
			w.loop.breaks = append(w.loop.breaks, c)
			c = context{place: dead}
		case *parse.ContinueNode:
			w.loop.continues = append(w.loop.continues, c)
			c = context{place: dead}
		}
		if err != nil {
			return c, err
		}
		if c.place == dead {
			list.Nodes = list.Nodes[:i+1] // what follows is never executed
		}
	}
	return c, nil
}

func (w *walker) branch(c context, n *parse.BranchNode, what string) (context, error) {
	if err := w.includesIn(n.Pipe); err != nil {
		return c, err
	}
	then, err := w.list(c, n.List)
	if err != nil {
		return c, err
	}
	otherwise, err := w.list(c, n.ElseList)
	if err != nil {
		return c, err
	}
	return w.join(n.Pos, "the branches of {{ "+what+" }} end", then, otherwise)
}

func (w *walker) join(pos parse.Pos, what string, c context, others ...context) (context, error) {
	for _, other := range others {
		joined, ok := join(c, other)
		if !ok {
			return c, w.out.errorAt(w.tree, pos, "%s at different places: %s, and %s", what, c, other)
		}
		c = joined
	}
	return c, nil
}

// rounds rewrites a range. Its body is gone through from the context in which the range begins, joined with
// those in which the body ends, until the joined context stays the same.
func (w *walker) rounds(c context, n *parse.RangeNode) (context, error) {
	if err := w.includesIn(n.Pipe); err != nil {
		return c, err
	}
	n.Pipe.Cmds = append(n.Pipe.Cmds, w.command(n.Pipe.Pos, RangeFunc, max(1, len(n.Pipe.Decl))))
	const what = "the rounds of {{ range }} end"
	outer := w.loop
	defer func() { w.loop = outer }()
	from := c
	for range 5 {
		if err := w.again(w.tree, n.List); err != nil {
			return c, err
		}
		w.loop = &loop{}
		body := n.List.CopyList()
		end, err := w.list(from, body)
		if err != nil {
			return c, err
		}
		if end, err = w.join(n.Pos, what, end, append(w.loop.continues, from)...); err != nil {
			return c, err
		}
		if end != from {
			from = end
			continue
		}
		breaks := w.loop.breaks
		w.loop = outer
		n.List = body
		n.List.Nodes = slices.Insert(n.List.Nodes, 0, parse.Node(w.hook(n.Pos, StepFunc)))
		none, err := w.list(c, n.ElseList)
		if err != nil {
			return c, err
		}
		return w.join(n.Pos, what, end, append(breaks, none)...)
	}
	return c, w.out.errorAt(w.tree, n.Pos, "%s at ever new places", what)
}

func (w *walker) call(c context, n *parse.TemplateNode) (context, error) {
	if err := w.includesIn(n.Pipe); err != nil {
		return c, err
	}
	d, err := w.derive(call{n.Name, c}, w.tree, n.Pos)
	if err != nil {
		return c, err
	}
	n.Name = d.name
	return d.out, nil
}

func (w *walker) add(s site) int {
	w.out.sites = append(w.out.sites, s)
	return len(w.out.sites) - 1
}

// hook makes an action that calls a function with the number of a place for errors at pos, and prints nothing.
func (w *walker) hook(pos parse.Pos, name string) *parse.ActionNode {
	return silentAction(pos, w.command(pos, name, w.add(site{tree: w.tree, pos: pos})))
}

func silentAction(pos parse.Pos, cmd *parse.CommandNode) *parse.ActionNode {
	pipe := &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{cmd}}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Pipe: pipe}
}

func (w *walker) command(pos parse.Pos, name string, number int) *parse.CommandNode {
	return &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: []parse.Node{
		parse.NewIdentifier(name).SetPos(pos).SetTree(w.tree),
		&parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, Int64: int64(number), Text: strconv.Itoa(number)},
	}}
}

// guard makes a template count how deep it is within others.
func (w *walker) guard(root *parse.ListNode) {
	if w.depth == 1 {
		return // the main template
	}
	leave := w.hook(root.Pos, LeaveFunc)
	leave.Pipe.Cmds[0].Args = leave.Pipe.Cmds[0].Args[:1]
	root.Nodes = slices.Concat([]parse.Node{w.hook(root.Pos, EnterFunc)}, root.Nodes, []parse.Node{leave})
}
