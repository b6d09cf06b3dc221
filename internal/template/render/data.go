package render

import (
	"fmt"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

// Data is the data of a bundle's main template.
type Data struct {
	// Command is the command line that renders this document again.
	Command string
	// Stage is the name of the stage.
	Stage string
	// Values are the stage's values, a copy for this execution alone.
	Values map[string]any
	// Counts is the number of replicas of each kind.
	Counts Counts
	// Kinds has a walk over the replicas of each kind, by the kind's name. The walk of a kind without replicas is nil.
	Kinds Kinds
	// Replicas is the number of replicas of the first kind, and Clients yields them.
	Replicas int
	Clients  Walk[Replica]

	naming
	target bundle.Target
}

// Counts is the number of replicas of each kind.
type Counts map[string]int

// naming names the replicas of all kinds.
type naming struct {
	kinds  bundle.Kinds
	counts Counts
}

// Names returns the names of all replicas of a kind, in order. It fails for an unknown kind, and for more than
// 1,048,576 replicas.
func (n naming) Names(kind string) ([]string, error) {
	of, ok := n.kinds.Named(kind)
	if !ok {
		return nil, noKey(n.counts, kind)
	}
	count := n.counts[kind]
	if count > maxItems {
		return nil, fmt.Errorf("%d names are too many for a list: at most %d", count, maxItems)
	}
	names := make([]string, 0, count)
	for _, k := range of {
		for i := range n.counts[k.Name] {
			names = append(names, k.NameOf(k.First+i))
		}
	}
	return names, nil
}

// Kinds are the replicas of each kind.
type Kinds map[string]Walk[Replica]

// Walk is a sequence that templates can range over.
type Walk[T any] func(yield func(T) bool)

// String returns "replicas", so that `print .` does not print the address of a function.
func (Walk[T]) String() string { return "replicas" }

// Replica is the data that templates have of one replica.
type Replica struct {
	// ID counts the replicas of a kind, from the kind's first number; Index counts them from 0.
	ID, Index int
	// Ordinal counts the replicas of all kinds from 0, in the order of the table of stages.
	Ordinal int
	// Name is the replica's name.
	Name string
	// Replicas is the number of replicas of this kind.
	Replicas int
	// Stage is Data.Stage.
	Stage string
	// Values are Data.Values, in which this replica's own values are laid over the values of its kind.
	Values map[string]any
	// Kind is the name of its kind.
	Kind string
	// Row is the row of this replica's kind, with the replica's own values laid over it. It is empty if the kind is not
	// a row.
	Row map[string]any
	// Counts are Data.Counts.
	Counts Counts

	naming
}

// String returns the name, so that {{ . }} prints it.
func (r Replica) String() string { return r.Name }
