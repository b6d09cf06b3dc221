package class

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tp0-lab/composer/internal/text"
)

// joiners are characters inside of Persian words and of emoji. They are invisible themselves, but change how the
// characters beside them look.
const joiners = "\u200c\u200d"

// isPrintable reports whether each character of a name is visible. Joiners count as visible inside of a name.
func isPrintable(name string) bool {
	return strings.Trim(name, joiners) == name && strings.IndexFunc(name, func(r rune) bool {
		return r == utf8.RuneError || !unicode.IsPrint(r) && !strings.ContainsRune(joiners, r)
	}) < 0
}

// maxFile bounds the name of a file without its ending, in bytes. File systems take 255, of which temporary files need some.
const maxFile = 100

// fileNames returns the name of each student's files, without an ending, by the student's name. If the student's name
// is safe, the files have that name. Otherwise the files' name is made of the letters of the student's name, a ~ and a
// hash of the name; no safe name has a ~. If some file system takes two names for one, such as Ana and ana, both get a
// hash. Only in that case do a student's files depend on other students.
func fileNames(students []Student) map[string]string {
	alike := make(map[string]int)
	for _, s := range students {
		alike[folded(s.Name)]++
	}
	names := make(map[string]string)
	for _, s := range students {
		names[s.Name] = s.Name
		if !isSafe(s.Name) || alike[folded(s.Name)] > 1 {
			names[s.Name] = derivedFile(s.Name)
		}
	}
	return names
}

// folded returns the same text for names that a file system may take for one, because it ignores case or joiners. A
// file system may also ignore whether an accent is a character of its own; folded need not handle that, because a name
// with such a character is not safe.
func folded(name string) string {
	name = strings.ToLower(strings.ToUpper(name)) // some small letters share a capital, such as σ and ς
	return strings.NewReplacer("ß", "ss", "\u200c", "", "\u200d", "").Replace(name)
}

// reserved matches the names that Windows reserves for devices, with any ending or none.
var reserved = text.LazyRegexp(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9]) *(\.|$)`)

// isSafe reports whether every file system takes a name for a file, and a link can contain it. A name is not safe if an
// accent is a character of its own.
func isSafe(name string) bool {
	return name != "" && len(name) <= maxFile && strings.Trim(name, " .") == name && !reserved().MatchString(name) &&
		strings.IndexFunc(name, func(r rune) bool { return (!inFile(r) || unicode.IsMark(r)) && r != '.' && r != ' ' }) < 0
}

// inFile reports whether derivedFile keeps a character.
func inFile(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || strings.ContainsRune("0123456789_-@+", r)
}

// derivedFile returns a safe file name, made of the letters and a hash of any name.
func derivedFile(name string) string {
	words := strings.Join(strings.FieldsFunc(name, func(r rune) bool { return !inFile(r) }), " ")
	hash := sha256.Sum256([]byte(name))
	suffix := "~" + hex.EncodeToString(hash[:4])
	for len(words)+len(suffix) > maxFile {
		_, size := utf8.DecodeLastRuneInString(words)
		words = words[:len(words)-size]
	}
	if words == "" {
		words = "student"
	}
	return words + suffix
}
