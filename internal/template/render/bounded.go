package render

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/text"
)

// Limits for the arguments and results of functions, so that a few steps of a template cannot fill the memory.
const (
	maxText  = 16 << 20 // bytes of one text, or of all in one value
	maxItems = 1 << 20  // entries of a list, or of all lists and maps in one value
	itemSize = 16       // bytes that an entry takes
)

// growing are the functions whose result may be as long as the product of the lengths of two arguments.
var growing = []string{
	"replace", "join", "wrapWith", "indent", "nindent", "regexReplaceAll", "regexReplaceAllLiteral",
	"mustRegexReplaceAll", "mustRegexReplaceAllLiteral",
}

// boundedFuncs are functions, by name, that return an error for too large arguments or results.
type boundedFuncs map[string]func(*execution) any

// with returns the functions for one execution, which counts what they take and make.
func (b boundedFuncs) with(x *execution) template.FuncMap {
	funcs := make(template.FuncMap, len(b))
	for name, of := range b {
		funcs[name] = of(x)
	}
	return funcs
}

// bound returns those of funcs that t calls, wrapped by bounded. Wrapping a function takes as long as parsing a template.
func bound(t *template.Template, funcs template.FuncMap) boundedFuncs {
	all := maps.Clone(funcs)
	maps.Copy(all, template.FuncMap{ // text/template has them too
		"print": fmt.Sprint, "println": fmt.Sprintln, "printf": printf,
		"html": template.HTMLEscaper, "js": template.JSEscaper, "urlquery": template.URLQueryEscaper,
	})
	called := boundedFuncs{}
	for n := range escape.AllNodes(t.Templates()) {
		if name, ok := n.(*parse.IdentifierNode); ok && called[name.Ident] == nil && all[name.Ident] != nil {
			called[name.Ident] = bounded(name.Ident, reflect.ValueOf(all[name.Ident]), slices.Contains(growing, name.Ident))
		}
	}
	return called
}

var errorType = reflect.TypeFor[error]()

// boundedFunc is a function that fails for too large arguments or results.
type boundedFunc struct {
	name    string
	f       reflect.Value
	result  reflect.Type // an int64 that f returns is an int, as in values
	convert func(arg reflect.Value, to reflect.Type) (reflect.Value, error)
	grows   bool // see growing
	changes bool // it changes its first argument, a map
}

// bounded returns a maker of functions that do what f does with converted arguments, and fail for too large arguments or
// results. They take arguments of any type, so that a message about a wrong one is that of converter.
func bounded(name string, f reflect.Value, grows bool) func(*execution) any {
	t := f.Type()
	in := make([]reflect.Type, t.NumIn())
	for i := range in {
		in[i] = anyType
	}
	if t.IsVariadic() {
		in[len(in)-1] = reflect.TypeFor[[]any]()
	}
	b := boundedFunc{
		name: name, f: f, result: t.Out(0), convert: converter(name),
		grows: grows, changes: slices.Contains(changing, name) && t.NumIn() > 1,
	}
	if b.result.Kind() == reflect.Int64 {
		b.result = intType
	}
	like := reflect.FuncOf(in, []reflect.Type{b.result, errorType}, t.IsVariadic())
	return func(x *execution) any {
		return reflect.MakeFunc(like, func(args []reflect.Value) []reflect.Value {
			result, err := b.call(args, x)
			if err != nil {
				return []reflect.Value{reflect.Zero(b.result), reflect.ValueOf(err)}
			}
			return []reflect.Value{result, reflect.Zero(errorType)}
		}).Interface()
	}
}

