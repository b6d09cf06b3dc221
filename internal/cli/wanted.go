package cli

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/tp0-lab/composer/internal/text"
)

// What the CLI package says of a variable, and the flag package of a flag: the
// value, its type if that is said, and the name.
var (
	wrongVariable = text.LazyRegexp(`^could not parse (".*") as (\w+) value from environment variable "(\w+)"`)
	wrongValue    = text.LazyRegexp(`^invalid (boolean )?value (".*") for (?:flag )?-([\w-]+): (?:parse error|value out of range)$`)
)

// wanted says what is right for a value of a type.
func wanted(typ string) string {
	switch typ {
	case "bool", "boolean ":
		return "true or false"
	case "duration":
		return "a duration such as 5s"
	case "int", "int64", "uint", "uint64":
		return "a whole number"
	}
	return "another value"
}

// typeOf is the type of a flag's value, as wanted knows it, or else what is said.
func typeOf(flags []cli.Flag, name, said string) string {
	for _, f := range flags {
		if !slices.Contains(f.Names(), name) {
			continue
		}
		switch f.(type) {
		case *cli.DurationFlag:
			return "duration"
		case *cli.IntFlag, *cli.Int64Flag, *cli.UintFlag, *cli.Uint64Flag:
			return "int"
		}
	}
	return said
}
