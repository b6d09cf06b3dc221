package words

import (
	"slices"
	"testing"
)

// Each message is in the catalogue once.
func TestCatalogueHasEachMessageOnce(t *testing.T) {
	seen := make(map[string]bool)
	for _, pair := range slices.Concat(spanish, spanishErrors) {
		if seen[pair[0]] {
			t.Errorf("%q is there twice", pair[0])
		}
		seen[pair[0]] = true
		if pair[0] == "" || pair[1] == "" || len(verb.FindAllString(pair[0], -1)) != len(verb.FindAllString(pair[1], -1)) {
			t.Errorf("%q and %q have not the same parts", pair[0], pair[1])
		}
	}
}