func (b boundedFunc) call(args []reflect.Value, x *execution) (result reflect.Value, err error) {
	if args, err = converted(args, b.f.Type(), b.convert); err != nil {
		return result, err
	}
	w, largest, second := weigh(args)
	if w.tooMuch() || b.grows && largest > 4*maxText/second {
		return result, fmt.Errorf("%s: its arguments are too large", b.name)
	}
	if err := x.spend(w.bytes + w.items); err != nil {
		return result, fmt.Errorf("%s: %w", b.name, err)
	}
	if b.changes {
		b.noteChange(args, x)
	}
	out, err := called(b.f, args)
	if err != nil {
		return result, misused(b.name, err.Error(), args)
	}
	if w, _, _ = weigh(out[:1]); w.tooMuch() {
		return result, fmt.Errorf("%s: its result is longer than %d MiB, or has more than %d entries", b.name, maxText>>20, maxItems)
	}
	if err := x.spend(w.bytes + w.items*itemSize); err != nil {
		return result, fmt.Errorf("%s: %w", b.name, err)
	}
	if out[0].Type() != b.result {
		return out[0].Convert(b.result), nil
	}
	return out[0], nil
}

// noteChange tells x that f changes its first argument. The other maps, which sprig makes a part of the first and then
// changes, are replaced by copies.
func (b boundedFunc) noteChange(args []reflect.Value, x *execution) {
	merges := b.name != "set" && b.name != "unset"
	x.undo.save(args[0].Interface().(map[string]any), x.orders, merges)
	for i := 1; merges && i < len(args); i++ {
		args[i] = reflect.ValueOf(copyOf(args[i].Interface()))
	}
}

// weigh returns the weight of all values, and the sizes of the two largest, at least 1 each.
func weigh(all []reflect.Value) (w weight, largest, second int) {
	largest, second = 1, 1
	for _, one := range all {
		before := w.bytes + w.items
		w.add(one, 0)
		switch own := w.bytes + w.items - before; {
		case own > largest:
			largest, second = own, largest
		case own > second:
			second = own
		}
	}
	return w, largest, second
}

// converted returns args one by one, each as a value of the type that the function wants. For a variadic function the
// last of args is a list.
func converted(args []reflect.Value, function reflect.Type, convert func(reflect.Value, reflect.Type) (reflect.Value, error)) ([]reflect.Value, error) {
	fixed := len(args)
	if function.IsVariadic() {
		fixed--
	}
	all := make([]reflect.Value, 0, len(args)+4)
	add := func(arg reflect.Value, to reflect.Type) (err error) {
		if arg, err = convert(arg, to); err == nil {
			all = append(all, arg)
		}
		return err
	}
	for i, arg := range args[:fixed] {
		if err := add(arg, function.In(i)); err != nil {
			return nil, err
		}
	}
	if function.IsVariadic() {
		more := args[fixed]
		for i := range more.Len() {
			if err := add(more.Index(i), function.In(fixed).Elem()); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// called returns the results of f. Its error is that of f, or the text of a panic, with which sprig's functions refuse
// arguments.
func called(f reflect.Value, args []reflect.Value) (out []reflect.Value, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%v", problem)
		}
	}()
	out = f.Call(args)
	if len(out) > 1 && !out[1].IsNil() {
		err = out[1].Interface().(error)
	}
	return out, err
}

// weight is the size of a value: the bytes of its texts, and the entries of its lists and maps.
type weight struct{ bytes, items int }

func (w *weight) tooMuch() bool { return w.bytes > maxText || w.items > maxItems }

// add adds the size of v, and stops once w is too much.
func (w *weight) add(v reflect.Value, depth int) {
	if w.tooMuch() || !v.IsValid() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		w.bytes += v.Len()
	case reflect.Interface, reflect.Pointer:
		if depth > 1000 { // a value that holds itself
			w.items = maxItems + 1
			return
		}
		w.add(v.Elem(), depth+1)
	case reflect.Slice, reflect.Array:
		w.items += v.Len()
		switch v.Type().Elem().Kind() {
		case reflect.String, reflect.Interface, reflect.Slice, reflect.Map, reflect.Pointer, reflect.Struct:
			for i := 0; i < v.Len() && !w.tooMuch(); i++ {
				w.add(v.Index(i), depth+1)
			}
		}
	case reflect.Map:
		w.items += v.Len()
		for key, one := range v.Seq2() {
			w.add(key, depth+1)
			if w.add(one, depth+1); w.tooMuch() {
				return
			}
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			w.add(field, depth+1)
		}
	}
}

