package bundle

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tp0-lab/composer/internal/template/values"
)

// replicasKey is the key of the values for single replicas.
const replicasKey = "replicas"

// Values returns the values of the stage called name, with the overlay. Its error wraps ErrUnknownStage, or is
// a *values.Error with all problems of the values, or says what is wrong with the schema.
//
// Values does not compare the built-in bundle's own values with their schema, because that takes longer than to
// render them. A test does it.
func (b *Bundle) Values(name string) (*values.Node, error) {
	s, err := b.Stage(name)
	if err != nil {
		return nil, err
	}
	if b.dir == "" && b.Overlay.Empty() {
		return b.merge(s), nil
	}
	merged, wrong := b.Overlay.Over(b.merge(s))
	schema, err := b.schema()
	if err != nil {
		return nil, err
	}
	if schema != nil {
		if err := schema.Check(merged); !wrong.Add(err) {
			return nil, err
		}
	}
	kinds, err := b.kindsIn(merged)
	if !wrong.Add(err) {
		return nil, err
	}
	if replicas := merged.Fields[replicasKey]; replicas != nil && err == nil {
		kinds.checkReplicas(replicas, b.Target, &wrong)
	}
	return merged, wrong.OrNil()
}

// merge returns the values of ValuesFile, of the stages that s extends, and of s, each over those before.
func (b *Bundle) merge(s Stage) *values.Node {
	base := b.base
	if s.extends != "" {
		extended, _ := b.Stage(s.extends) // readTable has found it
		base = b.merge(extended)
	}
	if s.own == nil {
		return base
	}
	return values.Merge(base, s.own)
}

func (b *Bundle) schema() (*values.Schema, error) {
	content, err := b.Read(SchemaFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // a bundle need not have a schema
	}
	if err != nil {
		return nil, openError(b.Path(SchemaFile), err)
	}
	return values.ParseSchema(b.Path(SchemaFile), content)
}

// checkReplicas adds the problems of the values for single replicas to wrong, unless the schema has found a
// problem at the same path.
func (kinds Kinds) checkReplicas(replicas *values.Node, target Target, wrong *values.Error) {
	fail := func(n *values.Node, what string, path ...string) {
		problem := values.Problem{Origin: n.Origin, Path: replicas.Spell(path), What: what}
		if !slices.ContainsFunc(wrong.Problems, func(p values.Problem) bool { return p.Path == problem.Path }) {
			wrong.Problems = append(wrong.Problems, problem)
		}
	}
	if replicas.Fields == nil {
		what := "want a map of replicas, such as {3: {…}}"
		if _, number := replicas.Scalar.(int); number {
			what = "replicas has values of single replicas, such as {3: {…}}: call a number of replicas otherwise, such as nodes"
		}
		fail(replicas, what, replicasKey)
	}
	for _, key := range slices.Sorted(maps.Keys(replicas.Fields)) {
		n := replicas.Fields[key]
		if target.Single() {
			fail(n, fmt.Sprintf("a %s has one service for all replicas of a kind, with one set of values: take this away, or render for compose", target.Document), replicasKey, key)
		} else if _, _, problem := kinds.replica(key); problem != "" {
			fail(n, problem, replicasKey, key)
		} else if n.Fields == nil {
			fail(n, "want a map of values for this replica", replicasKey, key)
		}
	}
}

// replica reads a key of the values for single replicas: the ID of one of the first kind, or the name of any.
func (kinds Kinds) replica(key string) (kind *Kind, id int, problem string) {
	if len(kinds.All) == 0 {
		return nil, 0, "there are no replicas"
	}
	first := &kinds.All[0]
	digits := key
	if name := strings.TrimRight(key, "0123456789"); name != "" {
		digits = ""
		for i := range kinds.All {
			if own, ok := kinds.All[i].id(key); ok {
				kind, digits = &kinds.All[i], own
				break
			}
		}
		if own := kinds.kind(name); kind == nil && own != nil && name != key {
			return nil, 0, fmt.Sprintf("unknown kind %q: the names of its replicas are as %s", name, own.NameOf(own.First))
		}
		if kind == nil && name != key {
			return nil, 0, kinds.unknown(name)
		}
	} else {
		kind = first
	}
	id, err := strconv.Atoi(digits)
	switch {
	case digits == "" || digits[0] == '0' && digits != "0":
		problem = fmt.Sprintf("want the number of a replica from %d, or a kind with one, such as %s", first.First, first.NameOf(first.First))
	case err != nil:
		problem = "this number is far too large"
	case id < kind.First:
		problem = fmt.Sprintf("want the number of a replica from %d, or a kind with one, such as %s", kind.First, kind.NameOf(kind.First))
	}
	return kind, id, problem
}

// Overrides returns the values of the replicas that have values of their own, by the kind's name and the replica's ID.
// A replica's own values are laid over those of its kind or, if the kind is a row, over the row. merged is the result
// of Values, and kinds the result of Kinds.
func (b *Bundle) Overrides(merged *values.Node, kinds Kinds) map[string]map[int]*values.Node {
	overrides := map[string]map[int]*values.Node{}
	replicas := merged.Get(replicasKey)
	if replicas == nil {
		return overrides
	}
	for _, key := range slices.Sorted(maps.Keys(replicas.Fields)) {
		kind, number, problem := kinds.replica(key)
		if problem != "" || replicas.Fields[key].Fields == nil {
			continue // Values refuses them in all but the built-in values, and a test looks at those
		}
		if overrides[kind.Name] == nil {
			overrides[kind.Name] = map[int]*values.Node{}
		}
		base := overrides[kind.Name][number] // 3 and client3 are one replica
		if base == nil {
			if base = merged.Fields[kind.Name]; kind.Row != nil {
				base = kind.Row
			}
		}
		overrides[kind.Name][number] = values.Merge(base, replicas.Fields[key])
	}
	return overrides
}

// WithoutEffect returns a problem for each replica that has values of its own but is not rendered, because its kind has
// fewer replicas. The problems are in the order of the replicas' numbers. They are for warnings, because such values
// may be intended.
func (b *Bundle) WithoutEffect(stage string) []values.Problem {
	s, err := b.Stage(stage)
	if err != nil {
		return nil
	}
	merged, _ := b.Overlay.Over(b.merge(s))
	replicas := merged.Get(replicasKey)
	kinds, err := b.kindsIn(merged)
	if replicas == nil || err != nil {
		return nil
	}
	shorter := func(x, y string) int { return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)) }
	var found []values.Problem
	for _, key := range slices.SortedFunc(maps.Keys(replicas.Fields), shorter) {
		kind, number, problem := kinds.replica(key)
		if problem != "" || number <= kind.Last(kind.Count) {
			continue
		}
		found = append(found, values.Problem{
			Origin: replicas.Fields[key].Origin, Path: merged.Spell([]string{replicasKey, key}),
			What: fmt.Sprintf("has no effect with -n %s=%d", kind.Name, kind.Count),
		})
	}
	return found
}
