package render

import "errors"

// StageError is an error about one stage.
type StageError struct {
	Stage string
	Err   error
}

func (e *StageError) Error() string { return "render stage " + e.Stage + ": " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *StageError) Unwrap() error { return e.Err }

// OfStage returns err as a *StageError, unless it is one already or nil.
func OfStage(stage string, err error) error {
	if err == nil || errors.As(err, new(*StageError)) {
		return err
	}
	return &StageError{stage, err}
}
