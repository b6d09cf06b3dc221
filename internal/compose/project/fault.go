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

// FaultKind is the name of the rule of package lint that a fault breaks.
type FaultKind string

// The kinds of faults.
const (
	OtherFault     FaultKind = "specification"
	MissingFile    FaultKind = "missing-file"      // a file could not be read
	TooLarge       FaultKind = "too-large"         // the project has too many values
	ExtendsCircle  FaultKind = "extends-cycle"     // services extend each other
	UnknownService FaultKind = "undefined-service" // a service extends one that is not there
)

// Error returns the place and the message.
func (f *Fault) Error() string { return f.Place.String() + ": " + f.Message }
