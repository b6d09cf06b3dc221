package report

import (
	"slices"
	"strconv"
	"strings"
)

// tally counts what the marks of a picture show.
type tally struct {
	clients, lines       int
	batches, bets, draws int
	failures, exits      int      // lines of failure; exits with any code
	answers, badExits    []string // winners by client; clients and servers that ended with another code than 0
}

func (t *timeline) tally() (n tally) {
	for _, l := range t.lanes {
		if l.number > 0 {
			n.clients++
		}
	}
	for _, m := range t.marks {
		l := t.lanes[m.lane]
		n.lines += m.lines
		if m.failed && m.kind != exitKind {
			n.failures += m.lines
			continue
		}
		switch m.kind {
		case storeKind:
			n.batches += m.lines
			n.bets += m.bets
		case drawKind:
			n.draws += m.lines
		case answerKind:
			if winners, ok := m.number("cant_ganadores"); ok && !l.server {
				n.answers = append(n.answers, l.name+" "+strconv.Itoa(winners))
			}
		case exitKind:
			n.exits += m.lines
			if m.failed {
				n.badExits = append(n.badExits, l.name+" ("+m.action+")")
			}
		}
	}
	slices.Sort(n.answers)
	return n
}

// story returns the facts that the picture shows, in a few words each.
func (t *timeline) story() []string {
	var facts []string
	add := func(n int, noun, rest string) {
		if n > 0 {
			facts = append(facts, plural(n, noun)+rest)
		}
	}
	n := t.tally()
	add(n.clients, "client", "")
	if n.bets > 0 {
		facts = append(facts, plural(n.batches, "batch")+" stored, "+plural(n.bets, "bet"))
	} else {
		add(n.batches, "bet", " stored")
	}
	add(n.draws, "draw", "")
	if len(n.answers) > 0 {
		facts = append(facts, "winners: "+strings.Join(n.answers, ", "))
	}
	add(n.failures, "line", " of failure")
	if len(n.badExits) > 0 {
		facts = append(facts, "ended badly: "+strings.Join(n.badExits, ", "))
	} else {
		add(n.exits, "exit", ", all with code 0")
	}
	add(t.hidden, "container", " more not drawn")
	add(t.omitted, "line", " not drawn")
	for i := range facts {
		facts[i] = visible(facts[i], maxPageText)
	}
	return append(facts, plural(n.lines, "line"))
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
