package values

import (
	"maps"
	"slices"
)

// Derive returns a JSON schema of draft 2020-12, without $schema, to which all nodes conform. In the schema, a map has
// only the keys that it has in nodes, unless it is empty there. The items of a list are like those in nodes, and a
// scalar has one of its types in nodes. open reports whether the map at a path of keys may have other keys, whose
// values are like those that it has in nodes.
func Derive(nodes []*Node, open func(path []string) bool) map[string]any {
	return derive(nodes, nil, open)
}

func derive(nodes []*Node, path []string, open func([]string) bool) map[string]any {
	schema := map[string]any{}
	types := map[string]bool{}
	var items []*Node
	var keys []string
	fields := map[string][]*Node{}
	for _, n := range nodes {
		switch {
		case n.Fields != nil:
			types["object"] = true
			for _, key := range n.Keys {
				if fields[key] == nil {
					keys = append(keys, key)
				}
				fields[key] = append(fields[key], n.Fields[key])
			}
		case n.Items != nil:
			types["array"] = true
			items = append(items, n.Items...)
		default:
			types[typeOf(n.Scalar)] = true
		}
	}
	if types["number"] {
		delete(types, "integer")
	}
	names := slices.Sorted(maps.Keys(types))
	switch len(names) {
	case 0:
	case 1:
		schema["type"] = names[0]
	default:
		schema["type"] = names
	}
	switch {
	case len(keys) == 0:
	case open(path):
		var all []*Node
		for _, key := range keys {
			all = append(all, fields[key]...)
		}
		schema["additionalProperties"] = derive(all, append(path, "*"), open)
	default:
		properties := map[string]any{}
		for key, of := range maps.All(fields) {
			properties[key] = derive(of, append(slices.Clip(path), key), open)
		}
		schema["properties"], schema["additionalProperties"] = properties, false
	}
	if len(items) > 0 {
		schema["items"] = derive(items, append(path, "[]"), open)
	}
	return schema
}

// typeOf returns the type of a scalar in a JSON schema.
func typeOf(scalar any) string {
	switch scalar.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case nil:
		return "null"
	}
	return "integer"
}