// sized returns the functions of sprig whose result is as long as a number argument, with a limit for that number.
func sized(original template.FuncMap) template.FuncMap {
	repeat := original["repeat"].(func(int, string) string)
	until := original["until"].(func(int) []int)
	untilStep := original["untilStep"].(func(int, int, int) []int)
	seq := original["seq"].(func(...int) string)
	return template.FuncMap{
		"repeat": func(count int, text string) (string, error) {
			if count > maxText/max(1, len(text)) {
				return "", fmt.Errorf("%d times is longer than %d MiB", count, maxText>>20)
			}
			return repeat(count, text), nil
		},
		"until": func(count int) ([]int, error) {
			if count < 0 {
				return nil, fmt.Errorf("want a number from 0, not %d: write (until (max 0 …)), or (untilStep START STOP -1) to count down", count)
			}
			if err := fewNumbers(0, count, 1); err != nil {
				return nil, err
			}
			return until(count), nil
		},
		"untilStep": func(start, stop, step int) ([]int, error) {
			if err := fewNumbers(start, stop, step); err != nil {
				return nil, err
			}
			return untilStep(start, stop, step), nil
		},
		"seq": func(params ...int) (string, error) {
			start, step, stop := 1, 1, 0
			switch len(params) {
			case 1:
				stop = params[0]
			case 2:
				start, stop = params[0], params[1]
			case 3:
				start, step, stop = params[0], params[1], params[2]
			}
			if err := fewNumbers(start, stop, step); err != nil {
				return "", err
			}
			return seq(params...), nil
		},
	}
}

var pointerVerb = text.LazyRegexp(`%[-+# 0-9.*\[\]]*p`)

// notFitting is the error for a format whose verbs do not fit its arguments.
func notFitting(format string, args []any) error {
	shown := make([]string, len(args))
	for i, arg := range args {
		shown[i] = described(reflect.ValueOf(arg))
	}
	return fmt.Errorf("the format %q does not fit %s: %%d writes a whole number, %%s text, and each wants an argument", format, cmp.Or(strings.Join(shown, ", "), "nothing"))
}

// printf is fmt.Sprintf with a limit for the length of the result, which widths and repeated arguments can make huge.
// It refuses the verb %p, because addresses differ from run to run.
func printf(format string, args ...any) (string, error) {
	if pointerVerb().MatchString(strings.ReplaceAll(format, "%%", "")) {
		return "", errors.New("%p writes an address, which differs from run to run")
	}
	var w weight
	w.add(reflect.ValueOf(args), 0)
	long := strings.Count(format, "%")*(w.bytes+w.items) + strings.Count(format, "*")*maxWidth
	for number := range strings.FieldsFuncSeq(format, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(number); err == nil && n <= maxWidth {
			long += n
		}
	}
	if long > 4*maxText {
		return "", errors.New("its format makes too long a text of its arguments")
	}
	made := fmt.Sprintf(format, args...)
	if strings.Contains(made, "%!") && !strings.Contains(format, "%!") {
		return "", notFitting(format, args)
	}
	return made, nil
}

// maxWidth is the largest width and precision of package fmt.
const maxWidth = 1_000_000

// fewNumbers returns an error if there are too many numbers from start to stop.
func fewNumbers(start, stop, step int) error {
	if span := math.Abs(float64(stop) - float64(start)); step == 0 || span/math.Abs(float64(step)) > maxItems {
		return fmt.Errorf("from %d to %d by %d: want at most %d numbers", start, stop, step, maxItems)
	}
	return nil
}
