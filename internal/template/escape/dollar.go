package escape

// dollar says where in an interpolation of Compose a scalar's text ends.
type dollar uint8

const (
	noDollar dollar = iota
	oneDollar
	inName
	inBraces // and above, for braces within braces
)

// dollar follows the interpolations of Compose through a scalar (Compose
// specification, "Interpolation").
func (s *scanner) dollar(ch byte) {
	name := ch == '_' || ch >= '0' && ch <= '9' || ch >= 'A' && ch <= 'Z' || ch >= 'a' && ch <= 'z'
	switch d := &s.scalar.dollar; *d {
	case noDollar:
		if ch == '$' {
			*d = oneDollar
		}
	case oneDollar:
		switch {
		case ch == '{':
			*d = inBraces
		case name:
			*d = inName
		default:
			*d = noDollar
		}
	case inName:
		if ch == '$' {
			*d = oneDollar
		} else if !name {
			*d = noDollar
		}
	default: // inBraces, and deeper
		switch {
		case ch == '{' && *d < 255:
			*d++
		case ch == '}' && *d == inBraces:
			*d = noDollar
		case ch == '}':
			*d--
		}
	}
}
