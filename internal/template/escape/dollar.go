package escape

// dollar is the place in an interpolation of Compose at which the text of a scalar ends.
type dollar uint8

const (
	noDollar dollar = iota
	oneDollar
	inName
	inBraces // and above, for braces within braces
)

// next returns the place behind one more character (Compose specification, "Interpolation").
func (d dollar) next(ch byte) dollar {
	name := ch == '_' || alphanumeric(rune(ch))
	switch {
	case d >= inBraces && ch == '{' && d < 255:
		return d + 1
	case d > inBraces && ch == '}':
		return d - 1
	case d >= inBraces && ch != '}':
		return d
	case d == oneDollar && ch == '{':
		return inBraces
	case (d == oneDollar || d == inName) && name:
		return inName
	case (d == noDollar || d == inName) && ch == '$':
		return oneDollar
	}
	return noDollar
}
