package render

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"unicode"
	"unicode/utf8"

	"github.com/Masterminds/sprig/v3"
)

// unrepeatable are the functions of sprig that templates do not get: they read
// the machine (environment, names, zone, clock) or draw random numbers, so the
// same input would not give the same bytes. `keys` and `values` are here for
// their random order; Funcs has ordered ones.
var unrepeatable = []string{
	"env", "expandenv", "getHostByName",
	"osBase", "osClean", "osDir", "osExt", "osIsAbs",
	"now", "ago", "date", "date_in_zone", "date_modify", "dateInZone", "dateModify", "duration", "durationRound",
	"htmlDate", "htmlDateInZone", "must_date_modify", "mustDateModify", "mustToDate", "toDate", "unixEpoch",
	"randAlpha", "randAlphaNum", "randAscii", "randBytes", "randInt", "randNumeric", "shuffle", "uuidv4",
	"bcrypt", "htpasswd", "encryptAES", "derivePassword",
	"genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert", "genSelfSignedCertWithKey",
	"genSignedCert", "genSignedCertWithKey", "buildCustomCert",
	"keys", "values",
}

// Funcs returns the functions that templates have: sprig's repeatable ones,
// and
//
//	quote VALUE…       YAML double-quoted scalars, separated by a space; a $ is doubled, so that
//	                   Compose takes it literally (Compose specification, "Interpolation"); nil, and what is not UTF-8, is an error
//	scalar VALUE       the same, without the quotes where YAML and Compose read the plain text as that very string
//	subnetFor CIDR N   the smallest subnet around CIDR, never smaller than it, with addresses for N containers
//	keys, values       of one or more maps, ordered by key
func Funcs() template.FuncMap {
	funcs := sprig.TxtFuncMap()
	for _, name := range unrepeatable {
		delete(funcs, name)
	}
	funcs["quote"] = quote
	funcs["scalar"] = scalar
	funcs["subnetFor"] = subnetFor
	funcs["keys"] = keys
	funcs["values"] = values
	return funcs
}

func quote(values ...any) (string, error) {
	var b strings.Builder
	for i, v := range values {
		text := fmt.Sprint(v)
		if v == nil || !utf8.ValidString(text) {
			return "", fmt.Errorf("quote: %#v is no text", v)
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte('"')
		for _, r := range text {
			writeQuoted(&b, r)
		}
		b.WriteByte('"')
	}
	return b.String(), nil
}

// plain matches paths that begin with a slash, "./" or "../": no version of
// YAML reads them as anything but a string.
var plain = regexp.MustCompile(`^\.{0,2}/[A-Za-z0-9._/-]+$`)

func scalar(value any) (string, error) {
	if text := fmt.Sprint(value); plain.MatchString(text) {
		return text, nil
	}
	return quote(value)
}

// writeQuoted writes r as it stands in a YAML double-quoted scalar (YAML 1.2.2,
// section 5.7).
func writeQuoted(b *strings.Builder, r rune) {
	switch {
	case r == '$':
		b.WriteString("$$")
	case r == '"' || r == '\\':
		b.WriteByte('\\')
		b.WriteRune(r)
	case r == '\n':
		b.WriteString(`\n`)
	case r == '\t':
		b.WriteString(`\t`)
	case unicode.IsPrint(r):
		b.WriteRune(r)
	case r <= 0xff:
		fmt.Fprintf(b, `\x%02x`, r)
	case r <= 0xffff:
		fmt.Fprintf(b, `\u%04x`, r)
	default:
		fmt.Fprintf(b, `\U%08x`, r)
	}
}

// subnetFor leaves out the network's own address, the broadcast address and
// the gateway's, which Docker takes from the same subnet.
func subnetFor(cidr string, containers any) (string, error) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return "", fmt.Errorf("subnetFor: %w", err)
	}
	if !prefix.Addr().Is4() {
		return "", fmt.Errorf("subnetFor %s: only IPv4 subnets grow", cidr)
	}
	n, ok := toInt(containers)
	if !ok || n < 0 {
		return "", fmt.Errorf("subnetFor: %v is no number of containers", containers)
	}
	for bits := prefix.Bits(); bits > 0; bits-- {
		if Addresses(bits) >= n {
			return netip.PrefixFrom(prefix.Addr(), bits).Masked().String(), nil
		}
	}
	return "", errors.New("subnetFor: too many containers for IPv4")
}

// Addresses returns how many containers an IPv4 subnet with a prefix of that
// many bits has addresses for.
func Addresses(bits int) int { return max(0, 1<<(32-bits)-3) }

func toInt(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	default:
		return 0, false
	}
}

func keys(dicts ...map[string]any) []string {
	var all []string
	for _, d := range dicts {
		all = append(all, slices.Sorted(maps.Keys(d))...)
	}
	return all
}

func values(dict map[string]any) []any {
	all := make([]any, 0, len(dict))
	for _, key := range keys(dict) {
		all = append(all, dict[key])
	}
	return all
}
