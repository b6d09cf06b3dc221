package render

import "errors"

// StageError adds the name of a stage to an error.
type StageError struct {
	Stage string
	Err   error
}

func (e *StageError) Error() string { return "render stage " + e.Stage + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *StageError) Unwrap() error { return e.Err }

// OfStage wraps err in a *StageError. It returns nil and a *StageError as they are.
func OfStage(stage string, err error) error {
	if err == nil || errors.As(err, new(*StageError)) {
		return err
	}
	return &StageError{stage, err}
}
