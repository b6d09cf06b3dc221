package existing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// part is a part of a text: a literal, or the text of a template action.
type part struct {
	text string
	expr bool
	raw  bool // text is a template, actions and all
}

// texts returns the parts of texts that differ between the members of a family by their numbers alone. ok is false if there
// are other differences, or numbers that are no expression of the member's number.
func (f *family) texts(all []string) (parts []part, ok bool) {
	runs := make([][][]int, len(all))
	for i, s := range all {
		runs[i] = digits().FindAllStringIndex(s, -1)
		if len(runs[i]) != len(runs[0]) {
			return nil, false
		}
	}
	ends := make([]int, len(all))
	literal := func(to func(i int) int) bool {
		first := all[0][ends[0]:to(0)]
		for i, s := range all {
			if s[ends[i]:to(i)] != first {
				return false
			}
		}
		if first != "" {
			parts = append(parts, part{text: first})
		}
		return true
	}
	for r := range runs[0] {
		if !literal(func(i int) int { return runs[i][r][0] }) {
			return nil, false
		}
		numbers := make([]string, len(all))
		for i, s := range all {
			numbers[i] = s[runs[i][r][0]:runs[i][r][1]]
			ends[i] = runs[i][r][1]
		}
		expr, isExpr, ok := f.number(numbers)
		if !ok {
			return nil, false
		}
		parts = append(parts, part{text: expr, expr: isExpr})
	}
	if !literal(func(i int) int { return len(all[i]) }) {
		return nil, false
	}
	return f.withNames(joined(parts)), true
}

// joined joins literals that touch.
func joined(parts []part) (all []part) {
	for _, p := range parts {
		if p.text == "" {
			continue
		}
		if last := len(all) - 1; last >= 0 && !p.expr && !all[last].expr && !p.raw && !all[last].raw {
			all[last].text += p.text
			continue
		}
		all = append(all, p)
	}
	return all
}

// withNames writes the name of the member where its number is in it.
func (f *family) withNames(parts []part) []part {
	if !f.named {
		return parts
	}
	before, after, _ := strings.Cut(f.name, f.id())
	for i, p := range parts {
		if !p.expr || p.text != f.expression() {
			continue
		}
		left, right := "", ""
		if i > 0 {
			left = parts[i-1].text
		}
		if i+1 < len(parts) {
			right = parts[i+1].text
		}
		if before+after == "" || i > 0 && parts[i-1].expr || !strings.HasSuffix(left, before) || !strings.HasPrefix(right, after) {
			continue
		}
		parts[i].text = ".Name"
		if i > 0 {
			parts[i-1].text = strings.TrimSuffix(left, before)
		}
		if i+1 < len(parts) {
			parts[i+1].text = strings.TrimPrefix(right, after)
		}
	}
	return slices.DeleteFunc(parts, func(p part) bool { return p.text == "" })
}

// number returns a constant or an expression that makes the numbers of the members.
func (f *family) number(numbers []string) (expr string, isExpr, ok bool) {
	values, padded, sameWidth := make([]int, len(numbers)), false, true
	constant := true
	for i, s := range numbers {
		constant = constant && s == numbers[0]
		n, err := strconv.Atoi(s)
		if err != nil && !constant || len(s) > 15 && !constant {
			return "", false, false
		}
		values[i] = n
		padded = padded || len(s) > 1 && s[0] == '0'
		sameWidth = sameWidth && len(s) == len(numbers[0])
	}
	if constant {
		return numbers[0], false, true
	}
	if padded && !sameWidth {
		return "", false, false
	}
	expr, ok = f.linear(values)
	if !ok {
		expr, ok = f.ring(values)
	}
	if padded && ok {
		if strings.Contains(expr, " ") {
			expr = "(" + expr + ")"
		}
		expr = fmt.Sprintf(`printf "%%0%dd" %s`, len(numbers[0]), expr)
	}
	return expr, ok, ok
}

// steps are the differences that two members may have: any two numbers have some.
var steps = []int{1, 2, 10, 100, 1000, 10000}

func (f *family) linear(values []int) (expr string, ok bool) {
	step := values[1] - values[0]
	for i, v := range values {
		if v != values[0]+i*step {
			return "", false
		}
	}
	if step <= 0 || len(values) == 2 && !slices.Contains(steps, step) {
		return "", false
	}
	switch plus := values[0] - step*f.first; {
	case step > 1 && plus == 0:
		return fmt.Sprintf("mul %d .ID", step), true
	case step > 1 && values[0] == step*f.skip:
		return fmt.Sprintf("mul %d .Index", step), true
	case step > 1:
		return fmt.Sprintf("add %d (mul %d .ID)", plus, step), true
	case plus == 0:
		return ".ID", true
	case values[0] == f.skip:
		return ".Index", true
	default:
		return fmt.Sprintf("add %d .ID", plus), true
	}
}

// ring returns the number of the next member, or of the one before, in a ring.
func (f *family) ring(values []int) (expr string, ok bool) {
	n := len(values)
	if n < 3 || f.part {
		return "", false
	}
	base := slices.Min(values)
	is := func(move int) bool {
		for i, v := range values {
			if v != base+(i+move)%n {
				return false
			}
		}
		return true
	}
	next := ""
	switch {
	case is(1):
		next = "mod (add .Index 1) .Replicas"
	case is(n - 1):
		next = "mod (add .Index .Replicas -1) .Replicas"
	default:
		return "", false
	}
	if base > 0 {
		next = fmt.Sprintf("add %d (%s)", base, next)
	}
	return next, true
}
