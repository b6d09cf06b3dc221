package build

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/template/bundle"
)

// leftOver returns the regular files below dir that have the paths of outputs for replicas that are not there, such as
// config/node4.toml with three nodes.
func leftOver(outputs []bundle.Output, kinds bundle.Kinds, dir, stage string) (all []string) {
	made := map[string]bool{} // paths that are made for some replica
	for _, o := range outputs {
		for _, kind := range o.Kinds(kinds) {
			for id := kind.First; id <= kind.Last(kind.Count); id++ {
				made[o.PathOf(stage, kind, id)] = true
			}
		}
	}
	for _, o := range outputs {
		for _, kind := range o.Kinds(kinds) {
			for _, path := range numbered(o, dir, stage, kind) {
				if !made[path] && !slices.Contains(all, path) {
					all = append(all, path)
				}
			}
		}
	}
	for i, path := range all {
		all[i] = filepath.Join(dir, path)
	}
	return all
}

// numbered returns the files below dir that have the path of an output for a replica of a kind, whatever its number.
func numbered(o bundle.Output, dir, stage string, kind bundle.Kind) (all []string) {
	names := strings.Split(o.PathOf(stage, kind, number), string(filepath.Separator))
	digits := strconv.Itoa(number)
	paths := []string{""}
	for i, name := range names {
		var next []string
		for _, parent := range paths {
			if !strings.Contains(name, digits) {
				next = append(next, filepath.Join(parent, name))
				continue
			}
			pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(name), digits, "([0-9]{1,9})") + "$")
			entries, _ := os.ReadDir(filepath.Join(dir, parent)) // none if it is missing
			for _, e := range entries {
				if pattern.MatchString(e.Name()) && (e.IsDir() && i < len(names)-1 || e.Type().IsRegular() && i == len(names)-1) {
					next = append(next, filepath.Join(parent, e.Name()))
				}
			}
		}
		paths = next
	}
	whole := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(filepath.Join(names...)), digits, "([0-9]+)") + "$")
	for _, path := range paths {
		found := whole.FindStringSubmatch(path)
		id, err := strconv.Atoi(found[1])
		if info, stat := os.Lstat(filepath.Join(dir, path)); err == nil && stat == nil && info.Mode().IsRegular() && o.PathOf(stage, kind, id) == path {
			all = append(all, path)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(len(a)-len(b), strings.Compare(a, b)) })
	return all
}

// number stands for the number of any replica in a path. No path of people has it.
const number = 918_273_645
