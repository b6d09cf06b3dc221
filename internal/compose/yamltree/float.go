package yamltree

import (
	"math"
	"strconv"
	"strings"
)

// FormatFloat writes a float so that every version of YAML reads the same float: with a fraction, even for a whole
// number, and with an exponent from 1e21 on and below 1e-6. The text is a JSON number, too, unless f is infinite or
// not a number.
func FormatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	format := byte('f')
	if f != 0 && (math.Abs(f) < 1e-6 || math.Abs(f) >= 1e21) {
		format = 'e'
	}
	digits, exponent, found := strings.Cut(strconv.FormatFloat(f, format, -1, 64), "e")
	if !strings.Contains(digits, ".") {
		digits += ".0"
	}
	if found {
		digits += "e" + exponent
	}
	return digits
}
