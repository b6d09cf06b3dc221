package store

import "context"

// PendingBytes returns how many bytes of records wait for the next group.
func (s *Store) PendingBytes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending.records)
}

// Kept returns the documents of an agency's winners that are in memory, whether they were dropped from it, and how many
// bytes those of all agencies take.
func (s *Store) Kept(agency uint32) (documents []string, dropped bool, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.account(agency).winners
	return w.documents, w.dropped, s.kept
}

// What the tests need to know.
const DocumentSize = documentSize

var ErrStopped = errStopped

// Open is Load and Start.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s, err := Load(ctx, path, o)
	if err == nil {
		s.Start()
	}
	return s, err
}
