package verify

// groupOf returns false: files have no group here.
func groupOf(string) (group int, ok bool) { return 0, false }
