package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tp0-lab/composer/internal/compose/rules"
	"github.com/tp0-lab/composer/internal/compose/yamltree"
	"github.com/tp0-lab/composer/internal/text"
)

var scalarRules = []Rule{
	rules.New("unquoted-value", Warning, "YAML changes a value that has no quotes",
		"Without quotes, 007 is the number 7, 0777 is 511, 1e3 and 1_000 are 1000, and 1.10 is 1.1: that is what the container gets. `no`, `on` and `22:22` mean themselves to Compose, and false, true and 1342 to readers of YAML 1.1, such as PyYAML and docker-compose 1."),
}

// textual are the parts of a service, a network, a volume or a build in which
// values are texts, whatever they look like.
var textual = []string{
	"environment", "labels", "annotations", "args", "sysctls", "driver_opts", "options", "extra_hosts", "storage_opt",
	"ports", "expose", "command", "entrypoint", "test", "dns", "aliases", "additional_contexts",
}

func checkScalars(d *document) {
	for _, root := range d.roots() {
		for _, kind := range []string{"services", "jobs", "networks", "volumes", "configs", "secrets"} {
			for _, body := range yamltree.Entries(yamltree.Get(root, kind)) {
				d.checkTexts(body, false)
			}
		}
	}
}

// checkTexts reports scalars below n that have no quotes, although they are meant as texts and some reader of YAML
// changes them. All scalars of a textual key are meant as texts. text says that n is below such a key.
func (d *document) checkTexts(n *yaml.Node, text bool) {
	switch n.Kind {
	case yaml.MappingNode:
		for key, value := range yamltree.Entries(n) {
			if !strings.HasPrefix(key.Value, "x-") {
				d.checkTexts(value, text || slices.Contains(textual, key.Value))
			}
		}
	case yaml.SequenceNode:
		for item := range yamltree.Items(n) {
			d.checkTexts(item, text)
		}
	case yaml.ScalarNode:
		if !text || !isPlain(n) {
			return
		}
		if becomes, who := changed(n); becomes != "" {
			mended := edit{}
			if who != "" { // Compose reads the same
				mended = d.quoted(n)
			}
			d.reportWithEdit("unquoted-value", n, mended, "without quotes, %s is %s%s: write %q", n.Value, becomes, who, n.Value)
		}
	}
}

// oldBool and oldSexa match scalars that readers of YAML 1.1 change and Compose does not.
var (
	oldBool = text.LazyRegexp(`^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$`)
	oldSexa = text.LazyRegexp(`^[1-9][0-9]*(?::[0-5]?[0-9])+$`)
)

// meansTrue reports whether a text that oldBool matches is true.
func meansTrue(text string) bool {
	return strings.EqualFold(text, "on") || strings.HasPrefix(strings.ToLower(text), "y")
}

// changed returns the value that some readers make of a plain scalar, and names the readers, or returns "".
func changed(n *yaml.Node) (becomes, who string) {
	const old = " to readers of YAML 1.1"
	switch n.ShortTag() {
	case "!!str":
		switch {
		case oldBool().MatchString(n.Value):
			return strconv.FormatBool(meansTrue(n.Value)), old
		case oldSexa().MatchString(n.Value):
			sum := 0
			for part := range strings.SplitSeq(n.Value, ":") {
				digit, err := strconv.Atoi(part)
				if err != nil || sum > 1<<50 {
					return "", ""
				}
				sum = sum*60 + digit
			}
			return strconv.Itoa(sum), old
		}
	case "!!int", "!!float":
		var v any
		if n.Decode(&v) != nil {
			return "", ""
		}
		if text := fmt.Sprint(v); text != n.Value {
			return text, ""
		}
	}
	return "", ""
}
