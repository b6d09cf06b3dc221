package render

import (
	"maps"
	"reflect"
)

// undo takes back what a replica changes in the values, so that the next replica sees them as this one did. Maps that
// templates make for themselves stay changed: they may collect something of all replicas.
type undo struct {
	// values has the addresses of all maps of the values.
	values map[uintptr]bool
	// saved has, for each replica that is being executed, outermost first, the changed maps as they were.
	saved []map[uintptr]saved
}

type saved struct{ changed, before map[string]any }

// know adds the maps of a part of the values.
func (u *undo) know(value any) {
	switch v := value.(type) {
	case map[string]any:
		at := reflect.ValueOf(v).Pointer()
		if u.values[at] {
			return
		}
		if u.values == nil {
			u.values = map[uintptr]bool{}
		}
		u.values[at] = true
		for _, one := range v {
			u.know(one)
		}
	case []any:
		for _, one := range v {
			u.know(one)
		}
	}
}

// save keeps a map that is about to be changed, if it is one of the values. deep: the maps in it may change too.
func (u *undo) save(v map[string]any, deep bool) {
	if len(u.saved) == 0 {
		return
	}
	last := u.saved[len(u.saved)-1]
	at := reflect.ValueOf(v).Pointer()
	if _, ok := last[at]; u.values[at] && !ok {
		if last == nil {
			last = map[uintptr]saved{}
			u.saved[len(u.saved)-1] = last
		}
		last[at] = saved{v, maps.Clone(v)}
	}
	for _, one := range v {
		if m, ok := one.(map[string]any); ok && deep {
			u.save(m, true)
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
