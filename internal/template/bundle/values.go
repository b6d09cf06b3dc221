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

// Values returns the values of a stage with the overlay laid over them. It returns an error that wraps ErrUnknownStage,
// or a *values.Error with all faults of the values.
//
// Values does not check the built-in bundle's own values, as that takes longer than rendering them: a test does it.
func (b *Bundle) Values(stage string) (*values.Node, error) {
	s, err := b.Stage(stage)
	if err != nil {
		return nil, err
	}
	if b.dir == "" && b.Overlay.Empty() {
		return b.merged(s), nil
	}
	return b.checked(s)
}

// merged returns the values of ValuesFile, of the stages that s extends, and of s, each laid over those before.
func (b *Bundle) merged(s Stage) *values.Node {
	below := b.base
	if s.below != "" {
		extended, _ := b.Stage(s.below) // readTable refuses a missing one
		below = b.merged(extended)
	}
	if s.own == nil {
		return below
	}
	return values.Merge(below, s.own)
}

func (b *Bundle) checked(s Stage) (*values.Node, error) {
	laid, wrong := b.Overlay.Over(b.merged(s))
	schema, err := b.schema()
	if err != nil {
		return nil, err
	}
	if schema != nil {
		if err := schema.Check(laid); !wrong.Add(err) {
			return nil, err
		}
	}
	if n := laid.Fields["replicas"]; n != nil {
		b.checkReplicas(n, &wrong)
	}
	return laid, wrong.OrNil()
}

// checkReplicas adds the problems of the value replicas to wrong, except for paths that have a problem already.
func (b *Bundle) checkReplicas(replicas *values.Node, wrong *values.Error) {
	fail := func(n *values.Node, path []string, what string) {
		problem := values.Problem{Origin: n.Origin, Path: replicas.Spell(path), What: what}
		if !slices.ContainsFunc(wrong.Problems, func(p values.Problem) bool { return p.Path == problem.Path }) {
			wrong.Problems = append(wrong.Problems, problem)
		}
	}
	if replicas.Fields == nil {
		fail(replicas, []string{"replicas"}, "want a map of replicas, such as {3: {…}}")
	}
	for _, key := range slices.Sorted(maps.Keys(replicas.Fields)) {
		n := replicas.Fields[key]
		if _, _, problem := b.replica(key); problem != "" {
			fail(n, []string{"replicas", key}, problem)
		} else if n.Fields == nil {
			fail(n, []string{"replicas", key}, "want a map of what this replica has instead")
		}
	}
}

func (b *Bundle) schema() (*values.Schema, error) {
	text, err := ReadFile(b.FS, SchemaFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there is no schema, and nothing is wrong with that
	}
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", b.inBundle(err))
	}
	return values.ParseSchema(b.Path(SchemaFile), text)
}

// replica reads a key of the value replicas: N for the first kind, or KINDN for any. problem is "" for a valid key.
func (b *Bundle) replica(key string) (kind string, number int, problem string) {
	name := strings.TrimRight(key, "0123456789")
	digits := key[len(name):]
	k := &b.Kinds[0]
	if name != "" {
		k = b.kind(name)
	}
	n, err := strconv.Atoi(digits)
	switch {
	case digits == "" || digits[0] == '0':
		return "", 0, fmt.Sprintf("want the number of a replica from 1, or a kind with one, such as %s1", b.Kinds[0].Name)
	case err != nil:
		return "", 0, "this number is far too large"
	case k == nil:
		return "", 0, b.unknownKind(name)
	}
	return k.Name, n, ""
}

// Overrides returns, by kind and number, the values of those replicas that stage's value replicas names: the values of
// the kind with the replica's own laid over them.
func (b *Bundle) Overrides(stage *values.Node) map[string]map[int]*values.Node {
	replicas := stage.Fields["replicas"]
	if replicas == nil {
		return nil
	}
	overrides := map[string]map[int]*values.Node{}
	for _, key := range slices.Sorted(maps.Keys(replicas.Fields)) {
		kind, number, problem := b.replica(key)
		if problem != "" || replicas.Fields[key].Fields == nil {
			continue // Values reported it
		}
		if overrides[kind] == nil {
			overrides[kind] = map[int]*values.Node{}
		}
		below := overrides[kind][number]
		if below == nil {
			below = stage.Fields[kind]
		}
		overrides[kind][number] = values.Merge(below, replicas.Fields[key])
	}
	return overrides
}

// Beyond returns a warning for each key of the value replicas whose number exceeds the number of replicas of its kind,
// the smallest numbers first. Such a key has no effect; a file of values may have it on purpose.
func (b *Bundle) Beyond(stage string) []values.Problem {
	s, err := b.Stage(stage)
	if err != nil {
		return nil
	}
	laid, _ := b.Overlay.Over(b.merged(s))
	replicas := laid.Get("replicas")
	if replicas == nil {
		return nil
	}
	smaller := func(x, y string) int { return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)) }
	var beyond []values.Problem
	for _, key := range slices.SortedFunc(maps.Keys(replicas.Fields), smaller) {
		kind, number, problem := b.replica(key)
		if problem != "" || number <= b.kind(kind).Count {
			continue
		}
		beyond = append(beyond, values.Problem{
			Origin: replicas.Fields[key].Origin, Path: laid.Spell([]string{"replicas", key}),
			What: fmt.Sprintf("has no effect with -n %s=%d", kind, b.kind(kind).Count),
		})
	}
	return beyond
}
