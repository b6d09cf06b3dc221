package words

import "slices"

// Has reports whether the catalogue has a message, in which each verb of fmt may stand for any part.
func Has(format string) bool {
	return slices.ContainsFunc(slices.Concat(spanish, spanishErrors), func(pair [2]string) bool { return Normal(pair[0]) == Normal(format) })
}

// Normal returns a format with %s for each of its verbs.
func Normal(format string) string { return verb.ReplaceAllString(format, "%s") }
