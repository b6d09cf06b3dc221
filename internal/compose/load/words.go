package load

import (
	"regexp"

	"github.com/tp0-lab/composer/internal/text"
)

// plainWords are patterns of errors of compose-go that name types and functions of Go, or do not say what to write, and the
// messages that take their place. Where an error has the path of a value, the message begins with it, too.
var plainWords = []struct {
	pattern func() *regexp.Regexp
	words   string
}{
	{text.LazyRegexp(`^(?:error while interpolating )?(\S+?):? (?:failed to cast to expected type: )?strconv\.(?:Atoi|Parse(?:Int|Uint)): parsing ("[^"]*"): [^"]*$`), `$1: $2 is not a whole number`},
	{text.LazyRegexp(`^(\S*(?:memory|mem_limit|mem_reservation|memswap_limit|size|rate)):? strconv\.ParseFloat: parsing ("[^"]*"): [^"]*$`), `$1: $2 is not a size such as 64m`},
	{text.LazyRegexp(`^(?:error while interpolating )?(\S+?):? (?:failed to cast to expected type: )?strconv\.ParseFloat: parsing ("[^"]*"): [^"]*$`), `$1: $2 is not a number`},
	{text.LazyRegexp(`^error while interpolating (\S+): failed to cast to expected type: invalid boolean:(?: (.*))?$`), `$1: "$2" is not a boolean: write true or false`},
	{text.LazyRegexp(`^error while interpolating (\S+): failed to cast to expected type: (.*)$`), `$1: $2`},
	{text.LazyRegexp(`^(\S+) expected type 'string', got .*$`), `$1 must be a string: put it in quotes`},
	{text.LazyRegexp(`^(\S+) expected type 'u?int\d*', got .*$`), `$1 must be a whole number, without quotes and point`},
	{text.LazyRegexp(`^(\S+) expected type 'bool', got .*$`), `$1 must be true or false`},
	{text.LazyRegexp(`^(\S+): invalid type (?:float64|int64|uint64) for .*$`), `$1 must be a whole number, without a point, and not so large`},
	{text.LazyRegexp(`^(\S+): unsupported expose value %!s\(\w+=(.*)\)$`), `$1: $2 is not a port of a container`},
	{text.LazyRegexp(`^compose-go cannot read it: interface conversion: interface \{\} is float64, not int$`), `a number has a point, and must be a whole number without one`},
	{text.LazyRegexp(`^(\S+):? time: missing unit in duration "([^"]*)"$`), `$1: "$2" has a number without a unit: write 30s or 1m30s, for example`},
	{text.LazyRegexp(`^(\S+):? time: (?:invalid duration|unknown unit ".*" in duration) "([^"]*)"$`), `$1: "$2" is not a duration such as 30s or 1m30s`},
	{text.LazyRegexp(`^(\S+):? invalid size: '([^']*)'$`), `$1: "$2" is not a size such as 64m`},
	{text.LazyRegexp(`^(\S+):? invalid suffix: '([^']*)'$`), `$1: there is no unit "$2" of a size: write b, k, m, g, t or p`},
	{text.LazyRegexp(`^(\S+):? invalid command line string$`), `$1: a quote has no end, or a backslash is at the end`},
	{text.LazyRegexp(`^(\S+): can't set distinct values on '(\S+)' and '(\S+)'$`), `$1: $2 and $3 are not the same: write only the second`},
	{text.LazyRegexp(`^(service "[^"]*") declares mutualy exclusive dockerfile and dockerfile_inline$`), `$1: its build has both dockerfile and dockerfile_inline: leave one out`},
}

// inPlainWords returns a message of compose-go about a file without the words of Go.
func inPlainWords(message string) string {
	for _, one := range plainWords {
		if pattern := one.pattern(); pattern.MatchString(message) {
			return pattern.ReplaceAllString(message, one.words)
		}
	}
	return message
}
