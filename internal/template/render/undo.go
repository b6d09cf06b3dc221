package render

import (
	"maps"
	"reflect"
)

// undo takes back what a replica changes in the values, so that the next replica sees them as this one did. Maps that
// templates make for themselves stay changed: they may collect something of all replicas.
type undo struct {
	// saved has, for each replica that is being executed, outermost first, the changed maps as they were.
	saved []map[uintptr]saved
}

type saved struct{ changed, before map[string]any }

// save keeps a map that is about to be changed, if it is one of the values, which have an order. deep: the maps in it may
// change too.
func (u *undo) save(v map[string]any, values orders, deep bool) {
	if len(u.saved) == 0 {
		return
	}
	last := u.saved[len(u.saved)-1]
	at := reflect.ValueOf(v).Pointer()
	_, isValue := values[at]
	if _, ok := last[at]; isValue && !ok {
		if last == nil {
			last = map[uintptr]saved{}
			u.saved[len(u.saved)-1] = last
		}
		last[at] = saved{v, maps.Clone(v)}
	}
	for _, one := range v {
		if m, ok := one.(map[string]any); ok && deep {
			u.save(m, values, true)
		}
	}
}

// begin begins a replica, and end takes back what it changed.
func (u *undo) begin() { u.saved = append(u.saved, nil) }

func (u *undo) end() {
	n := len(u.saved) - 1
	for _, s := range u.saved[n] {
		clear(s.changed)
		maps.Copy(s.changed, s.before)
	}
	u.saved = u.saved[:n]
}
