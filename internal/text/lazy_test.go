package text

import "testing"

func TestRegexp(t *testing.T) {
	pattern := LazyRegexp(`^a+$`)
	if first := pattern(); !first.MatchString("aa") || pattern() != first {
		t.Error("want one pattern, and the same again")
	}
	wrong := LazyRegexp(`(`) // which does nothing yet
	defer func() {
		if recover() == nil {
			t.Error("want a panic")
		}
	}()
	wrong()
}
