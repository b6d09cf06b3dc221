//go:build !linux

package lottery

// Sync is os.File's; on macOS that is F_FULLFSYNC, which the disk itself obeys.
func (f diskFile) Sync() error { return f.File.Sync() }
