package yamltree_test

import (
	"encoding/json"
	"math"
	"testing"

	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
)

func TestFormatFloat(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 1: "1.0", -1: "-1.0", 1.1: "1.1", 0.5: "0.5", 1e20: "100000000000000000000.0", 1e21: "1.0e+21", 1.5e-7: "1.5e-07",
		math.Inf(1): ".inf", math.Inf(-1): "-.inf",
	} {
		if got := yamltree.FormatFloat(f); got != want {
			t.Errorf("%v: got %s, want %s", f, got, want)
		}
	}
	if got := yamltree.FormatFloat(math.NaN()); got != ".nan" {
		t.Errorf("no number: got %s", got)
	}
}

// What is written is read as that float, not as an integer, by YAML and by JSON.
func TestFloatsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64().Draw(t, "f")
		text := yamltree.FormatFloat(f)
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil || value != f {
			t.Fatalf("%s: YAML reads %T %v, error %v", text, value, value, err)
		}
		var number float64
		if err := json.Unmarshal([]byte(text), &number); err != nil || number != f {
			t.Fatalf("%s: JSON reads %v, error %v", text, number, err)
		}
	})
}
