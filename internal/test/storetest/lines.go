package storetest

import (
	"strings"
	"sync"
)

// Lines is a log.
type Lines struct {
	mu  sync.Mutex
	all []string
}

func (l *Lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, line, _ := strings.Cut(strings.TrimSuffix(string(b), "\n"), " action: ")
	l.all = append(l.all, line)
	return len(b), nil
}

// With returns the lines whose action begins so.
func (l *Lines) With(prefix string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.HasPrefix(line, prefix) {
			found = append(found, line)
		}
	}
	return found
}
