package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"

	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/template/escape"
)

// unrepeatable are the functions of sprig that templates lack: they read the machine (environment, names, zone, clock)
// or draw random numbers, so the same input would not give the same bytes. `keys` and `values` are among them for
// their random order; Funcs has ordered ones.
var unrepeatable = []string{
	"env", "expandenv", "getHostByName",
	"osBase", "osClean", "osDir", "osExt", "osIsAbs",
	"now", "ago", "date", "date_in_zone", "date_modify", "dateInZone", "dateModify", "durationRound",
	"htmlDate", "htmlDateInZone", "must_date_modify", "mustDateModify", "mustToDate", "toDate", "unixEpoch",
	"randAlpha", "randAlphaNum", "randAscii", "randBytes", "randInt", "randNumeric", "shuffle", "uuidv4",
	"bcrypt", "htpasswd", "encryptAES", "derivePassword",
	"genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert", "genSelfSignedCertWithKey",
	"genSignedCert", "genSignedCertWithKey", "buildCustomCert",
	"keys", "values",
}

// Funcs returns the functions of templates: sprig's repeatable ones; those of escape.Funcs; and
//
//	include NAME DATA  the output of the template NAME for DATA, as lines
//	file NAME          the text of a file of the bundle, or of one that a value of the user names
//	fileHash NAME      twelve digits that differ where the contents of files do, for names
//	literal VALUE      a text in which the target's engine replaces nothing, for the environment and commands
//	subnetFor CIDR N   the smallest subnet around CIDR, never smaller than it, with addresses for N containers
//	keys, values       of one or more maps, ordered by key
//	fromJson TEXT      as sprig's mustFromJson, but integers stay integers
//	fromYaml YAML      the value of a text, or of the result of include or toYaml
//	formatEach, shard, roundRobin, position, of listFuncs
//	dict, dig, pluck, pick, omit, toJson, b64dec, regexMatch … of strictFuncs, which fail where sprig's are silent
//	index, get, len, eq, ne, lt, le, gt, ge  of text/template and sprig, which fail for a key or a number that is not there
//
// sprig's squote is missing, because package escape writes the quotes.
func Funcs() template.FuncMap {
	funcs := sprig.TxtFuncMap()
	for _, name := range unrepeatable {
		delete(funcs, name)
	}
	delete(funcs, "squote")
	maps.Copy(funcs, sized(funcs))
	maps.Copy(funcs, strictFuncs(funcs))
	maps.Copy(funcs, escape.Funcs())
	duration := funcs["duration"].(func(any) string)
	funcs["duration"] = func(seconds any) string {
		if n, ok := seconds.(int); ok { // sprig knows int64 only, and integers of values are int
			seconds = int64(n)
		}
		return duration(seconds)
	}
	funcs["subnetFor"] = subnetFor
	funcs["keys"] = keys
	funcs["values"] = entries
	funcs["mustFromJson"] = mustFromJSON
	funcs["fromJson"] = mustFromJSON
	funcs["fromYaml"] = fromYAML
	maps.Copy(funcs, lookups())
	maps.Copy(funcs, listFuncs())
	funcs["include"] = func(string, any) (any, error) { return "", nil } // each execution has its own, and of the next two
	funcs["file"], funcs["fileHash"] = func(string) (string, error) { return "", nil }, func(string) (string, error) { return "", nil }
	funcs["literal"] = func(value any) any { return value }
	return funcs
}

// subnetFor returns the smallest subnet around cidr, never smaller than cidr, with Addresses for a number of containers.
func subnetFor(cidr string, containers any) (string, error) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return "", fmt.Errorf("subnetFor: %w", err)
	}
	if !prefix.Addr().Is4() {
		return "", fmt.Errorf("subnetFor %s: only IPv4 subnets grow", cidr)
	}
	n := reflect.ValueOf(containers)
	if !n.CanInt() || n.Int() < 0 {
		return "", fmt.Errorf("subnetFor: %v is no number of containers", containers)
	}
	for bits := prefix.Bits(); bits > 0; bits-- {
		if int64(Addresses(bits)) >= n.Int() {
			return netip.PrefixFrom(prefix.Addr(), bits).Masked().String(), nil
		}
	}
	return "", errors.New("subnetFor: too many containers for IPv4")
}

// Addresses returns the number of containers that fit in an IPv4 subnet whose prefix has the given number of bits. The
// addresses of the network, the broadcast and Docker's gateway are not for containers.
func Addresses(bits int) int { return max(0, 1<<(32-bits)-3) }

func keys(dicts ...map[string]any) []string {
	var all []string
	for _, d := range dicts {
		all = append(all, slices.Sorted(maps.Keys(d))...)
	}
	return all
}

func entries(dict map[string]any) []any {
	all := make([]any, 0, len(dict))
	for _, key := range keys(dict) {
		all = append(all, dict[key])
	}
	return all
}

// mustFromJSON returns the value of a JSON text. As in values, integers are int, or *big.Int beyond the range of int;
// other numbers are float64.
func mustFromJSON(text string) (any, error) {
	if err := json.Unmarshal([]byte(text), new(any)); err != nil { // Decode ignores text behind the value
		return nil, err
	}
	if key, _, ok := yamltree.RepeatedKey([]byte(text)); ok {
		return nil, fmt.Errorf("the key %q is in an object of the JSON twice", key)
	}
	var value any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return mapped(value, typedNumber)
}

// fromYAML is the template function fromYaml.
func fromYAML(of any) (any, error) {
	switch v := of.(type) {
	case escape.Structure:
		return structureValue(v)
	case string:
		return yamlValue(v)
	}
	return nil, fmt.Errorf("want text, or the result of include, not %s", described(reflect.ValueOf(of)))
}

// typedNumber returns a json.Number as a number, and other scalars as they are.
func typedNumber(scalar any) (any, error) {
	v, ok := scalar.(json.Number)
	if !ok {
		return scalar, nil
	}
	if n, err := strconv.Atoi(v.String()); err == nil {
		return n, nil
	}
	if n, ok := new(big.Int).SetString(v.String(), 10); ok {
		return n, nil
	}
	return v.Float64() // json.Unmarshal accepted it
}
