package yamltree

import (
	"math"
	"strconv"
	"strings"
)

// FormatFloat writes what every version of YAML reads as that very float: with
// a fraction, also of a whole number, and with an exponent from 1e21 on and
// for what is very small. Unless it is infinite or none, it is JSON, too.
func FormatFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	case f != 0 && (math.Abs(f) < 1e-6 || math.Abs(f) >= 1e21):
		digits, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
		return withFraction(digits) + "e" + exponent
	default:
		return withFraction(strconv.FormatFloat(f, 'f', -1, 64))
	}
}

func withFraction(digits string) string {
	if strings.Contains(digits, ".") {
		return digits
	}
	return digits + ".0"
}
