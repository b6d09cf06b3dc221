package verify

import "slices"

// Scenarios returns all checks, in the order of the stages. The slice is the
// caller's.
func Scenarios() []Scenario {
	return slices.Concat(
		echoScenarios(),
		configScenarios(),
		checkScenarios(),
		signalScenarios(),
		betScenarios(),
		batchScenarios(),
		drawScenarios("ej7"),
		drawScenarios("ej8"),
		parallelScenarios(),
	)
}
