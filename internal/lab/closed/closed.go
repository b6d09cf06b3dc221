// Package closed looks whether a channel is closed.
package closed

// Is reports whether the channel, on which nothing is sent, is closed.
func Is(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
