package yamltree

import "testing"

func TestRepeatedKey(t *testing.T) {
	for text, want := range map[string]int{
		`{"a": 1, "a": 2}`:                                         9,
		`[{"b": [{"a": {}, "c": 1}, "a"]}, "b"]`:                   0,
		`{"a": {"a": [1e999, "a", {"a": 1}]}, "b": {}, "a": null}`: 46,
		`{"a": 1}{"a": 1}`:                                         0,
		`{"a": 1, "a`:                                              0,
		`[1, 2`:                                                    0,
		"":                                                         0,
	} {
		key, offset, ok := RepeatedKey([]byte(text))
		if offset != want || ok != (want > 0) || ok && key != "a" {
			t.Errorf("%s: got %q at %d, %t", text, key, offset, ok)
		}
	}
}
