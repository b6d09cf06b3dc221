package render

import (
	"reflect"
	"slices"

	"github.com/tp0-lab/composer/internal/template/escape"
	"github.com/tp0-lab/composer/internal/template/values"
)

// orders are the orders in which the keys of maps were written, by the address of the map. A map that is not there is
// gone through in the order of its keys.
type orders map[uintptr]order

// order keeps its map, so that no other one gets its address.
type order struct {
	of   map[string]any
	keys []string
}

// note notes the orders of the maps in value, which is a copy of n.
func (o *orders) note(n *values.Node, value any) {
	switch v := value.(type) {
	case map[string]any:
		at := reflect.ValueOf(v).Pointer()
		if _, ok := (*o)[at]; ok || n == nil {
			return
		}
		if *o == nil {
			*o = orders{}
		}
		(*o)[at] = order{v, n.Keys}
		for key, one := range v {
			o.note(n.Fields[key], one)
		}
	case []any:
		for i, one := range v {
			if n != nil && i < len(n.Items) {
				o.note(n.Items[i], one)
			}
		}
	}
}

// keys returns the keys of a map as they were written, and behind them, in order, those that templates added.
func (o orders) keys(m map[string]any) []string {
	written := o[reflect.ValueOf(m).Pointer()].keys
	all := escape.SortedKeys(m)
	if len(written) == 0 || slices.Equal(written, all) {
		return all
	}
	rank := make(map[string]int, len(written))
	for i, key := range written {
		rank[key] = i - len(written)
	}
	slices.SortStableFunc(all, func(a, b string) int { return rank[a] - rank[b] })
	return all
}

// walk returns the entries of a map as a sequence for a range with that number of variables.
func (o orders) walk(m map[string]any, variables int) any {
	keys := o.keys(m)
	entries := make([]any, len(keys))
	for i, key := range keys {
		entries[i] = m[key]
	}
	if variables < 2 {
		return entries
	}
	return func(yield func(string, any) bool) {
		for i, key := range keys {
			if !yield(key, entries[i]) {
				return
			}
		}
	}
}

// toYAML is the template function toYaml.
func (x *execution) toYAML(value any) (escape.Structure, error) {
	s, err := escape.ToYAML(value, x.orders.keys, x.rewritten.Format)
	if err != nil {
		return s, err
	}
	return s, x.spend(len(s.String()))
}
