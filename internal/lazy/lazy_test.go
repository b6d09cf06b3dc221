package lazy

import "testing"

func TestRegexp(t *testing.T) {
	pattern := Regexp(`^a+$`)
	if first := pattern(); !first.MatchString("aa") || pattern() != first {
		t.Error("want one pattern, and the same again")
	}
	wrong := Regexp(`(`) // which does nothing yet
	defer func() {
		if recover() == nil {
			t.Error("want a panic")
		}
	}()
	wrong()
}
