package report

import (
	"slices"
	"strconv"
	"strings"
)

// story returns the facts that the picture shows, in a few words each.
func (t *timeline) story() []string {
	var facts []string
	add := func(n int, noun, rest string) {
		if n > 0 {
			facts = append(facts, plural(n, noun)+rest)
		}
	}
	clients, lines := 0, 0
	for _, l := range t.lanes {
		if l.number > 0 {
			clients++
		}
	}
	add(clients, "client", "")
	var batches, bets, draws, failures, exited int
	var answers, bad []string
	for _, m := range t.marks {
		l := t.lanes[m.lane]
		lines += m.lines
		if m.failed && m.kind != exitKind {
			failures += m.lines
			continue
		}
		switch m.kind {
		case storeKind:
			batches += m.lines
			bets += m.bets
		case drawKind:
			draws += m.lines
		case answerKind:
			if n, ok := m.number("cant_ganadores"); ok && !l.server {
				answers = append(answers, l.name+" "+strconv.Itoa(n))
			}
		case exitKind:
			exited += m.lines
			if m.failed {
				bad = append(bad, l.name+" ("+m.action+")")
			}
		}
	}
	if bets > 0 {
		facts = append(facts, plural(batches, "batch")+" stored, "+plural(bets, "bet"))
	} else {
		add(batches, "bet", " stored")
	}
	add(draws, "draw", "")
	if len(answers) > 0 {
		slices.Sort(answers)
		facts = append(facts, "winners: "+strings.Join(answers, ", "))
	}
	add(failures, "line", " of failure")
	if len(bad) > 0 {
		facts = append(facts, "ended badly: "+strings.Join(bad, ", "))
	} else {
		add(exited, "exit", ", all with code 0")
	}
	add(t.hidden, "container", " more not drawn")
	add(t.omitted, "line", " not drawn")
	for i := range facts {
		facts[i] = visible(facts[i], maxPageText)
	}
	return append(facts, plural(lines, "line"))
}

// describe returns a description of the picture for screen readers, in sentences.
func (t *timeline) describe() []string {
	names := make([]string, len(t.lanes))
	for i, l := range t.lanes {
		names[i] = l.name
	}
	sentences := []string{visible("Time runs downwards, with a lifeline for each of: "+strings.Join(names, ", "), maxPageText)}
	return slices.Concat(sentences, t.story(), []string{"The log below has each line"})
}
