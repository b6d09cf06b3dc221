package bundle

import (
	"slices"
	"strings"

	"github.com/tp0-lab/composer/internal/template/values"
)

// Addition is a value of the user at a key that the bundle's own values lack.
type Addition struct {
	values.Problem          // without What
	Key            string   // the last key of its path
	Map            string   // the key of the map that it is in, "Values" for all values, or the kind of a replica
	Siblings       []string // the keys that the bundle has in that map, at least one
}

// Added returns the values that the user adds to those of a stage, in maps in which the bundle has values itself. For a
// bundle with a schema it returns none: the schema says which values there may be. New rows of a kind are not
// additions.
func (b *Bundle) Added(stage string) []Addition {
	s, err := b.Stage(stage)
	if _, noSchema := b.Read(SchemaFile); err != nil || noSchema == nil || b.Overlay.Empty() {
		return nil
	}
	base := b.merge(s)
	merged, _ := b.Overlay.Over(base)
	kinds, err := b.kindsIn(merged)
	if err != nil {
		return nil
	}
	var all []Addition
	var walk func(before, after *values.Node, of string, path []string)
	walk = func(before, after *values.Node, of string, path []string) {
		if before == nil || len(before.Keys) == 0 {
			return
		}
		for _, key := range after.Keys {
			own, at := after.Fields[key], append(slices.Clone(path), key)
			switch there := before.Fields[key]; {
			case there != nil:
				walk(there, own, key, at)
			case !b.isTable(path) && (len(path) > 0 || key != replicasKey):
				all = append(all, Addition{values.Problem{Origin: own.Origin, Path: merged.Spell(at)}, key, of, before.Keys})
			}
		}
	}
	walk(base, merged, "Values", nil)
	if replicas := merged.Fields[replicasKey]; replicas != nil {
		for _, name := range replicas.Keys {
			kind, _, problem := kinds.replica(name)
			if problem != "" {
				continue
			}
			before := merged.Fields[kind.Name]
			if kind.Row != nil {
				before = kind.Row
			}
			walk(before, replicas.Fields[name], kind.Name, []string{replicasKey, name})
		}
	}
	return all
}

// isTable reports whether a path is that of the rows of a kind.
func (b *Bundle) isTable(path []string) bool {
	return slices.ContainsFunc(b.sources, func(s kindSource) bool {
		return isPath(s.rows) && s.rows.Scalar == strings.Join(path, ".")
	})
}

// TableKeys returns the keys of values that the bundle reads without a template: the keys in the paths of counts and
// rows in the table of stages, the fields of rows in the names of replicas, and the keys count and replicas.
func (b *Bundle) TableKeys() []string {
	named := []string{"count", replicasKey}
	for _, s := range b.sources {
		named = append(named, nameFields(s.name)...)
		for _, n := range []*values.Node{s.count, s.rows} {
			if isPath(n) {
				named = append(named, strings.Split(n.Scalar.(string), ".")...)
			}
		}
	}
	return named
}

// DeriveSchema returns a JSON schema that the values of all stages keep to, with those of the user. The schema refuses keys
// that these values lack, except in maps that are empty and in rows of kinds.
func (b *Bundle) DeriveSchema() map[string]any {
	nodes := make([]*values.Node, len(b.Stages))
	for i, s := range b.Stages {
		nodes[i], _ = b.Overlay.Over(b.merge(s))
	}
	schema := values.Derive(nodes, b.isTable)
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		properties = map[string]any{}
		schema["properties"], schema["additionalProperties"] = properties, false
	}
	properties[replicasKey] = map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "object"}}
	return schema
}
