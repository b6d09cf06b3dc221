package project

import (
	"github.com/tp0-lab/composer/internal/text"
)

// Fault is a reason why Compose refuses a project.
type Fault struct {
	text.Place
	Message string
	Kind    FaultKind
}

// FaultKind says what a fault is about.
type FaultKind int

// The kinds of faults.
const (
	OtherFault     FaultKind = iota
	MissingFile              // a file could not be read
	TooLarge                 // the project has too many values
	ExtendsCircle            // services extend each other
	UnknownService           // a service extends one that is not there
)

// Error returns the place and the message.
func (f *Fault) Error() string { return f.Place.String() + ": " + f.Message }
